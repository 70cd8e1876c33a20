import { cancelJob, deleteJob, getJob, retryJob } from '../api/client';
import { Refusal } from '../api/refusal';
import { isOver, type Job, type Options } from '../api/types';
import { forget, recall, remember, update, type Remembered } from '../job/history';
import { problems } from '../words';

const PAUSE_MILLISECONDS = 400;
const MOST_PAUSES = 150;

/** What only the browser that made a job may do with it. */
export class Owner {
  remembered = $state.raw<Remembered | null>(null);
  /** Whether it is known by now if this browser made the job. */
  known = $state(false);
  busy = $state(false);
  /** Why the last thing that was asked did not work; empty otherwise. */
  problem = $state('');
  readonly #id: string;

  constructor(id: string) {
    this.#id = id;
  }

  get may(): boolean {
    return this.remembered !== null && this.remembered.ownerToken !== '';
  }

  async recognise(): Promise<void> {
    this.remembered = await recall(this.#id);
    this.known = true;
  }

  /** The job as it stops; null where it cannot be stopped. */
  cancel(): Promise<Job | null> {
    return this.#act((token) => cancelJob(this.#id, token));
  }

  /** Stop it and, as soon as it has stopped, delete it. Whether it is gone. */
  async discard(): Promise<boolean> {
    const gone = await this.#act(async (token) => {
      let job = await cancelJob(this.#id, token).catch(unlessOver);
      for (let pause = 0; pause < MOST_PAUSES && !(job && isOver(job.status)); pause += 1) {
        await new Promise((done) => setTimeout(done, PAUSE_MILLISECONDS));
        const seen = await getJob(this.#id);
        if (seen !== 'unchanged') job = seen.job;
      }
      await this.#delete(token);
      return true;
    });
    return gone ?? false;
  }

  /** Whether it is gone. */
  async remove(): Promise<boolean> {
    const gone = await this.#act(async (token) => {
      await this.#delete(token);
      return true;
    });
    return gone ?? false;
  }

  /** The id of the new job; null where there is none. */
  retry(changes: Options): Promise<string | null> {
    return this.#act(async (token, entry) => {
      const { owner_token, ...job } = await retryJob(this.#id, token, changes);
      const { id, created_at, status, options } = job;
      await remember({ ...entry, id, ownerToken: owner_token, createdAt: created_at, status, options });
      return id;
    });
  }

  /** The list of My pictures shows how it ended, by a picture of its own that outlives the service's. */
  async keep(job: Job, thumbnail: string | null): Promise<void> {
    if (!this.remembered || this.remembered.status === job.status) return;
    this.remembered = { ...this.remembered, status: job.status };
    const picture = thumbnail ? await fetched(thumbnail) : null;
    await update(this.#id, { status: job.status, ...(picture ? { thumbnail: picture } : {}) });
  }

  async #delete(token: string): Promise<void> {
    await deleteJob(this.#id, token);
    await forget(this.#id);
  }

  async #act<A>(action: (token: string, entry: Remembered) => Promise<A>): Promise<A | null> {
    const entry = this.remembered;
    if (!entry || this.busy) return null;
    this.busy = true;
    this.problem = '';
    try {
      return await action(entry.ownerToken, entry);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      this.problem = problems.sentence(thrown);
      return null;
    } finally {
      this.busy = false;
    }
  }
}

function unlessOver(thrown: unknown): null {
  if (thrown instanceof Refusal && thrown.code === 'job_is_over') return null;
  throw thrown;
}

async function fetched(address: string): Promise<Blob | null> {
  try {
    const response = await fetch(address);
    return response.ok ? await response.blob() : null;
  } catch {
    return null;
  }
}
