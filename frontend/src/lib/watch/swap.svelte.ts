import type { Pictures } from './pictures';

/**
 * The picture in a frame that never flickers: the next one is loaded and decoded behind the scenes before it takes the
 * place of the last. One load at a time, and the latest wish wins: what was passed over meanwhile is never asked for.
 */
export class Swap {
  visible = $state('');
  busy = $state(false);
  failed = $state(false);
  readonly #pictures: Pictures;
  #wanted = '';

  constructor(pictures: Pictures) {
    this.#pictures = pictures;
  }

  want(address: string): void {
    this.#wanted = address;
    if (address === '' || this.#pictures.has(address)) {
      this.visible = address;
      this.failed = false;
    }
    if (this.visible !== address && !this.busy) void this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    this.busy = true;
    while (this.#wanted !== this.visible) {
      const address = this.#wanted;
      const good = await this.#pictures.ready(address).then(
        () => true,
        () => false,
      );
      if (good && !this.#overtaken()) this.visible = address;
      if (address !== this.#wanted) continue;
      this.failed = !good;
      if (!good) break;
    }
    this.busy = false;
  }

  /** A picture that was at hand has been shown while another was on its way. */
  #overtaken(): boolean {
    return this.visible !== '' && this.visible === this.#wanted;
  }
}
