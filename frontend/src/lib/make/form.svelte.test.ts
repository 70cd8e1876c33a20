import { beforeEach, expect, test, vi } from 'vitest';
import { Refusal } from '../api/refusal';
import type { Submission } from '../api/submit';
import { make } from '../words/make';
import { aboutOf, MakeForm } from './form.svelte';
import { exhibit, info, jpegFile, limits, nth, queue, styles, transfer } from './offer';

const { checkPicture, submit, remember, go } = vi.hoisted(() => ({
  checkPicture: vi.fn(),
  submit: vi.fn(),
  remember: vi.fn(),
  go: vi.fn(),
}));
vi.mock('../picture/check', () => ({ checkPicture }));
vi.mock('../picture/thumbnail', () => ({ thumbnail: () => Promise.resolve(null) }));
vi.mock('../api/submit', () => ({ submit }));
vi.mock('../job/history', () => ({ remember }));
vi.mock('../route.svelte', () => ({ go, jobPath: (id: string) => `#/jobs/${id}` }));
vi.mock('../api/client', () => ({
  getLimits: () => Promise.resolve(limits),
  getOptions: () => Promise.resolve(info),
  getStyles: () => Promise.resolve(styles),
  getPhotos: () => Promise.resolve([]),
  getQueue: () => Promise.resolve(queue),
}));

const accepted = {
  id: 'a'.repeat(32),
  owner_token: 'mine',
  created_at: 'now',
  status: 'queued',
  options: { size: 512 },
};
const refusal = (code: string, field = '', retryAfterSeconds: number | null = null): Refusal =>
  new Refusal({ status: 422, code, detail: `${code}.`, field, retryAfterSeconds });
let form: MakeForm;

beforeEach(async () => {
  vi.clearAllMocks();
  checkPicture.mockResolvedValue({ ok: true, width: 600, height: 400 });
  submit.mockResolvedValue(accepted);
  form = new MakeForm();
  await form.open();
});

async function ready(): Promise<void> {
  await form.take('photo', { file: jpegFile() });
  form.paintings.toggle(nth(0));
}

test('the reason why it cannot start changes with what is there', async () => {
  expect(form.reason).toBe(make.start.needBoth);
  await form.take('photo', { file: jpegFile() });
  expect(form.reason).toBe(make.start.needPainting);
  form.paintings.toggle(nth(0));
  expect(form.reason).toBe('');
  form.choices.type('iterations', '0');
  expect(form.reason).toBe(make.start.fix('Iterations'));
  form.removePhoto();
  expect(form.reason).toBe(make.start.needPhoto);
});

test('what is refused leaves the picture that was there', async () => {
  await form.take('photo', { file: jpegFile('good.jpg') });
  checkPicture.mockResolvedValue({ ok: false, problem: 'It is not a picture.' });
  await form.take('photo', { file: jpegFile('bad.jpg') });
  expect(form.problems.photo).toBe('It is not a picture.');
  expect(form.photo?.name).toBe('good.jpg');
});

test('of two pictures for one box the newer counts, whichever is looked at longer', async () => {
  let answer: (found: unknown) => void = () => undefined;
  checkPicture.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
  const slow = form.take('photo', { file: jpegFile('slow.jpg') });
  await vi.waitFor(() => expect(checkPicture).toHaveBeenCalledOnce());
  await form.take('photo', { file: jpegFile('quick.jpg') });
  answer({ ok: true, width: 9, height: 9 });
  await slow;
  expect(form.photo?.name).toBe('quick.jpg');
  expect(form.busy.photo).toBe(false);
});

test('a drop beside the boxes goes where there is room, and says so where there is none', async () => {
  await form.receiveAnywhere(transfer([jpegFile('first.jpg')]));
  await form.receiveAnywhere(transfer([jpegFile('second.jpg')]));
  expect([form.photo?.name, form.paintings.list[0]?.kind]).toEqual(['first.jpg', 'file']);
  await form.receiveAnywhere(transfer([jpegFile('third.jpg')]));
  expect(form.notice).toBe(make.box.bothFull);
  expect(form.photo?.name).toBe('first.jpg');
});

test('what is sent is what was chosen, and it is remembered with its owner token', async () => {
  await ready();
  form.paintings.blending = true;
  form.paintings.toggle(nth(1));
  form.paintings.share({ kind: 'gallery', style: nth(1) }, 0.8);
  form.choices.set('seed', 4);
  await form.start();
  const sent = submit.mock.calls[0]?.[0] as Submission;
  expect(sent.styles).toEqual([
    { kind: 'gallery', id: 'night-wind' },
    { kind: 'gallery', id: 'great-swell' },
  ]);
  expect(sent.options).toMatchObject({ preset: 'standard', seed: 4 });
  expect(remember).toHaveBeenCalledWith(
    expect.objectContaining({ id: accepted.id, ownerToken: 'mine', title: 'Night wind + Great swell' }),
  );
  expect(go).toHaveBeenCalledWith(`#/jobs/${accepted.id}`);
  expect(form.photo).not.toBeNull();
});

test('a refusal stands beside what it is about, until that is changed', async () => {
  await ready();
  submit.mockRejectedValueOnce(refusal('broken_picture', 'content'));
  await form.start();
  expect(form.problems.photo).toContain('broken_picture');
  form.edited();
  expect(form.problems.photo).toBe('');
  submit.mockRejectedValueOnce(refusal('over_limit', 'options.iterations'));
  await form.start();
  expect(form.reason).toBe(make.start.fix('Iterations'));
  form.choices.set('iterations', 9);
  expect(form.reason).toBe('');
});

test('a full queue is waited for, and not asked meanwhile', async () => {
  await ready();
  submit.mockRejectedValueOnce(refusal('queue_full', '', 20));
  await form.start();
  expect(form.waiting()).toBe(true);
  form.edited();
  await form.start();
  expect(submit).toHaveBeenCalledOnce();
  expect(form.waiting(Date.now() + 21_000)).toBe(false);
});

test('cancelling sends nothing and keeps everything', async () => {
  await ready();
  submit.mockImplementationOnce(
    (_s: unknown, progress: (share: number) => void, signal: AbortSignal) =>
      new Promise((_, reject) => {
        progress(0.4);
        signal.addEventListener('abort', () => reject(refusal('aborted')));
      }),
  );
  const sending = form.start();
  await vi.waitFor(() => expect(form.sending).toMatchObject({ kind: 'sending', share: 0.4 }));
  form.cancel();
  await sending;
  expect(form.sending.kind).toBe('editing');
  expect(form.notice).toBe(make.start.cancelled);
  expect(form.photo).not.toBeNull();
  expect(go).not.toHaveBeenCalled();
});

test('photo and painting change places, also one of the gallery', async () => {
  vi.stubGlobal('fetch', () =>
    Promise.resolve({ ok: true, blob: () => Promise.resolve(new Blob(['a painting'])) }),
  );
  await ready();
  await form.swap();
  expect(form.photo?.name).toBe('Night wind');
  expect(form.paintings.list[0]).toMatchObject({ kind: 'file', picture: { name: 'tide.jpg' } });
  vi.unstubAllGlobals();
});

test('an example that does not come says so beside its box', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
  const photo = exhibit('coffee', 'Coffee');
  await form.takeFrom('photo', photo.picture_url, photo.title);
  expect(form.problems.photo).toBe(make.drop.notFetched);
  vi.unstubAllGlobals();
});

test('starting over leaves an empty form', async () => {
  await ready();
  form.choices.start('draft');
  form.clear();
  expect(form.empty).toBe(true);
  expect(form.choices.options).toEqual({ preset: 'standard' });
});

test.each([
  ['content', { box: 'photo' }],
  ['style[1]', { box: 'painting' }],
  ['style_id', { box: 'painting' }],
  ['options.blend', { box: 'painting' }],
  ['options.size', { option: 'size' }],
  ['options.unheard', null],
  ['', null],
])('a refusal of “%s” is about %j', (field, about) => {
  expect(aboutOf(field, (name) => name === 'size')).toEqual(about);
});
