/** Why a request was not granted: the API's own problem, or that no answer came at all. */
import type { Problem } from './types';

interface Reasons {
  status: number;
  code: string;
  detail: string;
  hint?: string;
  field?: string;
  retryAfterSeconds?: number | null;
}

export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** 0 where no answer came. */
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  /** The part of the request that is meant, such as `content` or `style[1]`; empty for the whole. */
  readonly field: string;
  readonly retryAfterSeconds: number | null;

  constructor({ status, code, detail, hint = '', field = '', retryAfterSeconds = null }: Reasons) {
    super(detail);
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.field = field;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No network, no server, or an answer that is none of ours. */
export const noAnswer = (): Refusal =>
  new Refusal({
    status: 0,
    code: 'offline',
    detail: 'The service does not answer.',
    hint: 'Check your connection; the page tries again by itself.',
  });

/** The page itself gave up asking. */
export const stopped = (): Refusal => new Refusal({ status: 0, code: 'aborted', detail: 'Stopped.' });

/** The refusal that an answer stands for; a proxy before the API may answer something else than a problem. */
export function refusalOf(status: number, body: unknown, retryAfter: string | null): Refusal {
  const seconds = secondsOf(retryAfter);
  if (!isProblem(body)) {
    return new Refusal({
      status,
      code: CODES[status] ?? `http_${status}`,
      detail: `The service answered with status ${status}.`,
      retryAfterSeconds: seconds,
    });
  }
  return new Refusal({
    status,
    code: body.code,
    detail: body.detail,
    hint: body.hint ?? '',
    field: body.field ?? '',
    retryAfterSeconds: body.retry_after_seconds ?? seconds,
  });
}

const CODES: Readonly<Record<number, string>> = {
  413: 'too_large',
  429: 'too_many_submissions',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

function isProblem(body: unknown): body is Partial<Problem> & Pick<Problem, 'code' | 'detail'> {
  if (typeof body !== 'object' || body === null) return false;
  const { code, detail } = body as Record<string, unknown>;
  return typeof code === 'string' && typeof detail === 'string';
}

/** `Retry-After` is a number of seconds, or a date. */
function secondsOf(retryAfter: string | null): number | null {
  if (!retryAfter) return null;
  const seconds = /^\s*\d+(\.\d+)?\s*$/.test(retryAfter)
    ? Number(retryAfter)
    : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}
