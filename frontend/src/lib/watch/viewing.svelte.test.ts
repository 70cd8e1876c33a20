import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Viewing } from './viewing.svelte';

function viewing(frames: readonly number[] = [0, 10, 20, 30]): Viewing {
  const made = new Viewing();
  made.update(frames);
  return made;
}

describe('which iteration is looked at', () => {
  it('is the newest, whatever it is by now', () => {
    const looked = viewing();
    expect([looked.shown, looked.isLive]).toEqual([30, true]);
    looked.update([0, 10, 20, 30, 40]);
    expect(looked.shown).toBe(40);
  });

  it('stays the chosen one while the job goes on', () => {
    const looked = viewing();
    looked.at(1);
    looked.update([0, 10, 20, 30, 40]);
    expect([looked.shown, looked.isLive, looked.index]).toEqual([10, false, 1]);
  });

  it('steps to and fro without leaving the frames', () => {
    const looked = viewing();
    looked.step(-1);
    expect(looked.shown).toBe(20);
    looked.at(0);
    looked.step(-1);
    expect(looked.shown).toBe(0);
    for (let step = 0; step < 9; step += 1) looked.step(1);
    expect([looked.shown, looked.isLive]).toEqual([30, true]);
  });

  it('is the kept one that is nearest to what was pointed at', () => {
    const looked = viewing();
    looked.near(13);
    expect(looked.shown).toBe(10);
  });

  it('is live again when the chosen frame is gone', () => {
    const looked = viewing();
    looked.at(1);
    looked.update([0, 20]);
    expect([looked.shown, looked.isLive]).toEqual([20, true]);
  });

  it('is none before there is one', () => {
    expect(viewing([]).shown).toBeNull();
  });
});

describe('the time-lapse', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('shows every frame in its order and ends at the newest', async () => {
    const looked = viewing();
    const seen = new Set<number | null>();
    looked.toggle();
    for (let tick = 0; tick < 40; tick += 1) {
      await vi.advanceTimersByTimeAsync(10);
      seen.add(looked.shown);
    }
    expect([...seen]).toEqual([0, 10, 20, 30]);
    expect([looked.playing, looked.isLive]).toEqual([false, true]);
  });

  it('waits for a picture that is not there yet', async () => {
    let arrive = (): void => undefined;
    const looked = new Viewing((iteration) =>
      iteration === 10 ? new Promise<void>((resolve) => (arrive = resolve)) : Promise.resolve(),
    );
    looked.update([0, 10, 20]);
    looked.toggle();
    await vi.advanceTimersByTimeAsync(500);
    expect([looked.shown, looked.playing]).toEqual([0, true]);
    arrive();
    await vi.advanceTimersByTimeAsync(10);
    expect(looked.shown).toBe(10);
  });

  it('stops where it is when somebody takes over', async () => {
    const looked = viewing();
    looked.toggle();
    await vi.advanceTimersByTimeAsync(100);
    looked.toggle();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([looked.shown, looked.playing]).toEqual([10, false]);
    looked.toggle();
    await vi.advanceTimersByTimeAsync(10);
    looked.at(0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([looked.shown, looked.playing]).toEqual([0, false]);
  });
});
