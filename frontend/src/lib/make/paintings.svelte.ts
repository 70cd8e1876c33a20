import type { Style } from '../api/types';
import type { StyleChoice } from '../api/submit';
import { make as words } from '../words/make';
import { release, type Picture } from './picture';

/** A painting to learn from: a file of one's own, or one of the gallery. */
export type Painting =
  { readonly kind: 'file'; readonly picture: Picture } | { readonly kind: 'gallery'; readonly style: Style };

export const titleOf = (painting: Painting): string =>
  painting.kind === 'file' ? words.painting.own : painting.style.title;

export const keyOf = (painting: Painting): string =>
  painting.kind === 'file' ? painting.picture.url : painting.style.id;

export const pictureUrlOf = (painting: Painting): string =>
  painting.kind === 'file' ? painting.picture.url : painting.style.picture_url;

export const choiceOf = (painting: Painting): StyleChoice =>
  painting.kind === 'file'
    ? { kind: 'file', file: painting.picture.blob }
    : { kind: 'gallery', id: painting.style.id };

/** The paintings of one picture, and how much of each. */
export class Paintings {
  list = $state.raw<readonly Painting[]>([]);
  /** Whether another one joins those that are there, or takes their place. */
  blending = $state(false);
  most = $state(1);
  /** By painting; whatever their sum, they are read as parts of it. */
  parts = $state.raw<Readonly<Record<string, number>>>({});

  readonly full = $derived(this.list.length >= this.most);

  readonly shares = $derived.by((): readonly number[] => {
    const parts = this.list.map((painting) => this.part(painting));
    const sum = parts.reduce((total, part) => total + part, 0);
    return parts.map((part) => (sum > 0 ? part / sum : 1 / parts.length));
  });

  has(id: string): boolean {
    return this.list.some((painting) => painting.kind === 'gallery' && painting.style.id === id);
  }

  /** Another painting; false where there is no room for it. */
  add(painting: Painting): boolean {
    if (!this.blending) {
      this.replaceAll([painting]);
      return true;
    }
    if (this.full) return false;
    this.list = filesFirst([...this.list, painting]);
    return true;
  }

  toggle(style: Style): boolean {
    const there = this.list.find((one) => one.kind === 'gallery' && one.style.id === style.id);
    if (there && this.blending) this.remove(there);
    return there !== undefined || this.add({ kind: 'gallery', style });
  }

  /** Put another in the place of one; it takes over its share. */
  replace(old: Painting, painting: Painting): void {
    const part = this.parts[keyOf(old)];
    if (part !== undefined) this.parts = { ...this.parts, [keyOf(painting)]: part };
    this.list = filesFirst(this.list.map((one) => (one === old ? painting : one)));
    this.drop([old]);
  }

  remove(painting: Painting): void {
    this.list = this.list.filter((one) => one !== painting);
    this.drop([painting]);
  }

  replaceAll(list: readonly Painting[]): void {
    const old = this.list.filter((one) => !list.includes(one));
    this.list = filesFirst(list);
    this.drop(old);
  }

  blend(blending: boolean): void {
    this.blending = blending;
    if (!blending) this.replaceAll(this.list.slice(0, 1));
  }

  /** One that has just come counts as much as the others on average. */
  part(painting: Painting): number {
    const given = Object.values(this.parts);
    const usual = given.length ? given.reduce((total, part) => total + part, 0) / given.length : 1;
    return this.parts[keyOf(painting)] ?? usual;
  }

  /** Give one painting this share; the others keep their proportions among themselves. */
  share(painting: Painting, share: number): void {
    const others = this.list.filter((one) => keyOf(one) !== keyOf(painting));
    const sum = others.reduce((total, one) => total + this.part(one), 0);
    const partOf = (one: Painting): number =>
      (1 - share) * (sum > 0 ? this.part(one) / sum : 1 / others.length);
    this.setParts([[painting, share], ...others.map((one) => [one, partOf(one)] as const)]);
  }

  setParts(parts: readonly (readonly [Painting, number])[]): void {
    this.parts = Object.fromEntries(parts.map(([painting, part]) => [keyOf(painting), part]));
  }

  even(): void {
    this.parts = {};
  }

  /** What the service is told; nothing where all count the same. */
  get blendOption(): { blend?: number[] } {
    const [first, ...others] = this.shares;
    if (first === undefined || others.every((share) => Math.abs(share - first) < 0.005)) return {};
    return { blend: this.shares.map((share) => Number(share.toFixed(4))) };
  }

  private drop(paintings: readonly Painting[]): void {
    const gone = paintings.map(keyOf);
    this.parts = Object.fromEntries(Object.entries(this.parts).filter(([key]) => !gone.includes(key)));
    for (const painting of paintings) if (painting.kind === 'file') release(painting.picture);
  }
}

/** The order in which the service numbers them. */
function filesFirst(list: readonly Painting[]): readonly Painting[] {
  return [...list.filter(({ kind }) => kind === 'file'), ...list.filter(({ kind }) => kind === 'gallery')];
}
