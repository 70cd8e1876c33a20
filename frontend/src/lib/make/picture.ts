import type { Limits } from '../api/types';
import { make as words } from '../words/make';

/** A picture in a box, with an address to look at it. */
export interface Picture {
  readonly blob: Blob;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly url: string;
}

export type Checked = { readonly picture: Picture } | { readonly problem: string };

/** A picture of these bytes, or the sentence that says why they are none. */
export async function checked(blob: Blob, name: string, limits: Limits | null): Promise<Checked> {
  const check = limits && (await import('../picture/check').catch(() => null));
  if (!check) return { problem: words.drop.notReady };
  const found = await check.checkPicture(blob, limits);
  if (!found.ok) return { problem: found.problem };
  return { picture: pictureOf(blob, name, found.width, found.height) };
}

export function pictureOf(blob: Blob, name: string, width: number, height: number): Picture {
  return { blob, name, width, height, url: URL.createObjectURL(blob) };
}

export const nameOf = (blob: Blob): string =>
  blob instanceof File && blob.name ? blob.name : words.box.pasted;

export function release(picture: Picture): void {
  URL.revokeObjectURL(picture.url);
}
