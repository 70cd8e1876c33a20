/**
 * A job as it changes. Polling is complete by itself; an event stream on top of it feeds the same state, and polling
 * pauses while the stream speaks.
 */
import { getJob } from '../api/client';
import { noAnswer, Refusal } from '../api/refusal';
import { isOver, type Job } from '../api/types';
import { newer } from './reduce';
import { Stream } from './stream';

export type Connection = 'connecting' | 'live' | 'polling' | 'offline';
export type Gone = 'purged' | 'unknown' | null;

const RUNNING_MS = 1_000;
const QUEUED_MS = 2_000;
const HIDDEN_MS = 15_000;
const MOST_BACKOFF_MS = 10_000;
const MOST_PATIENCE_MS = 60_000;

export class Follower {
  job = $state.raw<Job | null>(null);
  connection = $state<Connection>('connecting');
  gone = $state<Gone>(null);
  /** Why the last question was not answered; null as soon as one is. */
  problem = $state.raw<Refusal | null>(null);
  /** When `job` became what it is, on the clock of `performance.now()`: no wall clock is trusted. */
  heardAt = $state(0);

  readonly #id: string;
  readonly #stream: Stream;
  #following = false;
  #etag: string | null = null;
  #failures = 0;
  #asking: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string) {
    this.#id = id;
    this.#stream = new Stream(id, {
      onJob: (job) => this.#hear(job),
      onSilence: () => void this.#checkStream(),
      onLoss: () => this.#lose(),
      onReady: () => this.#listen(),
    });
  }

  start(): void {
    if (this.#following) return;
    this.#following = true;
    document.addEventListener('visibilitychange', this.#onVisibility);
    window.addEventListener('online', this.#onOnline);
    window.addEventListener('offline', this.#onOffline);
    void this.refresh();
  }

  stop(): void {
    this.#following = false;
    this.#asking?.abort();
    this.#asking = null;
    clearTimeout(this.#timer);
    this.#stream.reset();
    document.removeEventListener('visibilitychange', this.#onVisibility);
    window.removeEventListener('online', this.#onOnline);
    window.removeEventListener('offline', this.#onOffline);
  }

  /** Ask now, whatever else is under way. */
  async refresh(): Promise<void> {
    this.#asking?.abort();
    clearTimeout(this.#timer);
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const answer = await getJob(this.#id, this.#etag, asking.signal);
      if (asking !== this.#asking) return;
      if (answer !== 'unchanged') {
        this.#etag = answer.etag;
        this.accept(answer.job);
      }
      this.#answered();
    } catch (thrown) {
      if (asking !== this.#asking) return;
      this.#refused(thrown instanceof Refusal ? thrown : noAnswer());
    }
    this.#asking = null;
    this.#plan();
  }

  /** The job as an action of this page was answered, such as cancelling it. */
  accept(seen: Job): void {
    const job = newer(this.job, seen);
    if (job !== this.job) this.heardAt = performance.now();
    this.job = job;
    if (isOver(job.status)) this.stop();
  }

  #hear(job: Job): void {
    this.accept(job);
    this.#failures = 0;
    this.problem = null;
    this.connection = 'live';
    this.#plan();
  }

  #answered(): void {
    this.#failures = 0;
    this.problem = null;
    this.connection = this.#stream.live ? 'live' : 'polling';
    this.#listen();
  }

  #refused(refusal: Refusal): void {
    if (refusal.status === 410) return this.#vanish('purged');
    if (refusal.code === 'job_not_found') return this.#vanish('unknown');
    this.#failures += 1;
    this.problem = refusal;
    this.#stream.close();
    this.connection = refusal.code === 'offline' ? 'offline' : 'polling';
  }

  #vanish(gone: Gone): void {
    this.gone = gone;
    this.problem = null;
    this.stop();
  }

  /** The stream may be quiet because nothing happens, or because something holds it back. */
  async #checkStream(): Promise<void> {
    const known = this.job;
    const heard = this.#stream.heard;
    await this.refresh();
    if (!this.#stream.live || this.#stream.heard !== heard) return;
    if (this.job === known) this.#stream.watch();
    else this.#stream.rest();
  }

  #lose(): void {
    if (this.connection === 'live') this.connection = 'polling';
    this.#plan();
  }

  #listen(): void {
    if (this.#following && !document.hidden && this.#failures === 0) this.#stream.open();
  }

  /** When to ask next. */
  #plan(): void {
    clearTimeout(this.#timer);
    if (!this.#following || this.#asking || this.#stream.live) return;
    this.#timer = setTimeout(() => void this.refresh(), this.#pause());
  }

  #pause(): number {
    const usual = document.hidden ? HIDDEN_MS : this.job?.status === 'queued' ? QUEUED_MS : RUNNING_MS;
    if (this.#failures === 0) return usual;
    const wished = (this.problem?.retryAfterSeconds ?? 0) * 1_000;
    const backoff = Math.min(MOST_BACKOFF_MS, RUNNING_MS * 2 ** (this.#failures - 1));
    return Math.max(document.hidden ? HIDDEN_MS : backoff, Math.min(MOST_PATIENCE_MS, wished));
  }

  readonly #onVisibility = (): void => {
    if (!document.hidden) return void this.refresh();
    this.#stream.close();
    this.#lose();
  };

  readonly #onOnline = (): void => {
    this.#failures = 0;
    this.#stream.reset();
    void this.refresh();
  };

  /** A service on this very machine answers without any network, so that only asking tells. */
  readonly #onOffline = (): void => void this.refresh();
}
