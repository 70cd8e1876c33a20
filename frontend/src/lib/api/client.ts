/** The API, typed by its own document. Every function throws a `Refusal`, and nothing else. */
import { keyHeaders } from './key';
import { noAnswer, Refusal, refusalOf, stopped } from './refusal';
import type { paths } from './schema';
import type { Job, Limits, Options, OptionsInfo, Photo, QueueInfo, Style, Submitted } from './types';

const PATIENCE_MS = 20_000;

interface Json<A> {
  content: { 'application/json': A };
}
type Path = keyof paths;
/** What the document says that a `GET` or a `POST` answers. */
type Got<P extends Path> = paths[P] extends { get: { responses: { 200: Json<infer A> } } } ? A : never;
type Posted<P extends Path> = paths[P] extends { post: { responses: { 202: Json<infer A> } } } ? A : never;

export const getStyles = async (): Promise<readonly Style[]> => (await get('/api/styles')).styles;
export const getPhotos = async (): Promise<readonly Photo[]> => (await get('/api/photos')).photos;
export const getLimits = (): Promise<Limits> => get('/api/limits');
export const getOptions = (): Promise<OptionsInfo> => get('/api/options');
export const getQueue = (): Promise<QueueInfo> => get('/api/queue');

export interface Seen {
  readonly job: Job;
  readonly etag: string | null;
}

/** The job as it is, or that nothing has changed since the answer with this `etag`. */
export async function getJob(
  id: string,
  etag: string | null = null,
  signal?: AbortSignal,
): Promise<Seen | 'unchanged'> {
  const headers: Record<string, string> = etag ? { 'If-None-Match': etag } : {};
  const { response, body } = await ask(at('/api/jobs/{id}', id), { headers, cache: 'no-store' }, signal);
  if (response.status === 304) return 'unchanged';
  return { job: existing<Got<'/api/jobs/{id}'>>(body), etag: response.headers.get('ETag') };
}

/** The job, which stops; one that was cancelled before is no error. */
export const cancelJob = (id: string, ownerToken: string): Promise<Job> =>
  post('/api/jobs/{id}/cancel', id, { headers: { 'X-Owner-Token': ownerToken } });

/** Delete a job that is over, with all its pictures, for good. */
export async function deleteJob(id: string, ownerToken: string): Promise<void> {
  await ask(at('/api/jobs/{id}', id), { method: 'DELETE', headers: { 'X-Owner-Token': ownerToken } });
}

/** A new job of the same pictures, with these options over the old ones. */
export function retryJob(id: string, ownerToken: string, changes: Options = {}): Promise<Submitted> {
  const headers = {
    'Content-Type': 'application/json',
    'Idempotency-Key': newKey(),
    'X-Owner-Token': ownerToken,
    ...keyHeaders(),
  };
  return post('/api/jobs/{id}/retry', id, { headers, body: JSON.stringify({ options: changes }) });
}

async function get<P extends Path>(path: P): Promise<Got<P>> {
  return existing<Got<P>>((await ask(path)).body);
}

async function post<P extends Path>(path: P, id: string, init: RequestInit): Promise<Posted<P>> {
  return existing<Posted<P>>((await ask(at(path, id), { ...init, method: 'POST' })).body);
}

const at = (path: Path, id: string): string => path.replace('{id}', encodeURIComponent(id));

/** The page of a proxy or of a hotel's network may come with status 200. */
function existing<A>(body: unknown): A {
  if (typeof body !== 'object' || body === null) throw noAnswer();
  return body as A;
}

interface Answer {
  readonly response: Response;
  readonly body: unknown;
}

/** An answer in time that grants what was asked, or 304. */
async function ask(path: string, init: RequestInit = {}, outer?: AbortSignal): Promise<Answer> {
  if (outer?.aborted) throw stopped();
  const own = new AbortController();
  const abort = (): void => own.abort();
  const timer = setTimeout(abort, PATIENCE_MS);
  outer?.addEventListener('abort', abort, { once: true });
  try {
    const response = await fetch(path, { ...init, signal: own.signal });
    const body = parsed(await response.text());
    if (response.ok || response.status === 304) return { response, body };
    throw refusalOf(response.status, body, response.headers.get('Retry-After'));
  } catch (thrown) {
    if (thrown instanceof Refusal) throw thrown;
    throw outer?.aborted ? stopped() : noAnswer();
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', abort);
  }
}

/** Null for what is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** An `Idempotency-Key`; `crypto.randomUUID` is missing where the page came over plain HTTP from another machine. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
