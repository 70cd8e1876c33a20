import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { Refusal } from '../lib/api/refusal';
import { exhibit, info, jpegFile, limits, queue, styles, transfer } from '../lib/make/offer';
import { make } from '../lib/words/make';
import Make from './Make.svelte';

const { submit, service, checkPicture } = vi.hoisted(() => ({
  submit: vi.fn(),
  checkPicture: vi.fn(),
  service: { away: false, keyNeeded: false },
}));
vi.mock('../lib/picture/check', () => ({ checkPicture }));
vi.mock('../lib/picture/thumbnail', () => ({ thumbnail: () => Promise.resolve(null) }));
vi.mock('../lib/api/submit', () => ({ submit }));
vi.mock('../lib/api/client', () => ({
  getLimits: () =>
    service.away
      ? Promise.reject(new Error('away'))
      : Promise.resolve({ ...limits, api_key_needed: service.keyNeeded }),
  getOptions: () => Promise.resolve(info),
  getStyles: () => Promise.resolve(styles),
  getPhotos: () => Promise.resolve([exhibit('coffee', 'Coffee')]),
  getQueue: () => Promise.resolve(queue),
}));

const startButton = () => screen.getByRole('button', { name: make.start.start });
const photoBox = () => screen.getByRole('group', { name: make.photo.title });
const paintingBox = () => screen.getByRole('group', { name: make.painting.title });
const person = userEvent.setup();

beforeEach(() => {
  vi.clearAllMocks();
  Object.assign(service, { away: false, keyNeeded: false });
  checkPicture.mockResolvedValue({ ok: true, width: 600, height: 400 });
  submit.mockReturnValue(new Promise(() => undefined));
  vi.stubGlobal('fetch', () =>
    Promise.resolve({ ok: true, blob: () => Promise.resolve(new Blob(['bytes'])) }),
  );
});

async function open(): Promise<void> {
  render(Make, { remix: null });
  await screen.findByRole('radio', { name: 'Night wind' });
  await screen.findByRole('slider', { name: make.strength.title });
}

async function prepare(): Promise<void> {
  await person.click(screen.getByRole('button', { name: make.photo.example('Coffee') }));
  await within(photoBox()).findByRole('img');
  await person.click(screen.getByRole('radio', { name: 'Night wind' }));
}

test('an example, a style and the button are all it takes', async () => {
  await open();
  expect(startButton()).toBeDisabled();
  expect(startButton()).toHaveAccessibleDescription(expect.stringContaining(make.start.needBoth));
  await prepare();
  expect(startButton()).toBeEnabled();
  await person.click(startButton());
  await waitFor(() => expect(submit).toHaveBeenCalledOnce());
  expect(submit.mock.calls[0]?.[0]).toMatchObject({ options: { preset: 'standard' } });
});

test('Ctrl + Enter starts too', async () => {
  await open();
  await prepare();
  await person.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(submit).toHaveBeenCalledOnce());
});

test('a picture can be chosen, dropped and pasted', async () => {
  await open();
  await person.upload(screen.getByLabelText(make.photo.choose), jpegFile('chosen.jpg'));
  await within(photoBox()).findByRole('img', { name: make.photo.filled('chosen.jpg') });
  await fireEvent.drop(photoBox(), { dataTransfer: transfer([jpegFile('dropped.jpg')]) });
  await within(photoBox()).findByRole('img', { name: make.photo.filled('dropped.jpg') });
  await fireEvent.paste(document.body, { clipboardData: transfer([jpegFile('pasted.jpg')]) });
  await within(paintingBox()).findByRole('img', { name: make.painting.filled(make.painting.own) });
});

test('a refusal is tied to its box, and what was there stays', async () => {
  await open();
  await fireEvent.drop(photoBox(), { dataTransfer: transfer([jpegFile('good.jpg')]) });
  await within(photoBox()).findByRole('img');
  await fireEvent.drop(photoBox(), { dataTransfer: transfer([jpegFile('a.jpg'), jpegFile('b.jpg')]) });
  expect(within(photoBox()).getByRole('alert')).toHaveTextContent(make.drop.several(2));
  expect(photoBox()).toHaveAccessibleDescription(make.drop.several(2));
  expect(within(photoBox()).getByRole('img', { name: make.photo.filled('good.jpg') })).toBeInTheDocument();
});

test('a file that misses the boxes never leaves the page', async () => {
  await open();
  expect(await fireEvent.dragOver(document.body, { dataTransfer: transfer([jpegFile()]) })).toBe(false);
  expect(within(photoBox()).getByText(make.box.dropHere)).toBeInTheDocument();
  expect(await fireEvent.drop(document.body, { dataTransfer: transfer([jpegFile()]) })).toBe(false);
});

test('several paintings are blended by shares that add up', async () => {
  await open();
  await person.click(screen.getByRole('switch', { name: make.gallery.blend }));
  for (const name of ['Night wind', 'Great swell'])
    await person.click(screen.getByRole('checkbox', { name }));
  const slider = screen.getByRole('slider', { name: make.blend.shareOf('Night wind') });
  expect(slider).toHaveAttribute('aria-valuetext', '50 %');
  await fireEvent.input(slider, { target: { value: '80' } });
  expect(screen.getByRole('slider', { name: make.blend.shareOf('Great swell') })).toHaveValue('20');
  await person.click(screen.getByRole('checkbox', { name: 'Golden tree' }));
  expect(screen.getByRole('checkbox', { name: 'Tide mosaic' })).toBeDisabled();
  expect(screen.getByText(make.gallery.full(3))).toBeInTheDocument();
});

test('the dial, the presets, the size and the colours say what they are', async () => {
  await open();
  const dial = screen.getByRole('slider', { name: make.strength.title });
  await person.click(screen.getByRole('button', { name: 'Strong' }));
  expect(dial).toHaveAttribute('aria-valuetext', `Strong, ${make.strength.weight('4')}`);
  expect(screen.getByRole('radio', { name: make.presets.standard.title })).toBeChecked();
  expect(screen.getByRole('radio', { name: make.presets.standard.title })).toHaveAccessibleDescription(
    /30 s/,
  );
  expect(screen.getByRole('radio', { name: make.presets.fine.title })).toBeDisabled();
  await person.click(screen.getByRole('radio', { name: make.presets.draft.title }));
  expect(screen.getByRole('combobox', { name: make.size.title })).toHaveValue('384');
  await person.click(screen.getByRole('checkbox', { name: make.colours.title }));
  await prepare();
  await person.click(startButton());
  await waitFor(() => expect(submit).toHaveBeenCalledOnce());
  expect(submit.mock.calls[0]?.[0]).toMatchObject({
    options: { preset: 'draft', style_weight: 4, color: 'luminance' },
  });
});

test('Advanced holds every option, tells what is wrong and what is changed, and resets', async () => {
  await open();
  await person.click(screen.getByText(make.advanced.title));
  const iterations = await screen.findByRole('textbox', { name: 'Iterations' });
  expect(screen.getByRole('textbox', { name: 'Style weight' })).toHaveAttribute(
    'placeholder',
    make.advanced.automatic,
  );
  expect(screen.getByRole('combobox', { name: 'Backbone' })).toHaveValue('auto');
  await person.clear(iterations);
  await person.type(iterations, '5000');
  expect(iterations).toBeInvalid();
  expect(iterations).toHaveAccessibleDescription(expect.stringContaining(make.advanced.tooHigh('2,000')));
  expect(screen.getByText(make.advanced.changed(1))).toBeInTheDocument();
  await person.click(screen.getByRole('button', { name: make.advanced.resetOf('Iterations') }));
  expect(iterations).toHaveValue('150');
  expect(screen.queryByRole('button', { name: make.advanced.resetAll })).not.toBeInTheDocument();
});

test('while it is sent there is a bar, and a way to stop', async () => {
  let report: (share: number) => void = () => undefined;
  submit.mockImplementation((_: unknown, progress: typeof report) => {
    report = progress;
    return new Promise(() => undefined);
  });
  await open();
  await prepare();
  await person.click(startButton());
  await waitFor(() => expect(submit).toHaveBeenCalledOnce());
  report(0.42);
  expect(await screen.findByText(make.start.sending(42))).toBeInTheDocument();
  expect(screen.getByRole('progressbar')).toHaveValue(42);
  await person.click(screen.getByRole('button', { name: make.start.cancel }));
  expect((submit.mock.calls[0]?.[2] as AbortSignal).aborted).toBe(true);
});

test('a full queue counts down, and then offers to try again', async () => {
  submit.mockRejectedValueOnce(
    new Refusal({ status: 503, code: 'queue_full', detail: 'full', retryAfterSeconds: 1 }),
  );
  await open();
  await prepare();
  await person.click(startButton());
  expect(await screen.findByRole('button', { name: make.start.againIn(1) })).toBeDisabled();
  expect(await screen.findByRole('button', { name: make.start.again }, { timeout: 2500 })).toBeEnabled();
});

test('a refused option is shown where it is set', async () => {
  submit.mockRejectedValueOnce(
    new Refusal({ status: 422, code: 'over_limit', detail: 'At most 100.', field: 'options.iterations' }),
  );
  await open();
  await prepare();
  await person.click(startButton());
  await person.click(await screen.findByRole('button', { name: make.start.see }));
  await waitFor(() => expect(screen.getByRole('textbox', { name: 'Iterations' })).toHaveFocus());
});

test('a service that does not answer is said, and can be asked again', async () => {
  service.away = true;
  render(Make, { remix: null });
  expect(await screen.findByRole('alert')).toHaveTextContent(make.service.away);
  service.away = false;
  await person.click(screen.getByRole('button', { name: make.service.again }));
  await waitFor(() => expect(screen.queryByRole('alert')).not.toBeInTheDocument());
});

test('a service that needs a key has a field for it', async () => {
  service.keyNeeded = true;
  await open();
  await person.type(await screen.findByLabelText(make.key.title), 'secret');
  await person.click(screen.getByRole('button', { name: make.key.keep }));
  expect(screen.getByText(make.key.kept)).toBeInTheDocument();
});
