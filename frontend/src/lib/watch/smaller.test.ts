import { describe, expect, it } from 'vitest';
import { exampleJob } from '../job/example';
import { smallerSize } from './smaller';
import { asksBeforeStopping } from './stopping';

describe('a smaller size', () => {
  it.each([
    [2048, 1344],
    [768, 512],
    [512, 320],
    [256, 128],
    [128, null],
    [64, null],
  ])('after %d px is %s px', (size, smaller) => {
    expect(smallerSize(exampleJob({ options: { size } }))).toBe(smaller);
  });
});

describe('stopping', () => {
  it('asks only once ten seconds of work would be lost', () => {
    const started_at = '2026-11-20T10:00:00Z';
    const now = Date.parse(started_at) + 4_000;
    const slow = { iterations_per_second: 2, status: 'running', started_at } as const;
    expect(asksBeforeStopping(exampleJob({ ...slow, iteration: 6 }), now)).toBe(false);
    expect(asksBeforeStopping(exampleJob({ ...slow, iteration: 6 }), now + 8_000)).toBe(true);
    expect(asksBeforeStopping(exampleJob({ ...slow, iteration: 30 }), now)).toBe(true);
    expect(asksBeforeStopping(exampleJob({ status: 'queued', iteration: 0 }), now)).toBe(false);
  });
});
