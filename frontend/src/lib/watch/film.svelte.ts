import { noAnswer, Refusal, refusalOf } from '../api/refusal';
import { problems } from '../words';

const USUAL_PAUSE_SECONDS = 3;
const MOST_TRIES = 20;

/** The film of a job is made when somebody first asks for it; where others are in work, ours waits its turn. */
export class Film {
  state = $state<'idle' | 'making' | 'waiting'>('idle');
  problem = $state('');
  #stopping = new AbortController();

  /** The film; null where there is none, with the reason in `problem`, and while one is being made already. */
  async make(address: string): Promise<Blob | null> {
    if (this.state !== 'idle') return null;
    this.problem = '';
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    try {
      for (let tries = 1; ; tries += 1) {
        this.state = 'making';
        const answer = await fetched(address, signal);
        if (!(answer instanceof Refusal)) return answer;
        if (answer.code !== 'film_busy' || tries === MOST_TRIES) throw answer;
        this.state = 'waiting';
        await paused(answer.retryAfterSeconds ?? USUAL_PAUSE_SECONDS, signal);
      }
    } catch (thrown) {
      if (!signal.aborted) this.problem = problems.sentence(thrown instanceof Refusal ? thrown : noAnswer());
      return null;
    } finally {
      this.state = 'idle';
    }
  }

  stop(): void {
    this.#stopping.abort();
  }
}

async function fetched(address: string, signal: AbortSignal): Promise<Blob | Refusal> {
  const response = await fetch(address, { signal });
  if (response.ok) return response.blob();
  const problem: unknown = await response.json().catch(() => null);
  return refusalOf(response.status, problem, response.headers.get('Retry-After'));
}

function paused(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1_000);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('stopped', 'AbortError'));
    });
  });
}
