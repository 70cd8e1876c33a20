import type { Job } from '../api/types';

/** Where the pictures of a job are, and under which names a browser saves them. */
export const frameAddress = (job: Job, iteration: number): string =>
  job.links.frame.replace('{iteration}', String(iteration));

export const smallFrameAddress = (job: Job, iteration: number): string =>
  job.links.small_frame.replace('{iteration}', String(iteration));

export const savedResultAddress = (job: Job): string => `${job.links.result}?download=true`;

export const filmAddress = (job: Job): string => `${job.links.timelapse}?format=mp4&download=true`;

/** Such as `tide-mosaic-5b19d0b3`, as the API names its downloads. */
export function fileStem(job: Job): string {
  const style = job.style_ids.find((id) => id !== '') ?? 'painting';
  return `${style}-${job.id.slice(0, 8)}`;
}

export const frameFileName = (job: Job, iteration: number): string =>
  `${fileStem(job)}-iteration-${String(iteration)}.jpg`;

/** A cancelled job answers its last picture as the result; a failed one, and one without any frame, has none. */
export const hasResult = (job: Job): boolean =>
  job.status === 'succeeded' || (job.status === 'cancelled' && job.frames.length > 0);
