import { describe, expect, it } from 'vitest';
import { MOST_THUMBNAILS, spread, standsFor } from './filmstrip';

const frames = (count: number): number[] => Array.from({ length: count }, (_, index) => index * 10);

describe('the filmstrip', () => {
  it('shows every frame of a short job', () => {
    expect(spread(frames(60))).toEqual(frames(60));
  });

  it.each([61, 120, 121, 200, 999, 5_000])(
    'never mounts more than 60 of %d frames, first and last among them',
    (count) => {
      const shown = spread(frames(count));
      expect(shown.length).toBeLessThanOrEqual(MOST_THUMBNAILS);
      expect(shown.length).toBeGreaterThan(MOST_THUMBNAILS / 2 - 2);
      expect([shown[0], shown.at(-1)]).toEqual([0, (count - 1) * 10]);
    },
  );

  it('keeps its thumbnails while the job grows, but for the newest', () => {
    const before = new Set(spread(frames(100)));
    const after = spread(frames(101));
    expect(after.filter((iteration) => !before.has(iteration)).length).toBeLessThanOrEqual(1);
  });

  it('marks the thumbnail that stands for the iteration in the frame', () => {
    expect(standsFor([0, 20, 40], 30)).toBe(20);
    expect(standsFor([0, 20, 40], 40)).toBe(40);
    expect(standsFor([0, 20], null)).toBeUndefined();
  });
});
