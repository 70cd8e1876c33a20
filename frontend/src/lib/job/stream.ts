/** The event stream of one job: what arrives, and whether it can be relied on. */
import type { Job } from '../api/types';

/** The server's heartbeats are comments, which a page cannot see; so silence means only that somebody should ask. */
const SILENCE_MS = 25_000;
const COOL_DOWN_MS = 30_000;

export interface Hearer {
  onJob(job: Job): void;
  /** It said something before, and nothing for a while. */
  onSilence(): void;
  /** It cannot be relied on any more, for now. */
  onLoss(): void;
  /** It may be opened again. */
  onReady(): void;
}

export class Stream {
  /** It speaks: what it does not say has not happened. */
  live = false;
  /** How often it has spoken. */
  heard = 0;
  #source: EventSource | null = null;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #coolDown: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly id: string,
    private readonly hearer: Hearer,
  ) {}

  /** Listen, unless that is done already or failed only just now. */
  open(): void {
    if (this.#source || this.#coolDown !== undefined || typeof EventSource === 'undefined') return;
    const source = new EventSource(`/api/jobs/${this.id}/events`);
    source.addEventListener('status', (event) => this.#heard(event as MessageEvent<unknown>));
    source.addEventListener('error', () => this.#failed());
    this.#source = source;
    this.watch();
  }

  close(): void {
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#source = null;
    this.live = false;
  }

  /** Stay away for a while. */
  rest(): void {
    this.close();
    clearTimeout(this.#coolDown);
    this.#coolDown = setTimeout(() => {
      this.#coolDown = undefined;
      this.hearer.onReady();
    }, COOL_DOWN_MS);
    this.hearer.onLoss();
  }

  /** Close, and forget what failed before. */
  reset(): void {
    this.close();
    clearTimeout(this.#coolDown);
    this.#coolDown = undefined;
  }

  /** Count the silence anew. */
  watch(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => (this.live ? this.hearer.onSilence() : this.rest()), SILENCE_MS);
  }

  #heard(event: MessageEvent<unknown>): void {
    const job = jobOf(event.data);
    if (job?.id !== this.id) return;
    this.live = true;
    this.heard += 1;
    this.watch();
    this.hearer.onJob(job);
  }

  #failed(): void {
    if (!this.#source) return;
    // After a refusal, such as 503, a browser never tries again; after a dropped connection it does so by itself.
    if (this.#source.readyState === EventSource.CLOSED) return this.rest();
    if (!this.live) return;
    this.live = false;
    this.hearer.onLoss();
  }
}

function jobOf(data: unknown): Job | null {
  try {
    return JSON.parse(String(data)) as Job;
  } catch {
    return null;
  }
}
