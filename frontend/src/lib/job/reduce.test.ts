import { expect, test } from 'vitest';
import { exampleJob } from './example';
import { newer } from './reduce';

test('the first one seen is taken', () => {
  const seen = exampleJob();
  expect(newer(null, seen)).toBe(seen);
});

test('a higher version is taken', () => {
  const seen = exampleJob({ version: 8 });
  expect(newer(exampleJob({ version: 7 }), seen)).toBe(seen);
});

test('a lower version, which overtook nothing, is left out', () => {
  const known = exampleJob({ version: 8 });
  expect(newer(known, exampleJob({ version: 7 }))).toBe(known);
});

test('the same version twice is the same object, so that nothing is drawn again', () => {
  const known = exampleJob();
  expect(newer(known, exampleJob({ eta_seconds: 3 }))).toBe(known);
});

test('a new place in the queue is news although the version is the same', () => {
  const known = exampleJob({ status: 'queued', queue: { position: 3, eta_seconds: 90 } });
  const seen = exampleJob({ status: 'queued', queue: { position: 2, eta_seconds: 60 } });
  expect(newer(known, seen)).toBe(seen);
});

test('another job is never mixed up with the known one', () => {
  const seen = exampleJob({ id: 'f'.repeat(32), version: 1 });
  expect(newer(exampleJob({ version: 7 }), seen)).toBe(seen);
});
