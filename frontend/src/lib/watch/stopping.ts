import type { Job } from '../api/types';

const WORK_WORTH_ASKING_SECONDS = 10;

/**
 * Whether so much has been painted that it should not be lost by a slip. The clocks of this machine and the service
 * may differ, and the speed is that of late: asking once too often does no harm, so either may say yes.
 */
export function asksBeforeStopping(job: Job, now = Date.now()): boolean {
  if (job.status !== 'running' || job.iteration === 0) return false;
  const byClock = job.started_at ? (now - Date.parse(job.started_at)) / 1_000 : 0;
  const bySpeed = job.iterations_per_second > 0 ? job.iteration / job.iterations_per_second : 0;
  return Math.max(byClock, bySpeed) > WORK_WORTH_ASKING_SECONDS;
}
