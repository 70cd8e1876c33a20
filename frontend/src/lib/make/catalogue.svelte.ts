import { getLimits, getOptions, getPhotos, getQueue, getStyles } from '../api/client';
import { Refusal } from '../api/refusal';
import type { Limits, OptionsInfo, Photo, QueueInfo, Style } from '../api/types';

export type CatalogueState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'away'; readonly problem: string }
  | { readonly kind: 'ready'; readonly limits: Limits; readonly info: OptionsInfo };

/** What this service offers, asked once; the gallery may come later than the limits, or not at all. */
export class Catalogue {
  state = $state.raw<CatalogueState>({ kind: 'loading' });
  styles = $state.raw<readonly Style[] | null>(null);
  photos = $state.raw<readonly Photo[]>([]);
  queue = $state.raw<QueueInfo | null>(null);

  get limits(): Limits | null {
    return this.state.kind === 'ready' ? this.state.limits : null;
  }

  async load(): Promise<void> {
    this.state = { kind: 'loading' };
    const extras = [
      getStyles().then((styles) => (this.styles = styles)),
      getPhotos().then((photos) => (this.photos = photos)),
      this.askQueue(),
    ];
    try {
      const [limits, info] = await Promise.all([getLimits(), getOptions()]);
      this.state = { kind: 'ready', limits, info };
    } catch (error) {
      this.state = { kind: 'away', problem: error instanceof Refusal ? error.message : '' };
    }
    await Promise.allSettled(extras);
    this.styles ??= [];
  }

  async askQueue(): Promise<void> {
    // Without an estimate the page is complete: it only says less.
    this.queue = await getQueue().catch(() => null);
  }
}
