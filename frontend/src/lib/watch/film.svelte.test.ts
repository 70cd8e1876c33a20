import { afterEach, describe, expect, it, vi } from 'vitest';
import { Film } from './film.svelte';

const problem = (status: number, code: string, seconds?: string): Response =>
  new Response(JSON.stringify({ code, detail: code, status, title: '', type: '' }), {
    status,
    headers: seconds === undefined ? {} : { 'Retry-After': seconds },
  });

afterEach(() => void vi.unstubAllGlobals());

describe('the film', () => {
  it('waits its turn while others are made', async () => {
    const answers = [problem(503, 'film_busy', '0'), new Response('film')];
    vi.stubGlobal('fetch', () => Promise.resolve(answers.shift()));
    const film = new Film();
    const made = film.make('/film');
    expect(film.state).toBe('making');
    expect(await made).not.toBeNull();
    expect([film.state, film.problem]).toEqual(['idle', '']);
  });

  it('is made once, however often it is asked for', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('film')));
    const film = new Film();
    const first = film.make('/film');
    expect(await film.make('/film')).toBeNull();
    expect(await first).not.toBeNull();
  });

  it('says why there is none', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(problem(409, 'too_few_frames')));
    const film = new Film();
    expect(await film.make('/film')).toBeNull();
    expect(film.problem).not.toBe('');
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')));
    await film.make('/film');
    expect(film.problem).toMatch(/does not answer/);
  });

  it('is given up without a word when the page is left', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(problem(503, 'film_busy', '60')));
    const film = new Film();
    const made = film.make('/film');
    await new Promise((done) => setTimeout(done, 5));
    expect(film.state).toBe('waiting');
    film.stop();
    expect(await made).toBeNull();
    expect(film.problem).toBe('');
  });
});
