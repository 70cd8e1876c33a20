import { parseLosses, type Losses } from './losses';

const PAUSE_MILLISECONDS = 3_000;

/** The losses of a job, fetched anew while it goes on, but not with every iteration. */
export class LossTable {
  losses = $state.raw<Losses | null>(null);
  failed = $state(false);
  #upTo = -1;
  #fetchedAt = -Infinity;
  #fetching = false;

  async refresh(address: string, iteration: number, over: boolean): Promise<void> {
    const early = performance.now() - this.#fetchedAt < PAUSE_MILLISECONDS;
    if (this.#fetching || iteration <= this.#upTo || (early && !over)) return;
    this.#fetching = true;
    this.#fetchedAt = performance.now();
    try {
      const response = await fetch(address, { cache: 'no-store' });
      this.failed = !response.ok && response.status !== 404;
      if (response.ok) this.losses = parseLosses(await response.text());
      if (response.ok) this.#upTo = iteration;
    } catch {
      this.failed = true;
    }
    this.#fetching = false;
  }
}
