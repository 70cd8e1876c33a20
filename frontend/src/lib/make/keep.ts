/** The form as this browser keeps it over a reload; nothing is lost where it keeps nothing, only not restored. */
import { createStore, del, get, set, type UseStore } from 'idb-keyval';
import type { Chosen } from './choices.svelte';

export interface KeptPicture {
  readonly blob: Blob;
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

export type KeptPainting = { readonly share: number } & (
  { readonly kind: 'file'; readonly picture: KeptPicture } | { readonly kind: 'gallery'; readonly id: string }
);

export interface KeptForm {
  readonly photo: KeptPicture | null;
  readonly paintings: readonly KeptPainting[];
  readonly blending: boolean;
  readonly chosen: Chosen;
}

const KEY = 'form';
let store: UseStore | undefined;
const opened = (): UseStore => (store ??= createStore('nst-make', 'form'));

export async function keep(form: KeptForm | null): Promise<void> {
  try {
    await (form ? set(KEY, form, opened()) : del(KEY, opened()));
  } catch {
    // Private windows and full disks keep nothing.
  }
}

export async function kept(): Promise<KeptForm | null> {
  try {
    return (await get<KeptForm>(KEY, opened())) ?? null;
  } catch {
    return null;
  }
}
