import { describe, expect, test } from 'vitest';
import { refusalOf, Refusal, noAnswer } from './api/refusal';
import { words } from './words';

const { common, problems } = words;

describe('sizes', () => {
  test.each([
    [1, '1 byte'],
    [999, '999 bytes'],
    [2_000, '2 kB'],
    [999_499, '999 kB'],
    [999_600, '1 MB'],
    [2_140_000, '2.1 MB'],
    [9_960_000, '10 MB'],
    [26_214_400, '26 MB'],
    [1_500_000_000, '1.5 GB'],
  ])('%i bytes are %s', (bytes, said) => expect(common.bytes(bytes)).toBe(said));

  test('pixels and dimensions', () => {
    expect(common.pixels(50_000_000)).toBe('50 megapixels');
    expect(common.pixels(1_250_000)).toBe('1.3 megapixels');
    expect(common.dimensions(512, 384)).toBe('512 × 384');
  });
});

describe('durations', () => {
  test.each([
    [0, 'a few seconds'],
    [4.9, 'a few seconds'],
    [7, '5 s'],
    [35, '35 s'],
    [57.4, '55 s'],
    [58, 'about 1 min'],
    [125, 'about 2 min'],
    [3_560, 'about 59 min'],
    [3_575, 'about 1 h'],
    [4_800, 'about 1 h 20 min'],
    [6_900, 'about 2 h'],
    [86_400, 'about 1 day'],
    [260_000, 'about 3 days'],
  ])('an estimate of %d s is %s', (seconds, said) => expect(common.about(seconds)).toBe(said));

  test.each([
    [0.42, '0.4 s'],
    [35.4, '35 s'],
    [59.6, '1 min'],
    [125, '2 min 5 s'],
    [4_830, '1 h 20 min'],
  ])('%d s that were measured are %s', (seconds, said) => expect(common.duration(seconds)).toBe(said));

  test.each([
    [0, ''],
    [3.31, '3.3 iterations a second'],
    [1, '1 iteration a second'],
    [0.5, '2 s for each iteration'],
    [0.05, '20 s for each iteration'],
  ])('%d iterations per second are said as %j', (speed, said) => expect(common.speed(speed)).toBe(said));
});

describe('numbers', () => {
  test('counts have their plural', () => {
    expect(common.count(1, 'picture')).toBe('1 picture');
    expect(common.count(1_200, 'picture')).toBe('1,200 pictures');
    expect(common.count(0, 'photo', 'photos')).toBe('0 photos');
  });

  test.each([
    [1, '1st'],
    [2, '2nd'],
    [3, '3rd'],
    [4, '4th'],
    [11, '11th'],
    [13, '13th'],
    [21, '21st'],
    [112, '112th'],
  ])('%i is the %s', (value, said) => expect(common.ordinal(value)).toBe(said));

  test('a share is never rounded up to the end', () => {
    expect(common.percent(0.999)).toBe('99 %');
    expect(common.percent(1.2)).toBe('100 %');
    expect(common.percent(-1)).toBe('0 %');
  });
});

describe('moments', () => {
  const now = Date.parse('2026-11-20T12:00:00Z');
  test.each([
    ['2026-11-20T11:59:40Z', 'just now'],
    ['2026-11-20T11:55:00Z', '5 minutes ago'],
    ['2026-11-20T09:00:00Z', '3 hours ago'],
    ['2026-11-19T09:00:00Z', 'yesterday'],
    ['2026-11-10T09:00:00Z', '10 days ago'],
  ])('%s was %s', (iso, said) => expect(common.ago(iso, now)).toBe(said));

  test('a clock that runs behind does not make it the future', () => {
    expect(common.ago('2026-11-20T18:00:00Z', now)).toBe('just now');
  });

  test('a date is written out', () => expect(common.moment('2026-11-20T12:00:00Z')).toMatch(/20 Nov 2026/));
});

describe('problems', () => {
  const full = new Refusal({ status: 503, code: 'queue_full', detail: 'Full.', retryAfterSeconds: 30 });

  test('say what happened and what to do', () => {
    expect(problems.refusal(noAnswer())).toEqual({
      what: 'The service does not answer.',
      todo: 'Check your connection and try again; nothing you chose is lost.',
    });
  });

  test('say how long to wait where the service does', () => {
    expect(problems.sentence(full)).toContain('Try again in 30 s.');
    expect(problems.sentence(refusalOf(503, null, null))).toContain('Try again in a moment.');
  });

  test('are in the words of the API where there are no better ones', () => {
    const detail = 'The photo: it has 9000 x 9000 pixels.';
    const refusal = new Refusal({
      status: 422,
      code: 'picture_size',
      detail,
      hint: 'Bring it to another size.',
    });
    expect(problems.sentence(refusal)).toBe(`${detail} Bring it to another size.`);
    expect(problems.sentence(new Refusal({ status: 418, code: 'http_418', detail: 'Odd.' }))).toBe('Odd.');
  });

  test('of a failed job say what to try', () => {
    const failure = { code: 'device', message: 'CUDA out of memory', hint: 'A smaller size.' };
    expect(problems.failure(failure).todo).toMatch(/smaller size/);
    const rare = { code: 'invalid_option', message: 'blend needs two shares', hint: 'Leave it out.' };
    expect(problems.failure(rare)).toEqual({ what: rare.message, todo: rare.hint });
  });
});
