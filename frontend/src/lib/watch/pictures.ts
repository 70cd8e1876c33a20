/** Pictures that this page has loaded and decoded, so that going back to one costs no request and shows at once. */
export type Load = (address: string) => Promise<unknown>;

const AT_ONCE = 3;
const MOST_PICTURES = 400;
const MOST_BYTES = 96_000_000;
const BYTES_PER_PIXEL = 0.5;

export class Pictures {
  #most = MOST_PICTURES;
  readonly #load: Load;
  readonly #kept = new Map<string, unknown>();
  readonly #coming = new Map<string, Promise<void>>();

  constructor(load: Load = loadPicture) {
    this.#load = load;
  }

  /** Keep fewer of large ones. */
  fit(pixels: number): void {
    this.#most = Math.max(8, Math.min(MOST_PICTURES, Math.floor(MOST_BYTES / (pixels * BYTES_PER_PIXEL))));
  }

  get size(): number {
    return this.#kept.size;
  }

  has(address: string): boolean {
    return this.#kept.has(address);
  }

  /** Resolves as soon as the picture can be shown without waiting; rejects where it cannot be had. */
  async ready(address: string): Promise<void> {
    const kept = this.#kept.get(address);
    if (kept !== undefined) return this.#keep(address, kept);
    const coming = this.#coming.get(address) ?? this.#fetch(address);
    return coming;
  }

  /** Get all of these, a few at a time; what cannot be had is left out. Ends early when `wanted` says no. */
  async preload(addresses: readonly string[], wanted: () => boolean = () => true): Promise<void> {
    const waiting = addresses.slice(0, this.#most).filter((address) => !this.has(address));
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && wanted(); next = waiting.shift()) {
        await this.ready(next).catch(() => undefined);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }

  #fetch(address: string): Promise<void> {
    const coming = this.#load(address)
      .then((picture) => {
        this.#keep(address, picture);
      })
      .finally(() => this.#coming.delete(address));
    this.#coming.set(address, coming);
    return coming;
  }

  /** The map's order is the order of use: the first is the one that has not been seen for longest. */
  #keep(address: string, picture: unknown): void {
    this.#kept.delete(address);
    this.#kept.set(address, picture);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#most) break;
      this.#kept.delete(oldest);
    }
  }
}

async function loadPicture(address: string): Promise<HTMLImageElement> {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  return picture;
}
