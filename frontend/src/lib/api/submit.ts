/** Send a photo and its paintings. `fetch` cannot say how far an upload is, so this one call is an `XMLHttpRequest`. */
import { newKey, parsed } from './client';
import { keyHeaders } from './key';
import { noAnswer, Refusal, refusalOf, stopped } from './refusal';
import type { Options, Submitted } from './types';

export type StyleChoice =
  { readonly kind: 'file'; readonly file: Blob } | { readonly kind: 'gallery'; readonly id: string };

export interface Submission {
  readonly content: Blob;
  readonly styles: readonly StyleChoice[];
  readonly options: Options;
}

/** Before each further try after no answer came. */
const PAUSES_MS = [1_000, 3_000];
/** A connection over which nothing moves for so long is none. */
const STALLED_MS = 60_000;

/** The accepted job. The same submission is tried up to three times, under one key, so that it is never painted twice. */
export async function submit(
  submission: Submission,
  onProgress: (share: number) => void,
  signal?: AbortSignal,
): Promise<Submitted> {
  const key = newKey();
  const report = onlyForward(onProgress);
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await send(submission, key, report, signal);
    } catch (thrown) {
      if (!(thrown instanceof Refusal) || thrown.code !== 'offline') throw thrown;
      await checkReadable(submission);
      const pause = PAUSES_MS[attempt];
      if (pause === undefined) throw thrown;
      await wait(pause, signal);
    }
  }
}

/** The multipart body. The API puts uploaded paintings before those of the gallery, so the shares follow that order. */
export function formOf({ content, styles, options }: Submission): FormData {
  const shares = options['blend'];
  const pairs = styles.map((style, index) => ({
    style,
    share: Array.isArray(shares) ? shares[index] : null,
  }));
  const files = pairs.filter(({ style }) => style.kind === 'file');
  const ordered = [...files, ...pairs.filter(({ style }) => style.kind === 'gallery')];
  const sent =
    Array.isArray(shares) && shares.length === styles.length
      ? { ...options, blend: ordered.map(({ share }) => share as unknown) }
      : options;

  const form = new FormData();
  form.append('content', content);
  for (const { style } of ordered) {
    if (style.kind === 'file') form.append('style', style.file);
    else form.append('style_id', style.id);
  }
  form.append('options', JSON.stringify(sent));
  return form;
}

function send(
  submission: Submission,
  key: string,
  report: (share: number) => void,
  signal: AbortSignal | undefined,
): Promise<Submitted> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(stopped());
    const request = new XMLHttpRequest();
    const abort = (): void => request.abort();
    const watch = watchdog(abort);
    request.upload.onprogress = ({ lengthComputable, loaded, total }) => {
      watch.feed();
      if (lengthComputable && total > 0) report(loaded / total);
    };
    request.upload.onload = () => report(1);
    request.onload = () => {
      const answer = parsed(request.responseText);
      if (request.status === 202 && isSubmitted(answer)) resolve(answer);
      else reject(refused(request, answer));
    };
    request.onerror = () => reject(noAnswer());
    request.onabort = () => reject(signal?.aborted ? stopped() : noAnswer());
    request.onloadend = () => {
      watch.stop();
      signal?.removeEventListener('abort', abort);
    };
    signal?.addEventListener('abort', abort, { once: true });
    request.open('POST', '/api/jobs');
    request.setRequestHeader('Idempotency-Key', key);
    for (const [name, value] of Object.entries(keyHeaders())) request.setRequestHeader(name, value);
    request.send(formOf(submission));
  });
}

/** What a proxy says while the API restarts, or a page that is none of ours, is no answer: the same again may help. */
function refused(request: XMLHttpRequest, answer: unknown): Refusal {
  const refusal = refusalOf(request.status, answer, request.getResponseHeader('Retry-After'));
  const foreign = refusal.status < 300 || (answer === null && [502, 504].includes(refusal.status));
  return foreign ? noAnswer() : refusal;
}

function isSubmitted(answer: unknown): answer is Submitted {
  return typeof answer === 'object' && answer !== null && 'id' in answer && 'owner_token' in answer;
}

function onlyForward(onProgress: (share: number) => void): (share: number) => void {
  let most = -1;
  return (share) => {
    if (share <= most) return;
    most = share;
    onProgress(share);
  };
}

function watchdog(bark: () => void): { feed: () => void; stop: () => void } {
  let timer = setTimeout(bark, STALLED_MS);
  const stop = (): void => clearTimeout(timer);
  const feed = (): void => {
    stop();
    timer = setTimeout(bark, STALLED_MS);
  };
  return { feed, stop };
}

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = (): void => {
      clearTimeout(timer);
      reject(stopped());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', give);
      resolve();
    }, milliseconds);
    if (signal?.aborted) give();
    else signal?.addEventListener('abort', give, { once: true });
  });
}

/** A browser reports a file that was moved or changed since it was chosen like a broken connection. */
async function checkReadable({ content, styles }: Submission): Promise<void> {
  const files = styles.flatMap((style) => (style.kind === 'file' ? [style.file] : []));
  for (const [index, file] of [content, ...files].entries()) {
    try {
      await file.slice(0, 1).arrayBuffer();
    } catch {
      throw new Refusal({
        status: 0,
        code: 'file_gone',
        detail: 'This file was moved or changed after you chose it.',
        hint: 'Choose it again.',
        field: index === 0 ? 'content' : `style[${index - 1}]`,
      });
    }
  }
}
