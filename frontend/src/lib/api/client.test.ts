import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { exampleJob, ID } from '../job/example';
import {
  cancelJob,
  deleteJob,
  getJob,
  getLimits,
  getOptions,
  getPhotos,
  getQueue,
  getStyles,
  newKey,
  retryJob,
} from './client';
import { keepApiKey } from './key';
import { Refusal } from './refusal';

const fetched = vi.fn<(path: string, init: RequestInit) => Promise<Response>>();

beforeEach(() => vi.stubGlobal('fetch', fetched));
afterEach(() => {
  fetched.mockReset();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  keepApiKey('');
});

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  json({ status, code, detail: `It is ${code}.`, hint: 'Do something.' }, status, headers);

const sent = (): { path: string; init: RequestInit; headers: Headers } => {
  const [path = '', init = {}] = fetched.mock.lastCall ?? [];
  return { path, init, headers: new Headers(init.headers) };
};

async function refused(promise: Promise<unknown>): Promise<Refusal> {
  const thrown: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof Refusal)) throw new Error(`No refusal, but ${String(thrown)}`);
  return thrown;
}

/** As a connection that nobody answers. */
const silent = (_path: string, init: RequestInit): Promise<Response> =>
  new Promise((_, reject) => {
    init.signal?.addEventListener('abort', () => reject(new DOMException('Aborted', 'AbortError')));
  });

test.each([
  ['/api/styles', getStyles, { styles: [{ id: 'night-wind' }] }, [{ id: 'night-wind' }]],
  ['/api/photos', getPhotos, { photos: [{ id: 'coffee' }] }, [{ id: 'coffee' }]],
  ['/api/limits', getLimits, { max_size: 2048 }, { max_size: 2048 }],
  ['/api/options', getOptions, { controls: [] }, { controls: [] }],
  ['/api/queue', getQueue, { queued: 1 }, { queued: 1 }],
])('%s is asked of this origin and given as it is', async (path, get, body, expected) => {
  fetched.mockResolvedValue(json(body));
  expect(await get()).toEqual(expected);
  expect(sent().path).toBe(path);
});

test('a job comes with its ETag', async () => {
  fetched.mockResolvedValue(json(exampleJob(), 200, { ETag: 'W/"7-0"' }));
  expect(await getJob(ID)).toEqual({ job: exampleJob(), etag: 'W/"7-0"' });
  expect(sent().path).toBe(`/api/jobs/${ID}`);
  expect(sent().headers.has('If-None-Match')).toBe(false);
});

test('a job that is as before is not sent again', async () => {
  fetched.mockResolvedValue(new Response(null, { status: 304 }));
  expect(await getJob(ID, 'W/"7-0"')).toBe('unchanged');
  expect(sent().headers.get('If-None-Match')).toBe('W/"7-0"');
});

test('an id from an address cannot lead to another route', async () => {
  fetched.mockResolvedValue(json(exampleJob()));
  await getJob('../queue?');
  expect(sent().path).toBe('/api/jobs/..%2Fqueue%3F');
});

test.each([
  [404, 'job_not_found'],
  [410, 'job_purged'],
  [500, 'internal'],
])('a problem with status %i is a refusal with its code', async (status, code) => {
  fetched.mockResolvedValue(problem(status, code));
  const refusal = await refused(getJob(ID));
  expect(refusal).toMatchObject({ status, code, message: `It is ${code}.`, hint: 'Do something.' });
});

test('a 503 says how long to wait', async () => {
  fetched.mockResolvedValue(problem(503, 'unavailable', { 'Retry-After': '12' }));
  expect((await refused(getStyles())).retryAfterSeconds).toBe(12);
});

test('no network is a refusal with status 0', async () => {
  fetched.mockRejectedValue(new TypeError('Failed to fetch'));
  expect(await refused(getLimits())).toMatchObject({ status: 0, code: 'offline' });
});

test('the page of a hotel network instead of an answer counts as no network', async () => {
  fetched.mockResolvedValue(new Response('<html>Please log in</html>', { status: 200 }));
  expect(await refused(getLimits())).toMatchObject({ status: 0, code: 'offline' });
});

test('an answer that breaks off counts as no network', async () => {
  const body = new ReadableStream({ start: (stream) => stream.error(new Error('reset')) });
  fetched.mockResolvedValue(new Response(body));
  expect(await refused(getLimits())).toMatchObject({ code: 'offline' });
});

test('the error page of a proxy is a refusal', async () => {
  fetched.mockResolvedValue(new Response('<html>Bad gateway</html>', { status: 502 }));
  expect(await refused(getLimits())).toMatchObject({ status: 502, code: 'unavailable' });
});

test('a connection that nobody answers is given up after 20 seconds', async () => {
  vi.useFakeTimers();
  fetched.mockImplementation(silent);
  const waiting = refused(getQueue());
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await waiting).toMatchObject({ status: 0, code: 'offline' });
  expect(vi.getTimerCount()).toBe(0);
});

test('an asker who loses interest stops the request', async () => {
  fetched.mockImplementation(silent);
  const asker = new AbortController();
  const waiting = refused(getJob(ID, null, asker.signal));
  asker.abort();
  expect(await waiting).toMatchObject({ status: 0, code: 'aborted' });
});

test('who lost interest before sends nothing', async () => {
  expect(await refused(getJob(ID, null, AbortSignal.abort()))).toMatchObject({ code: 'aborted' });
  expect(fetched).not.toHaveBeenCalled();
});

test.each([200, 202])('cancelling shows the owner token, and %i answers the job', async (status) => {
  fetched.mockResolvedValue(json(exampleJob({ cancel_requested: true }), status));
  expect((await cancelJob(ID, 'token')).cancel_requested).toBe(true);
  expect(sent()).toMatchObject({ path: `/api/jobs/${ID}/cancel`, init: { method: 'POST' } });
  expect(sent().headers.get('X-Owner-Token')).toBe('token');
});

test('deleting shows the owner token and answers nothing', async () => {
  fetched.mockResolvedValue(new Response(null, { status: 204 }));
  expect(await deleteJob(ID, 'token')).toBeUndefined();
  expect(sent()).toMatchObject({ path: `/api/jobs/${ID}`, init: { method: 'DELETE' } });
  expect(sent().headers.get('X-Owner-Token')).toBe('token');
});

test('retrying sends the changes as JSON, with a key of its own and that of the service', async () => {
  keepApiKey('secret');
  fetched.mockImplementation(() => Promise.resolve(json({ ...exampleJob(), owner_token: 'newer' }, 202)));
  expect((await retryJob(ID, 'token', { size: 256 })).owner_token).toBe('newer');
  const first = sent();
  expect(first.path).toBe(`/api/jobs/${ID}/retry`);
  expect(first.init.body).toBe('{"options":{"size":256}}');
  expect(first.headers.get('Content-Type')).toBe('application/json');
  expect(first.headers.get('X-Owner-Token')).toBe('token');
  expect(first.headers.get('X-API-Key')).toBe('secret');
  await retryJob(ID, 'token');
  expect(sent().headers.get('Idempotency-Key')).not.toBe(first.headers.get('Idempotency-Key'));
});

test('a key needs no secure page', () => {
  vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
  expect(newKey()).toMatch(/^[0-9a-f]{32}$/);
  expect(newKey()).not.toBe(newKey());
});
