import type { Job } from '../api/types';
import { shareDone } from '../job/eta';

const ANNOUNCE_EVERY = 0.1;

/** How far a job is, for people: never backwards within an attempt, and spoken at most every tenth of the way. */
export class Progress {
  share = $state(0);
  /** Changes when a screen reader shall say where the job is. */
  milestone = $state('');
  #attempt = 0;

  update(job: Job): void {
    if (job.attempt !== this.#attempt) {
      this.#attempt = job.attempt;
      this.share = 0;
    }
    this.share = Math.max(this.share, shareDone(job));
    const tenth = job.status === 'running' ? Math.floor(this.share / ANNOUNCE_EVERY + 1e-9) : 0;
    const place = job.queue ? job.queue.position : 0;
    this.milestone = [job.status, job.attempt, tenth, place, job.cancel_requested].join(' ');
  }
}
