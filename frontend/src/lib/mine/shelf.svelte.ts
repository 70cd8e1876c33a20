import { getJob } from '../api/client';
import { Refusal } from '../api/refusal';
import { isOver, type Job } from '../api/types';
import { all, forget, update, type Remembered } from '../job/history';

const AT_ONCE = 4;
const PAUSE_MILLISECONDS = 5_000;

export interface Card {
  readonly entry: Remembered;
  /** As the service has it; null before it has answered, and where it has it no longer. */
  readonly job: Job | null;
}

/** The pictures of this browser, and what the service knows of them now. */
export class Shelf {
  cards = $state.raw<readonly Card[]>([]);
  loaded = $state(false);
  unreachable = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  async start(): Promise<void> {
    this.#stopped = false;
    this.cards = (await all()).map((entry) => ({ entry, job: null }));
    this.loaded = true;
    await this.#ask((card) => card.entry.status !== 'expired');
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async drop(id: string): Promise<void> {
    await forget(id);
    this.cards = this.cards.filter(({ entry }) => entry.id !== id);
  }

  async #ask(which: (card: Card) => boolean): Promise<void> {
    const waiting = this.cards.filter(which).map(({ entry }) => entry.id);
    this.unreachable = false;
    const lane = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined && !this.#stopped; id = waiting.shift()) {
        await this.#refresh(id);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    if (this.#stopped || !this.cards.some(isOpen)) return;
    this.#timer = setTimeout(() => void this.#ask(isOpen), PAUSE_MILLISECONDS);
  }

  async #refresh(id: string): Promise<void> {
    try {
      const answer = await getJob(id);
      if (answer !== 'unchanged') await this.#change(id, answer.job, answer.job.status);
    } catch (thrown) {
      const gone = thrown instanceof Refusal && (thrown.status === 410 || thrown.code === 'job_not_found');
      if (gone) await this.#change(id, null, 'expired');
      else this.unreachable = true;
    }
  }

  async #change(id: string, job: Job | null, status: Remembered['status']): Promise<void> {
    const known = this.cards.find(({ entry }) => entry.id === id)?.entry.status;
    this.cards = this.cards.map((card) =>
      card.entry.id === id ? { job, entry: { ...card.entry, status } } : card,
    );
    if (known !== status) await update(id, { status });
  }
}

const isOpen = ({ entry: { status } }: Card): boolean => status !== 'expired' && !isOver(status);
