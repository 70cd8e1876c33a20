import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exampleJob } from '../lib/job/example';
import { all, forget, remember, type Remembered } from '../lib/job/history';
import About from './About.svelte';
import Mine from './Mine.svelte';

const one = '1'.repeat(32);
const other = '2'.repeat(32);

const entry = (id: string, title: string, changes: Partial<Remembered> = {}): Remembered => ({
  id,
  ownerToken: 'secret',
  createdAt: '2026-11-20T10:00:00Z',
  title,
  options: {},
  thumbnail: null,
  content: null,
  styles: [],
  status: 'running',
  ...changes,
});

const problem = (status: number, code: string): Response =>
  new Response(JSON.stringify({ code, detail: code, status }), { status });

let asked: string[] = [];

beforeEach(async () => {
  asked = [];
  await remember(entry(one, 'Cat'));
  await remember(entry(other, 'Dog', { createdAt: '2026-11-21T10:00:00Z' }));
  vi.stubGlobal('fetch', (path: string, init?: RequestInit) => {
    asked.push(`${init?.method ?? 'GET'} ${path}`);
    if (init?.method === 'DELETE') return Promise.resolve(new Response(null, { status: 204 }));
    if (path.endsWith(other)) return Promise.resolve(problem(410, 'job_purged'));
    const job = exampleJob({ id: one, status: 'succeeded', frames: [0, 60] });
    return Promise.resolve(new Response(JSON.stringify(job)));
  });
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
    this.open = false;
  };
});
afterEach(async () => {
  vi.unstubAllGlobals();
  for (const { id } of await all()) await forget(id);
});

describe('my pictures', () => {
  it('are listed newest first, as the service knows them now', async () => {
    render(Mine);
    expect(await screen.findByText('Finished')).toBeVisible();
    const titles = screen
      .getAllByRole('link', { name: /^Open:/ })
      .map((link) => link.getAttribute('aria-label'));
    expect(titles[0]).toMatch(/Dog/);
    expect(titles[1]).toMatch(/Cat/);
    expect(screen.getByText('No longer kept')).toBeVisible();
    expect((await all()).map(({ status }) => status)).toEqual(['expired', 'succeeded']);
  });

  it('can be reopened and made again', async () => {
    render(Mine);
    expect(await screen.findByRole('link', { name: /^Open: Cat/ })).toHaveAttribute('href', `#/jobs/${one}`);
    expect(screen.getByRole('link', { name: 'Make again: Cat' })).toHaveAttribute('href', `#/?remix=${one}`);
  });

  it('can be forgotten here, which deletes nothing', async () => {
    const user = userEvent.setup();
    render(Mine);
    await screen.findByText('Finished');
    await user.click(screen.getByRole('button', { name: 'Forget: Cat' }));
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Forget it here' }));
    expect(screen.queryByText('Cat')).toBeNull();
    expect(asked.some((request) => request.startsWith('DELETE'))).toBe(false);
  });

  it('can be deleted everywhere', async () => {
    const user = userEvent.setup();
    render(Mine);
    await screen.findByText('Finished');
    await user.click(screen.getByRole('button', { name: 'Forget: Cat' }));
    await user.click(await screen.findByRole('button', { name: 'Delete it everywhere' }));
    await vi.waitFor(() => expect(screen.queryByText('Cat')).toBeNull());
    expect(asked).toContain(`DELETE /api/jobs/${one}`);
  });

  it('can only be forgotten where the service has them no longer', async () => {
    const user = userEvent.setup();
    render(Mine);
    await screen.findByText('No longer kept');
    await user.click(screen.getByRole('button', { name: 'Forget: Dog' }));
    const dialog = within(screen.getByRole('dialog'));
    expect(dialog.getByText(/keeps it no longer/)).toBeVisible();
    expect(dialog.queryByRole('button', { name: /everywhere/ })).toBeNull();
  });

  it('say what to do while there are none', async () => {
    for (const { id } of await all()) await forget(id);
    render(Mine);
    expect(await screen.findByRole('link', { name: 'Make the first one' })).toHaveAttribute('href', '#/');
  });
});

describe('how it works', () => {
  it('names the limits that the service has', async () => {
    const limits = {
      formats: ['JPEG', 'PNG', 'WEBP'],
      max_upload_bytes: 25_000_000,
      max_pixels: 50_000_000,
      max_size: 2048,
      max_iterations: 2000,
      max_styles: 4,
      result_ttl_seconds: 604_800,
    };
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(limits))));
    render(About);
    expect(await screen.findByText(/JPEG, PNG or WebP, up to 25 MB/)).toBeVisible();
    expect(screen.getByText(/deleted 7 days after/)).toBeVisible();
    expect(screen.getByRole('link', { name: /The API/ })).toHaveAttribute('href', '/api/docs');
  });
});
