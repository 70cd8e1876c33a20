import { beforeEach, expect, test, vi } from 'vitest';
import type * as History from './history';
import type { Remembered } from './history';

/** A database that a test can fill up or take away. */
const database = vi.hoisted(() => ({
  rows: new Map<string, unknown>(),
  refuses: (() => false) as (value?: unknown) => boolean,
}));

vi.mock('idb-keyval', () => {
  const guarded = <T>(action: () => T, value?: unknown): Promise<T> =>
    database.refuses(value)
      ? Promise.reject(new DOMException('no', 'InvalidStateError'))
      : Promise.resolve(action());
  return {
    createStore: () => null,
    get: (key: string) => guarded(() => database.rows.get(key)),
    set: (key: string, value: unknown) => guarded(() => void database.rows.set(key, value), value),
    update: (key: string, change: (old: unknown) => unknown) =>
      guarded(
        () => void database.rows.set(key, change(database.rows.get(key))),
        change(database.rows.get(key)),
      ),
    del: (key: string) => guarded(() => void database.rows.delete(key)),
    values: () => guarded(() => [...database.rows.values()]),
  };
});

const photo = new Blob(['photo']);
const painting = new Blob(['painting']);

const entry = (number: number, changes: Partial<Remembered> = {}): Remembered => ({
  id: number.toString(16).padStart(32, '0'),
  ownerToken: 'token',
  createdAt: new Date(Date.UTC(2026, 10, 20, 0, number)).toISOString(),
  title: 'Coffee as Tide mosaic',
  options: { size: 512 },
  thumbnail: null,
  content: photo,
  styles: [
    { kind: 'file', file: painting },
    { kind: 'gallery', id: 'tide-mosaic' },
  ],
  status: 'queued',
  ...changes,
});

let history: typeof History;

beforeEach(async () => {
  database.rows.clear();
  database.refuses = () => false;
  vi.resetModules();
  history = await import('./history');
});

const later = async (): Promise<typeof History> => {
  vi.resetModules();
  return import('./history');
};

test('a later visit finds what was remembered', async () => {
  await history.remember(entry(1));
  expect(await (await later()).recall(entry(1).id)).toEqual(entry(1));
});

test('what was never remembered is null', async () => {
  expect(await history.recall('f'.repeat(32))).toBeNull();
});

test('the newest comes first', async () => {
  for (const number of [2, 3, 1]) await history.remember(entry(number));
  expect((await history.all()).map(({ id }) => id)).toEqual([3, 2, 1].map((number) => entry(number).id));
});

test('remembering again replaces', async () => {
  await history.remember(entry(1));
  await history.remember(entry(1, { title: 'Another' }));
  expect((await history.all()).map(({ title }) => title)).toEqual(['Another']);
});

test('two changes at the same time are both kept', async () => {
  await history.remember(entry(1));
  await Promise.all([
    history.update(entry(1).id, { status: 'succeeded' }),
    history.update(entry(1).id, { thumbnail: painting }),
  ]);
  expect(await history.recall(entry(1).id)).toMatchObject({ status: 'succeeded', thumbnail: painting });
});

test('what is not remembered cannot be changed', async () => {
  await history.update(entry(1).id, { status: 'succeeded' });
  expect(await history.all()).toEqual([]);
});

test('what is forgotten is gone', async () => {
  await history.remember(entry(1));
  await history.forget(entry(1).id);
  expect(await history.all()).toEqual([]);
  expect(await history.recall(entry(1).id)).toBeNull();
});

test('where the browser keeps nothing it works until the page is left', async () => {
  database.refuses = () => true;
  await history.remember(entry(1));
  await history.remember(entry(2));
  await history.update(entry(1).id, { status: 'failed' });
  expect(await history.recall(entry(1).id)).toMatchObject({ status: 'failed', content: photo });
  expect((await history.all()).map(({ id }) => id)).toEqual([entry(2).id, entry(1).id]);
  await history.forget(entry(2).id);
  expect(await history.all()).toHaveLength(1);
  expect(await (await later()).all()).toEqual([]);
});

test('where there is no room for the files the job is still remembered', async () => {
  database.refuses = (value) => Boolean((value as Remembered | undefined)?.content);
  await history.remember(entry(1));
  expect(await (await later()).recall(entry(1).id)).toMatchObject({
    ownerToken: 'token',
    content: null,
    styles: [
      { kind: 'file', file: null },
      { kind: 'gallery', id: 'tide-mosaic' },
    ],
  });
});

test('where there is no room for a thumbnail it is shown until the page is left', async () => {
  await history.remember(entry(1));
  database.refuses = (value) => Boolean((value as Remembered | undefined)?.thumbnail);
  await history.update(entry(1).id, { thumbnail: painting });
  expect((await history.all())[0]?.thumbnail).toBe(painting);
  expect((await (await later()).all())[0]).toMatchObject({ thumbnail: null, content: photo });
});

test('the files of the newest twelve are kept, and everything else of the older ones', async () => {
  for (let number = 1; number <= 14; number += 1) await history.remember(entry(number));
  const entries = await history.all();
  expect(entries.map(({ content }) => content !== null)).toEqual([...Array(12).fill(true), false, false]);
  expect(entries.at(-1)?.styles).toEqual([
    { kind: 'file', file: null },
    { kind: 'gallery', id: 'tide-mosaic' },
  ]);
  expect(entries.at(-1)?.ownerToken).toBe('token');
});

test('no more than three hundred are remembered', async () => {
  for (let number = 1; number <= 302; number += 1) {
    database.rows.set(entry(number).id, entry(number, { content: null, styles: [] }));
  }
  await history.remember(entry(303));
  const entries = await history.all();
  expect(entries).toHaveLength(300);
  expect(entries.at(-1)?.id).toBe(entry(4).id);
});
