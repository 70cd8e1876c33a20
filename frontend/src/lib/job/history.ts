/** The pictures that this browser made; in memory, until the page is left, where it keeps nothing. */
import * as database from 'idb-keyval';
import type { StyleChoice } from '../api/submit';
import type { Options, Status } from '../api/types';

/** A painting as it was chosen; an uploaded one's file may have been dropped for want of room. */
export type StoredStyle = StyleChoice | { readonly kind: 'file'; readonly file: null };

export interface Remembered {
  readonly id: string;
  readonly ownerToken: string;
  readonly createdAt: string;
  readonly title: string;
  readonly options: Options;
  readonly thumbnail: Blob | null;
  readonly content: Blob | null;
  readonly styles: readonly StoredStyle[];
  readonly status: Status | 'expired';
}

/** Of so many newest jobs the uploaded files are kept too, for making them again. */
const MOST_WITH_FILES = 12;
const MOST = 300;

/** What could not be stored, and everything where nothing can. */
const memory = new Map<string, Remembered>();
let store: database.UseStore | undefined;

export async function remember(entry: Remembered): Promise<void> {
  const kept = (await stored(entry)) || (await stored(withoutFiles(entry)));
  if (kept) memory.delete(entry.id);
  else memory.set(entry.id, entry);
  await tidy();
}

/** Nothing where it is not remembered. */
export async function update(id: string, changes: Partial<Omit<Remembered, 'id'>>): Promise<void> {
  const known = await recall(id);
  if (!known) return;
  const changed = (before: Remembered = known): Remembered => ({ ...before, ...changes });
  // In one step, since a thumbnail and a new status may come at the same time.
  const kept =
    !memory.has(id) && (await tried(() => database.update(id, changed, opened()).then(() => true)));
  if (!kept) memory.set(id, changed(memory.get(id)));
}

export async function recall(id: string): Promise<Remembered | null> {
  return memory.get(id) ?? (await tried(() => database.get<Remembered>(id, opened()))) ?? null;
}

/** Newest first. */
export async function all(): Promise<Remembered[]> {
  const kept = (await tried(() => database.values<Remembered>(opened()))) ?? [];
  const byId = new Map([...kept, ...memory.values()].map((entry) => [entry.id, entry]));
  return [...byId.values()].sort((one, other) => other.createdAt.localeCompare(one.createdAt));
}

export async function forget(id: string): Promise<void> {
  memory.delete(id);
  await tried(() => database.del(id, opened()));
}

async function tidy(): Promise<void> {
  const entries = await all();
  for (const { id } of entries.slice(MOST)) await forget(id);
  for (const entry of entries.slice(MOST_WITH_FILES, MOST)) {
    if (hasFiles(entry)) await update(entry.id, withoutFiles(entry));
  }
}

const hasFiles = ({ content, styles }: Remembered): boolean =>
  content !== null || styles.some((style) => style.kind === 'file' && style.file !== null);

function withoutFiles(entry: Remembered): Remembered {
  const styles = entry.styles.map((style) => (style.kind === 'file' ? { ...style, file: null } : style));
  return { ...entry, content: null, styles };
}

/** Whether it could be. */
async function stored(entry: Remembered): Promise<boolean> {
  return (await tried(() => database.set(entry.id, entry, opened()).then(() => true))) ?? false;
}

function opened(): database.UseStore {
  store ??= database.createStore('nst', 'jobs');
  return store;
}

/** Undefined where the browser refuses its database, as some do in private windows, or has no room. */
async function tried<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch {
    return undefined;
  }
}
