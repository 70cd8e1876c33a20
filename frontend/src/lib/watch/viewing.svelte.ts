const STEP_MILLISECONDS = 80;

/** Which iteration is looked at: the newest, whatever it is by now (live), or one that was chosen. */
export class Viewing {
  frames = $state.raw<readonly number[]>([]);
  chosen = $state<number | null>(null);
  playing = $state(false);
  readonly isLive = $derived(this.chosen === null);
  readonly shown = $derived(this.chosen ?? this.frames.at(-1) ?? null);
  readonly index = $derived(this.chosen === null ? this.frames.length - 1 : this.frames.indexOf(this.chosen));
  readonly #ready: (iteration: number) => Promise<unknown>;
  #turn = 0;

  /** `ready` resolves when the picture of an iteration can be shown at once. */
  constructor(ready: (iteration: number) => Promise<unknown> = () => Promise.resolve()) {
    this.#ready = ready;
  }

  /** The job has new frames. A chosen one that is not among them any more gives way to the newest. */
  update(frames: readonly number[]): void {
    this.frames = frames;
    if (this.chosen !== null && !frames.includes(this.chosen)) this.chosen = null;
  }

  at(index: number): void {
    this.pause();
    const last = this.frames.length - 1;
    this.chosen = index >= last ? null : (this.frames[Math.max(0, index)] ?? null);
  }

  /** The kept iteration that is nearest to this one. */
  near(iteration: number): void {
    const distances = this.frames.map((frame) => Math.abs(frame - iteration));
    if (distances.length > 0) this.at(distances.indexOf(Math.min(...distances)));
  }

  step(by: number): void {
    this.at(this.index + by);
  }

  live(): void {
    this.pause();
    this.chosen = null;
  }

  toggle(): void {
    if (this.playing) this.pause();
    else void this.play();
  }

  pause(): void {
    this.playing = false;
    this.#turn += 1;
  }

  /** Frame after frame as soon as each is there; from the beginning where the end has been reached. */
  async play(): Promise<void> {
    if (this.frames.length < 2) return;
    this.playing = true;
    const turn = ++this.#turn;
    let index = this.isLive ? 0 : this.index;
    while (index < this.frames.length - 1) {
      const iteration = this.frames[index] ?? 0;
      await this.#ready(iteration).catch(() => undefined);
      if (turn !== this.#turn) return;
      this.chosen = iteration;
      await new Promise((done) => setTimeout(done, STEP_MILLISECONDS));
      if (turn !== this.#turn) return;
      index += 1;
    }
    this.live();
  }
}
