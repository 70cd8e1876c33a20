export const MOST_THUMBNAILS = 60;

/** At most 60 of the frames, evenly spread, the first and the last always among them. */
export function spread(frames: readonly number[], most: number = MOST_THUMBNAILS): readonly number[] {
  if (frames.length <= most) return frames;
  // The stride is a power of two, so that the strip of a growing job thins out at once and seldom, not with every frame.
  let stride = 2;
  while (Math.ceil((frames.length - 1) / stride) + 1 > most) stride *= 2;
  const chosen = frames.filter((_, index) => index % stride === 0);
  const last = frames.at(-1);
  return last === undefined || chosen.at(-1) === last ? chosen : [...chosen, last];
}

/** The thumbnail that stands for an iteration: the last one that is not after it. */
export const standsFor = (thumbnails: readonly number[], iteration: number | null): number | undefined =>
  iteration === null ? undefined : thumbnails.findLast((thumbnail) => thumbnail <= iteration);
