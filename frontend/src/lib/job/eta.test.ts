import { expect, test } from 'vitest';
import { secondsLeft, secondsTaken, shareDone } from './eta';
import { exampleJob } from './example';

test('the time left shrinks between two answers, and not below nothing', () => {
  const job = exampleJob({ eta_seconds: 14.5 });
  expect(secondsLeft(job)).toBe(14.5);
  expect(secondsLeft(job, 4_500)).toBe(10);
  expect(secondsLeft(job, 60_000)).toBe(0);
});

test('a clock that was set back adds no time', () => {
  expect(secondsLeft(exampleJob({ eta_seconds: 10 }), -5_000)).toBe(10);
});

test('a queued job has the time until it starts', () => {
  const job = exampleJob({ status: 'queued', eta_seconds: null, queue: { position: 2, eta_seconds: 61 } });
  expect(secondsLeft(job, 1_000)).toBe(60);
});

test('without experience nobody knows', () => {
  expect(secondsLeft(exampleJob({ eta_seconds: null }))).toBeNull();
  expect(secondsLeft(exampleJob({ status: 'queued', queue: { position: 1, eta_seconds: null } }))).toBeNull();
});

test('the time taken is counted on the one clock of the server', () => {
  const finished_at = '2026-11-20T21:50:35.541Z';
  expect(secondsTaken(exampleJob({ status: 'succeeded', finished_at }))).toBe(20.5);
  expect(secondsTaken(exampleJob())).toBeNull();
});

test('the share done ends at one, also where fewer iterations were needed', () => {
  expect(shareDone(exampleJob({ iteration: 15, total_iterations: 60 }))).toBe(0.25);
  expect(shareDone(exampleJob({ status: 'succeeded', iteration: 40, total_iterations: 60 }))).toBe(1);
  expect(shareDone(exampleJob({ iteration: 0, total_iterations: 0 }))).toBe(0);
});
