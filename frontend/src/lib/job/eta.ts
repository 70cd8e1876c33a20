/** How long it still takes. */
import type { Job } from '../api/types';

/** Seconds until the job is over or, while it is queued, until it starts, so long after it was heard of; null where nobody knows. */
export function secondsLeft(job: Job, ageMilliseconds = 0): number | null {
  const seconds = job.status === 'queued' ? (job.queue?.eta_seconds ?? null) : job.eta_seconds;
  return seconds === null ? null : Math.max(0, seconds - Math.max(0, ageMilliseconds) / 1_000);
}

/** Seconds from start to end, both on the server's clock; null before the end. */
export function secondsTaken({ started_at, finished_at }: Job): number | null {
  if (!started_at || !finished_at) return null;
  return Math.max(0, (Date.parse(finished_at) - Date.parse(started_at)) / 1_000);
}

/** Between 0 and 1; it may not fall although the number of iterations in all may sink. */
export function shareDone(job: Job): number {
  if (job.status === 'succeeded') return 1;
  return job.total_iterations > 0 ? Math.min(1, job.iteration / job.total_iterations) : 0;
}
