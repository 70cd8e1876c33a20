import { beforeEach, expect, test, vi } from 'vitest';
import type { Remembered } from '../job/history';
import { make } from '../words/make';
import { MakeForm } from './form.svelte';
import { info, jpegFile, limits, nth, styles } from './offer';
import { titleOf } from './paintings.svelte';
import { pictureOf } from './picture';
import { remix } from './remix';
import { restore, snapshot } from './restore';

const { recall, getJob } = vi.hoisted(() => ({ recall: vi.fn(), getJob: vi.fn() }));
vi.mock('../job/history', () => ({ recall }));
vi.mock('../api/client', () => ({ getJob }));
vi.mock('../picture/check', () => ({
  checkPicture: () => Promise.resolve({ ok: true, width: 60, height: 40 }),
}));

const opened = (): MakeForm => {
  const form = new MakeForm();
  form.choices.info = info;
  form.catalogue.styles = styles;
  form.catalogue.state = { kind: 'ready', limits, info };
  form.paintings.most = 3;
  return form;
};
let form: MakeForm;

beforeEach(() => {
  form = opened();
  recall.mockResolvedValue(null);
  getJob.mockRejectedValue(new Error('no such job'));
});

test('an untouched form keeps nothing', () => {
  expect(snapshot(form)).toBeNull();
});

test('a reload brings back pictures, shares and options', () => {
  form.photo = pictureOf(jpegFile('mine.jpg'), 'mine.jpg', 60, 40);
  form.paintings.blending = true;
  styles.slice(0, 2).forEach((style) => form.paintings.toggle(style));
  form.paintings.share({ kind: 'gallery', style: nth(0) }, 0.7);
  form.choices.start('draft');
  form.choices.set('seed', 11);
  const kept = snapshot(form);
  const again = opened();
  if (kept) restore(again, kept);
  expect(again.photo?.name).toBe('mine.jpg');
  expect(again.paintings.list.map(titleOf)).toEqual(['Night wind', 'Great swell']);
  expect(again.paintings.blendOption.blend).toEqual([0.7, 0.3]);
  expect(again.choices.options).toEqual({ preset: 'draft', seed: 11 });
});

test('what the person brought meanwhile is not replaced', () => {
  form.photo = pictureOf(jpegFile('kept.jpg'), 'kept.jpg', 60, 40);
  const kept = snapshot(form);
  const again = opened();
  again.photo = pictureOf(jpegFile('new.jpg'), 'new.jpg', 60, 40);
  if (kept) restore(again, kept);
  expect(again.photo.name).toBe('new.jpg');
});

test('a picture of this browser is made again from what it remembers', async () => {
  recall.mockResolvedValue({
    content: jpegFile(),
    styles: [{ kind: 'gallery', id: 'golden-tree' }],
    options: { preset: 'draft', seed: 3 },
  } as unknown as Remembered);
  await remix(form, 'a'.repeat(32));
  expect(form.photo).not.toBeNull();
  expect(form.paintings.list.map(titleOf)).toEqual(['Golden tree']);
  expect(form.choices.options).toEqual({ preset: 'draft', seed: 3 });
  expect(form.notice).toBe(make.remix.done);
});

test("another person's picture is fetched from the service", async () => {
  const fetched: string[] = [];
  vi.stubGlobal('fetch', (url: string) => {
    fetched.push(url);
    return Promise.resolve({ ok: true, blob: () => Promise.resolve(new Blob(['bytes'])) });
  });
  const job = {
    options: { ...info.presets[1]?.options, blend: [0.25, 0.75] },
    style_ids: ['', 'night-wind'],
    links: { content: '/content', styles: ['/styles/1', '/styles/2'] },
  };
  getJob.mockResolvedValue({ job, etag: null });
  await remix(form, 'b'.repeat(32));
  expect(fetched).toEqual(['/content', '/styles/1']);
  expect(form.paintings.list.map(({ kind }) => kind)).toEqual(['file', 'gallery']);
  vi.unstubAllGlobals();
});

test('of a picture that is gone only the sentence is left', async () => {
  await remix(form, 'c'.repeat(32));
  expect(form.notice).toBe(make.remix.gone);
  expect(form.empty).toBe(true);
});
