import type { Job } from '../api/types';

const SHARE = 2 / 3;
const STEP = 64;
const LEAST = 128;

/** A size with less than half the pixels, in round numbers; null where it is small already. */
export function smallerSize(job: Job): number | null {
  const size = Number(job.options['size'] ?? Math.max(job.width, job.height));
  const smaller = Math.max(LEAST, Math.floor((size * SHARE) / STEP) * STEP);
  return smaller < size ? smaller : null;
}
