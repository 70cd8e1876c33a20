import { afterEach, expect, test, vi } from 'vitest';
import { Refusal, refusalOf } from './refusal';

const PROBLEM = {
  type: 'about#queue_full',
  title: 'Service Unavailable',
  status: 503,
  code: 'queue_full',
  detail: 'There are 100 jobs in the queue.',
  hint: 'Try again later.',
  retry_after_seconds: 30,
};

afterEach(() => vi.useRealTimers());

test('a problem keeps its code, detail, hint and field', () => {
  const refusal = refusalOf(422, { ...PROBLEM, code: 'picture_size', field: 'style[1]' }, null);
  expect(refusal).toBeInstanceOf(Refusal);
  expect(refusal).toMatchObject({
    status: 422,
    code: 'picture_size',
    message: PROBLEM.detail,
    hint: PROBLEM.hint,
    field: 'style[1]',
    retryAfterSeconds: 30,
  });
});

test('what a problem leaves out is empty', () => {
  const refusal = refusalOf(404, { code: 'job_not_found', detail: 'No such job.' }, null);
  expect(refusal).toMatchObject({ hint: '', field: '', retryAfterSeconds: null });
});

test('the header says how long to wait where the problem does not', () => {
  expect(refusalOf(503, { ...PROBLEM, retry_after_seconds: null }, '7').retryAfterSeconds).toBe(7);
});

test('a date in the header is a number of seconds from now', () => {
  vi.useFakeTimers({ now: new Date('2026-11-20T21:50:00Z') });
  expect(refusalOf(503, null, 'Fri, 20 Nov 2026 21:50:20 GMT').retryAfterSeconds).toBe(20);
  expect(refusalOf(503, null, 'Fri, 20 Nov 2026 21:40:00 GMT').retryAfterSeconds).toBe(0);
  expect(refusalOf(503, null, 'soon').retryAfterSeconds).toBeNull();
});

test.each([
  [413, 'too_large'],
  [429, 'too_many_submissions'],
  [502, 'unavailable'],
  [503, 'unavailable'],
  [504, 'unavailable'],
  [418, 'http_418'],
])('the page of a proxy with status %i has the code %s', (status, code) => {
  expect(refusalOf(status, null, null)).toMatchObject({ status, code });
  expect(refusalOf(status, '<html>', null).message).toContain(String(status));
});
