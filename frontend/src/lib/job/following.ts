/** A service, a network and a tab for tests of following a job. */
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { Job } from '../api/types';
import { exampleJob, ID } from './example';
import { Follower } from './follow.svelte';

/** An event stream that a test speaks through. */
export class FakeSource extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static all: FakeSource[] = [];
  readyState = FakeSource.CONNECTING;

  constructor(readonly address: string) {
    super();
    FakeSource.all.push(this);
  }
  close(): void {
    this.readyState = FakeSource.CLOSED;
  }
  say(job: Job): void {
    this.sayText(JSON.stringify(job));
  }
  sayText(data: string): void {
    this.readyState = FakeSource.OPEN;
    this.dispatchEvent(new MessageEvent('status', { data }));
  }
  /** The connection broke; a browser connects again by itself. */
  drop(): void {
    this.readyState = FakeSource.CONNECTING;
    this.dispatchEvent(new Event('error'));
  }
  /** The server refused; a browser stays away for good. */
  refuse(): void {
    this.close();
    this.dispatchEvent(new Event('error'));
  }
}

export const fetched = vi.fn<(path: string, init: RequestInit) => Promise<Response>>();
/** What the tests of this file follow; new for each of them. */
export const followed: { by: Follower } = { by: new Follower(ID) };

let hidden = false;

export const answer = (
  job: Job,
  etag = `W/"${job.version}-${job.queue?.position ?? 0}"`,
): Promise<Response> => Promise.resolve(new Response(JSON.stringify(job), { headers: { ETag: etag } }));

export const refusal = (
  status: number,
  code: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  Promise.resolve(new Response(JSON.stringify({ status, code, detail: code }), { status, headers }));

export const noNetwork = (): Promise<Response> => Promise.reject(new TypeError('Failed to fetch'));

/** As the API answers: 304 where the asker has this version. */
export const serve = (job: Job): void => {
  fetched.mockImplementation((_, init) => {
    const known = new Headers(init.headers).get('If-None-Match');
    const etag = `W/"${job.version}-${job.queue?.position ?? 0}"`;
    return known === etag ? Promise.resolve(new Response(null, { status: 304 })) : answer(job, etag);
  });
};

export const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

/** How many questions are asked in so many milliseconds. */
export const askedIn = async (milliseconds: number): Promise<number> => {
  const before = fetched.mock.calls.length;
  await pass(milliseconds);
  return fetched.mock.calls.length - before;
};

export const source = (index = FakeSource.all.length - 1): FakeSource => {
  const found = FakeSource.all[index];
  if (!found) throw new Error('There is no such stream');
  return found;
};

export const open = (): number =>
  FakeSource.all.filter(({ readyState }) => readyState !== FakeSource.CLOSED).length;

export const hide = (value: boolean): void => {
  hidden = value;
  document.dispatchEvent(new Event('visibilitychange'));
};

export const start = async (job = exampleJob()): Promise<void> => {
  serve(job);
  followed.by.start();
  await pass(0);
};

export const startLive = async (): Promise<void> => {
  await start();
  source().say(exampleJob());
};

export const openInBackground = async (): Promise<void> => {
  hidden = true;
  await start();
};

/** To be called once by a file of tests. */
export function useFollowing(): void {
  beforeEach(() => {
    vi.useFakeTimers();
    FakeSource.all = [];
    hidden = false;
    vi.stubGlobal('EventSource', FakeSource);
    vi.stubGlobal('fetch', fetched);
    vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden);
    followed.by = new Follower(ID);
  });

  afterEach(() => {
    followed.by.stop();
    expect(vi.getTimerCount()).toBe(0);
    expect(open()).toBe(0);
    fetched.mockReset();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
}
