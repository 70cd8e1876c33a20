import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { exampleJob } from '../job/example';
import { keepApiKey } from './key';
import { Refusal } from './refusal';
import { formOf, submit, type Submission } from './submit';

/** A request that a test answers. */
class FakeRequest {
  static all: FakeRequest[] = [];
  readonly upload: {
    onprogress?: (event: { lengthComputable: boolean; loaded: number; total: number }) => void;
    onload?: () => void;
  } = {};
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;
  onloadend?: () => void;
  status = 0;
  responseText = '';
  address = '';
  body: FormData | null = null;
  readonly headers = new Map<string, string>();
  #answerHeaders = new Headers();
  #over = false;

  constructor() {
    FakeRequest.all.push(this);
  }

  open(method: string, path: string): void {
    this.address = `${method} ${path}`;
  }
  setRequestHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }
  getResponseHeader(name: string): string | null {
    return this.#answerHeaders.get(name);
  }
  send(body: FormData): void {
    this.body = body;
  }
  abort(): void {
    this.#end(this.onabort);
  }
  progress(loaded: number, total: number): void {
    this.upload.onprogress?.({ lengthComputable: total > 0, loaded, total });
  }
  fail(): void {
    this.#end(this.onerror);
  }
  answer(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.status = status;
    this.responseText = typeof body === 'string' ? body : JSON.stringify(body);
    this.#answerHeaders = new Headers(headers);
    this.upload.onload?.();
    this.#end(this.onload);
  }
  #end(handler: (() => void) | undefined): void {
    if (this.#over) return;
    this.#over = true;
    handler?.();
    this.onloadend?.();
  }
}

const content = new Blob(['photo'], { type: 'image/jpeg' });
const own = new Blob(['painting'], { type: 'image/png' });
const SUBMISSION: Submission = {
  content,
  styles: [{ kind: 'gallery', id: 'tide-mosaic' }],
  options: { size: 256 },
};
const ACCEPTED = { ...exampleJob({ status: 'queued' }), owner_token: 'token' };

const request = (index = 0): FakeRequest => {
  const found = FakeRequest.all[index];
  if (!found) throw new Error(`There are only ${FakeRequest.all.length} requests`);
  return found;
};

async function refused(promise: Promise<unknown>): Promise<Refusal> {
  const thrown: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof Refusal)) throw new Error(`No refusal, but ${String(thrown)}`);
  return thrown;
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeRequest.all = [];
  vi.stubGlobal('XMLHttpRequest', FakeRequest);
});

afterEach(async () => {
  await vi.advanceTimersByTimeAsync(0); // the browser tells other tabs of a stored key
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.unstubAllGlobals();
  keepApiKey('');
});

test('a submission is one multipart request, answered by the job and its owner token', async () => {
  const job = submit(SUBMISSION, vi.fn());
  expect(request().address).toBe('POST /api/jobs');
  expect(request().headers.get('Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/);
  expect([...(request().body?.keys() ?? [])]).toEqual(['content', 'style_id', 'options']);
  request().answer(202, ACCEPTED);
  expect((await job).owner_token).toBe('token');
});

test('the key of the service is sent where there is one', async () => {
  keepApiKey('secret');
  const job = submit(SUBMISSION, vi.fn());
  expect(request().headers.get('X-API-Key')).toBe('secret');
  request().answer(202, ACCEPTED);
  await job;
});

test('the progress of the upload is told, from the first byte to the last', async () => {
  const shares: number[] = [];
  const job = submit(SUBMISSION, (share) => shares.push(share));
  request().progress(0, 200);
  request().progress(50, 200);
  request().progress(7, 0);
  request().progress(200, 200);
  request().answer(202, ACCEPTED);
  await job;
  expect(shares).toEqual([0, 0.25, 1]);
});

test('a broken connection is tried twice more under the same key, and the progress never falls', async () => {
  const shares: number[] = [];
  const job = submit(SUBMISSION, (share) => shares.push(share));
  request(0).progress(80, 100);
  request(0).fail();
  await vi.advanceTimersByTimeAsync(1_000);
  request(1).progress(30, 100);
  request(1).fail();
  await vi.advanceTimersByTimeAsync(3_000);
  request(2).progress(90, 100);
  request(2).answer(202, ACCEPTED);
  await job;
  expect(shares).toEqual([0.8, 0.9, 1]);
  expect(new Set(FakeRequest.all.map(({ headers }) => headers.get('Idempotency-Key'))).size).toBe(1);
});

test('after the third try it is given up', async () => {
  const job = refused(submit(SUBMISSION, vi.fn()));
  for (const index of [0, 1, 2]) {
    request(index).fail();
    await vi.advanceTimersByTimeAsync(5_000);
  }
  expect(await job).toMatchObject({ status: 0, code: 'offline' });
  expect(FakeRequest.all).toHaveLength(3);
});

test('two submissions have two keys', async () => {
  const jobs = [submit(SUBMISSION, vi.fn()), submit(SUBMISSION, vi.fn())];
  FakeRequest.all.forEach((each) => each.answer(202, ACCEPTED));
  await Promise.all(jobs);
  expect(request(0).headers.get('Idempotency-Key')).not.toBe(request(1).headers.get('Idempotency-Key'));
});

test('a connection over which nothing moves for a minute is tried anew', async () => {
  const job = submit(SUBMISSION, vi.fn());
  await vi.advanceTimersByTimeAsync(50_000);
  request(0).progress(10, 100);
  await vi.advanceTimersByTimeAsync(50_000);
  expect(FakeRequest.all).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(11_000);
  request(1).answer(202, ACCEPTED);
  expect((await job).id).toBe(ACCEPTED.id);
});

test('a proxy whose server restarts is asked again', async () => {
  const job = submit(SUBMISSION, vi.fn());
  request(0).answer(502, '<html>Bad gateway</html>');
  await vi.advanceTimersByTimeAsync(1_000);
  request(1).answer(202, ACCEPTED);
  expect((await job).id).toBe(ACCEPTED.id);
});

test('the page of a hotel network is no accepted job', async () => {
  const job = submit(SUBMISSION, vi.fn());
  request(0).answer(200, '<html>Please log in</html>');
  await vi.advanceTimersByTimeAsync(1_000);
  request(1).answer(202, ACCEPTED);
  await job;
});

test('a refusal is not tried again, and says why', async () => {
  const job = refused(submit(SUBMISSION, vi.fn()));
  const problem = { code: 'queue_full', detail: 'The queue is full.', hint: 'Try later.', status: 503 };
  request().answer(503, problem, { 'Retry-After': '30' });
  expect(await job).toMatchObject({ status: 503, code: 'queue_full', retryAfterSeconds: 30 });
  expect(FakeRequest.all).toHaveLength(1);
});

test('the refusal of a proxy with a smaller limit is said as the API would', async () => {
  const job = refused(submit(SUBMISSION, vi.fn()));
  request().answer(413, '<html>Request Entity Too Large</html>');
  expect(await job).toMatchObject({ status: 413, code: 'too_large' });
});

test('an upload can be stopped', async () => {
  const person = new AbortController();
  const job = refused(submit(SUBMISSION, vi.fn(), person.signal));
  request().progress(10, 100);
  person.abort();
  expect(await job).toMatchObject({ status: 0, code: 'aborted' });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(FakeRequest.all).toHaveLength(1);
});

test('it can be stopped between two tries', async () => {
  const person = new AbortController();
  const job = refused(submit(SUBMISSION, vi.fn(), person.signal));
  request().fail();
  await vi.advanceTimersByTimeAsync(500);
  person.abort();
  expect(await job).toMatchObject({ code: 'aborted' });
  expect(FakeRequest.all).toHaveLength(1);
});

test('what is stopped before it begins sends nothing', async () => {
  expect(await refused(submit(SUBMISSION, vi.fn(), AbortSignal.abort()))).toMatchObject({ code: 'aborted' });
  expect(FakeRequest.all.every(({ body }) => body === null)).toBe(true);
});

test.each([
  ['content', 'photo'],
  ['style[0]', 'painting'],
])('a file that was moved since it was chosen is named: %s', async (field, which) => {
  const gone = new Blob(['x']);
  gone.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException('', 'NotFoundError')) }) as never;
  const submission: Submission = {
    content: which === 'photo' ? gone : content,
    styles: [{ kind: 'file', file: which === 'photo' ? own : gone }],
    options: {},
  };
  const job = refused(submit(submission, vi.fn()));
  request().fail();
  expect(await job).toMatchObject({ code: 'file_gone', field });
  expect(FakeRequest.all).toHaveLength(1);
});

test('uploaded paintings come before those of the gallery, and the shares with them', () => {
  const form = formOf({
    content,
    styles: [
      { kind: 'gallery', id: 'night-wind' },
      { kind: 'file', file: own },
      { kind: 'gallery', id: 'tide-mosaic' },
    ],
    options: { blend: [1, 2, 3], size: 512 },
  });
  expect(JSON.parse(String(form.get('options')))).toEqual({ blend: [2, 1, 3], size: 512 });
  expect(form.getAll('style')).toHaveLength(1);
  expect(form.getAll('style_id')).toEqual(['night-wind', 'tide-mosaic']);
});

test('shares that do not fit the paintings are left for the API to refuse', () => {
  const options = { blend: [1, 2, 3] };
  const form = formOf({ content, styles: [{ kind: 'file', file: own }], options });
  expect(JSON.parse(String(form.get('options')))).toEqual(options);
});

test('the options that were chosen are never changed', () => {
  const options = Object.freeze({ blend: Object.freeze([1, 2]) });
  const styles = [{ kind: 'gallery', id: 'night-wind' } as const, { kind: 'file', file: own } as const];
  expect(JSON.parse(String(formOf({ content, styles, options }).get('options')))).toEqual({ blend: [2, 1] });
});
