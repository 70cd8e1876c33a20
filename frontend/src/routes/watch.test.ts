import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job } from '../lib/api/types';
import { exampleJob, ID } from '../lib/job/example';
import { forget, remember } from '../lib/job/history';
import Watch from './Watch.svelte';

const TIMES = { started_at: '2026-11-20T10:00:00Z', finished_at: '2026-11-20T10:00:35Z' };
const FINISHED = exampleJob({ status: 'succeeded', iteration: 60, frames: [0, 20, 40, 60], ...TIMES });

let asked: string[] = [];

/** A service that has this job, or answers this problem. */
function serve(answer: Partial<Job> | { problem: number; code: string }): void {
  asked = [];
  const body =
    'problem' in answer ? { code: answer.code, detail: 'gone', status: answer.problem } : exampleJob(answer);
  const status = 'problem' in answer ? answer.problem : 200;
  vi.stubGlobal('fetch', (path: string, init?: RequestInit) => {
    asked.push(`${init?.method ?? 'GET'} ${path}`);
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
}

const own = (): Promise<void> =>
  remember({
    id: ID,
    ownerToken: 'secret',
    createdAt: '2026-11-20T10:00:00Z',
    title: 'My cat',
    options: {},
    thumbnail: null,
    content: null,
    styles: [],
    status: 'running',
  });

beforeEach(() => {
  vi.stubGlobal('EventSource', undefined);
  vi.spyOn(HTMLImageElement.prototype, 'src', 'set').mockImplementation(function (
    this: HTMLImageElement,
    src,
  ) {
    this.setAttribute('src', src);
  });
  HTMLImageElement.prototype.decode = () => Promise.resolve();
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
    this.open = false;
  };
});
afterEach(async () => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  await forget(ID);
});

describe('the page of a job', () => {
  it('says the place in the line of one that waits, and shows the photo meanwhile', async () => {
    serve({ status: 'queued', frames: [], iteration: 0, queue: { position: 3, eta_seconds: 95 } });
    render(Watch, { id: ID });
    expect(await screen.findByText('3rd in line.')).toBeVisible();
    expect(screen.getByText('Starts in about 2 min.')).toBeVisible();
    expect(screen.getByRole('img', { name: /Your photo/ })).toHaveAttribute('src', FINISHED.links.content);
    expect(screen.queryByRole('slider')).toBeNull();
  });

  it('shows the newest picture, the progress and what is left, also in the title of the tab', async () => {
    serve({ iteration: 30, frames: [0, 10, 20, 30] });
    render(Watch, { id: ID });
    expect(await screen.findByRole('img', { name: 'The painting at iteration 30 of 60' })).toBeVisible();
    expect(screen.getByRole('progressbar', { name: 'How far the painting is' })).toHaveAttribute(
      'value',
      '50',
    );
    await waitFor(() => expect(document.title).toMatch(/^50 % Tide mosaic/));
    const spoken = screen.getAllByRole('status').map((region) => region.textContent);
    expect(spoken.join()).toMatch(/50 %/);
  });

  it('lets somebody go through the iterations by slider and by keys', async () => {
    const user = userEvent.setup();
    serve(FINISHED);
    render(Watch, { id: ID });
    const slider = await screen.findByRole('slider', { name: 'Iteration' });
    expect(slider).toHaveAttribute('aria-valuetext', 'Iteration 60, the last');
    await user.keyboard('{ArrowLeft}');
    expect(await screen.findByRole('img', { name: 'The painting at iteration 40 of 60' })).toHaveAttribute(
      'src',
      FINISHED.links.frame.replace('{iteration}', '40'),
    );
    await user.keyboard('{Home}');
    expect(slider).toHaveAttribute('aria-valuetext', 'Iteration 0 of 60');
    expect(screen.getByRole('button', { name: 'Iteration 0' })).toHaveAttribute('aria-current', 'true');
    await user.keyboard('l');
    expect(slider).toHaveAttribute('aria-valuetext', 'Iteration 60, the last');
    await user.click(screen.getByRole('button', { name: 'Iteration 20' }));
    expect(slider).toHaveAttribute('aria-valuetext', 'Iteration 20 of 60');
  });

  it('shows the photo for as long as C is held', async () => {
    const user = userEvent.setup();
    serve(FINISHED);
    render(Watch, { id: ID });
    await screen.findByRole('img', { name: /finished painting/ });
    await user.keyboard('{c>}');
    expect(screen.getByRole('img', { name: 'The photo' })).toBeVisible();
    await user.keyboard('{/c}');
    expect(screen.queryByRole('img', { name: 'The photo' })).toBeNull();
  });

  it('offers what can be taken, under good names', async () => {
    serve(FINISHED);
    render(Watch, { id: ID });
    const list = within(await screen.findByRole('region', { name: 'Take it with you' }));
    expect(list.getByRole('link', { name: /^The painting/ })).toHaveAttribute(
      'href',
      `${FINISHED.links.result}?download=true`,
    );
    expect(list.getByRole('link', { name: /^Iteration 60/ })).toHaveAttribute(
      'download',
      'tide-mosaic-5b19d0b3-iteration-60.jpg',
    );
    expect(list.getByRole('link', { name: /^Everything/ })).toHaveAttribute('href', FINISHED.links.archive);
    expect(list.getByRole('button', { name: /as a film/ })).toBeEnabled();
  });

  it('lets a visitor look and take, but neither stop nor delete', async () => {
    serve({ iteration: 30 });
    render(Watch, { id: ID });
    expect(await screen.findByText(/Only who made it/)).toBeVisible();
    expect(screen.queryByRole('button', { name: /Stop|Delete/ })).toBeNull();
  });

  it('asks its owner before it stops, and keeps the picture', async () => {
    const user = userEvent.setup();
    await own();
    serve({ iteration: 50, started_at: '2026-11-20T10:00:00Z' });
    render(Watch, { id: ID });
    expect(await screen.findByRole('heading', { level: 1, name: 'My cat' })).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Stop' }));
    const dialog = within(screen.getByRole('dialog', { name: 'Stop painting?' }));
    await user.click(dialog.getByRole('button', { name: 'Go on painting' }));
    expect(asked.some((request) => request.startsWith('POST'))).toBe(false);
    await user.click(screen.getByRole('button', { name: 'Stop' }));
    serve({ status: 'cancelled', iteration: 50, version: 9 });
    await user.click(screen.getByRole('button', { name: 'Stop and keep this picture' }));
    expect(asked[0]).toBe(`POST /api/jobs/${ID}/cancel`);
    expect((await screen.findAllByText(/The last picture stays/))[0]).toBeVisible();
    expect(screen.getByRole('link', { name: /^The painting/ })).toBeVisible();
  });

  it('says why one failed, and starts it smaller', async () => {
    const user = userEvent.setup();
    await own();
    const error = { code: 'device', message: 'out of memory', hint: '' };
    serve({ status: 'failed', error, options: { size: 768 }, frames: [] });
    render(Watch, { id: ID });
    const alert = within(await screen.findByRole('alert'));
    expect(alert.getByText(/not enough memory/)).toBeVisible();
    const smaller = await alert.findByRole('button', { name: 'Try smaller, at 512 px' });
    vi.stubGlobal('fetch', (path: string, init?: RequestInit) => {
      asked = [`${path} ${String(init?.body)}`];
      const job = { ...exampleJob({ id: 'f'.repeat(32), status: 'queued' }), owner_token: 'new' };
      return Promise.resolve(new Response(JSON.stringify(job), { status: 202 }));
    });
    await user.click(smaller);
    await waitFor(() => expect(location.hash).toBe(`#/jobs/${'f'.repeat(32)}`));
    expect(asked[0]).toBe(`/api/jobs/${ID}/retry {"options":{"size":512}}`);
    await forget('f'.repeat(32));
  });

  it('says that a picture is gone, or was never there', async () => {
    serve({ problem: 410, code: 'job_purged' });
    const { unmount } = render(Watch, { id: ID });
    expect(await screen.findByRole('heading', { name: /taken down/ })).toBeVisible();
    unmount();
    serve({ problem: 404, code: 'job_not_found' });
    render(Watch, { id: ID });
    expect(await screen.findByRole('heading', { name: /no picture at this address/ })).toBeVisible();
  });

  it('says how to get VGG-19 where it was wanted and absent', async () => {
    serve({
      ...FINISHED,
      options: { backbone: 'auto' },
      backbone: { name: 'wavelet', why: 'run nst weights fetch vgg19' },
    });
    render(Watch, { id: ID });
    expect(await screen.findByText('Painted without VGG-19: how to get it')).toBeVisible();
    expect(screen.getByText('run nst weights fetch vgg19')).toBeInTheDocument();
  });

  it('lists the keys, and lets them be turned off', async () => {
    const user = userEvent.setup();
    serve(FINISHED);
    render(Watch, { id: ID });
    const slider = await screen.findByRole('slider', { name: 'Iteration' });
    await user.keyboard('?');
    const dialog = within(screen.getByRole('dialog', { name: 'Keys' }));
    await user.click(dialog.getByRole('checkbox', { name: /single keys/ }));
    await user.click(dialog.getByRole('button', { name: 'Close' }));
    await user.click(document.body);
    await user.keyboard('{Home}');
    expect(slider).toHaveAttribute('aria-valuetext', 'Iteration 60, the last');
    await user.click(screen.getByRole('button', { name: 'Keys' }));
    await user.click(screen.getByRole('checkbox', { name: /single keys/ }));
  });
});
