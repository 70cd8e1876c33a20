import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import type { Job } from '../api/types';
import { exampleJob, ID } from './example';
import {
  answer,
  askedIn,
  FakeSource,
  fetched,
  followed,
  hide,
  open,
  pass,
  refusal,
  serve,
  source,
  start,
  startLive,
  useFollowing,
} from './following';

useFollowing();

test('before the first answer nothing is known', () => {
  expect(followed.by).toMatchObject({ job: null, connection: 'connecting', gone: null, problem: null });
});

test('the first answer shows the job and opens one stream', async () => {
  await start();
  expect(followed.by.job?.iteration).toBe(12);
  expect(followed.by.connection).toBe('polling');
  expect(FakeSource.all.map(({ address }) => address)).toEqual([`/api/jobs/${ID}/events`]);
});

test('starting twice follows once', async () => {
  serve(exampleJob());
  followed.by.start();
  followed.by.start();
  await pass(0);
  expect(fetched).toHaveBeenCalledTimes(1);
  expect(FakeSource.all).toHaveLength(1);
});

test('without a stream a running job is asked for every second', async () => {
  vi.stubGlobal('EventSource', undefined);
  await start();
  expect(await askedIn(10_000)).toBe(10);
});

test('without a stream a queued job is asked for every two seconds', async () => {
  vi.stubGlobal('EventSource', undefined);
  await start(exampleJob({ status: 'queued', queue: { position: 2, eta_seconds: null } }));
  expect(await askedIn(10_000)).toBe(5);
});

test('polling alone follows a job to its end', async () => {
  vi.stubGlobal('EventSource', undefined);
  await start(exampleJob({ status: 'queued', version: 1, queue: { position: 1, eta_seconds: 3 } }));
  serve(exampleJob({ version: 2 }));
  await pass(2_000);
  expect(followed.by.job?.status).toBe('running');
  serve(exampleJob({ status: 'succeeded', version: 9 }));
  await pass(1_000);
  expect(followed.by.job?.status).toBe('succeeded');
  expect(await askedIn(60_000)).toBe(0);
});

test('the ETag is shown, and a 304 changes nothing', async () => {
  await start();
  const known = followed.by.job;
  await pass(1_000);
  expect(new Headers(fetched.mock.lastCall?.[1].headers).get('If-None-Match')).toBe('W/"7-0"');
  expect(followed.by.job).toBe(known);
  expect(followed.by.connection).toBe('polling');
});

test.each([
  [410, 'job_purged', 'purged'],
  [404, 'job_not_found', 'unknown'],
] as const)('after %i %s nothing is asked any more', async (status, code, gone) => {
  await start();
  fetched.mockImplementation(() => refusal(status, code));
  await pass(1_000);
  expect(followed.by.gone).toBe(gone);
  expect(followed.by.job?.iteration).toBe(12);
  expect(await askedIn(60_000)).toBe(0);
  expect(open()).toBe(0);
});

test('a finished job that is asked for later may be gone', async () => {
  await start(exampleJob({ status: 'succeeded' }));
  fetched.mockImplementation(() => refusal(410, 'job_purged'));
  await followed.by.refresh();
  expect(followed.by.gone).toBe('purged');
});

test('an answer that comes after a newer question is not heard', async () => {
  await start();
  let late: (response: Response) => void = () => undefined;
  fetched.mockImplementationOnce(() => new Promise((resolve) => (late = resolve)));
  const first = followed.by.refresh();
  serve(exampleJob({ version: 20, iteration: 33 }));
  await followed.by.refresh();
  late(await answer(exampleJob({ version: 99, iteration: 1 })));
  await first;
  expect(followed.by.job?.iteration).toBe(33);
});

test('after stopping nothing changes and nobody listens', async () => {
  const removed = vi.spyOn(window, 'removeEventListener');
  await startLive();
  let late: (response: Response) => void = () => undefined;
  fetched.mockImplementationOnce(() => new Promise((resolve) => (late = resolve)));
  void followed.by.refresh();
  followed.by.stop();
  late(await answer(exampleJob({ version: 99 })));
  await pass(0);
  expect(followed.by.job?.version).toBe(7);
  expect(removed.mock.calls.map(([name]) => name)).toEqual(expect.arrayContaining(['online', 'offline']));
  hide(true);
  hide(false);
  window.dispatchEvent(new Event('online'));
  expect(await askedIn(60_000)).toBe(0);
});

test('it can be started again after stopping', async () => {
  await startLive();
  followed.by.stop();
  serve(exampleJob({ version: 10 }));
  followed.by.start();
  await pass(0);
  expect(followed.by.job?.version).toBe(10);
  expect(open()).toBe(1);
});

test('what an action answered is news like any other', async () => {
  await startLive();
  followed.by.accept(exampleJob({ version: 8, cancel_requested: true }));
  expect(followed.by.job?.cancel_requested).toBe(true);
  followed.by.accept(exampleJob({ version: 9, status: 'cancelled' }));
  expect(open()).toBe(0);
});

test('the moment of the last news is not moved by a wrong clock, nor by no news', async () => {
  await startLive();
  const heard = followed.by.heardAt;
  vi.setSystemTime(new Date('2001-01-01T00:00:00Z'));
  await pass(5_000);
  source().say(exampleJob());
  expect(followed.by.heardAt).toBe(heard);
  source().say(exampleJob({ version: 8 }));
  expect(followed.by.heardAt - heard).toBe(5_000);
});

test('a thousand updates leave nothing behind', async () => {
  const listened = vi.spyOn(document, 'addEventListener');
  await startLive();
  const timers = vi.getTimerCount();
  const seen: WeakRef<Job>[] = [];
  const frames: number[] = [];
  for (let version = 8; version < 1_008; version += 1) {
    frames.push(version);
    source().say(exampleJob({ version, frames }));
    if (followed.by.job) seen.push(new WeakRef(followed.by.job));
  }
  expect(followed.by.job?.version).toBe(1_007);
  expect(vi.getTimerCount()).toBe(timers);
  expect(FakeSource.all).toHaveLength(1);
  expect(listened).toHaveBeenCalledTimes(1);

  vi.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve));
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  expect(seen.filter((each) => each.deref()).length).toBeLessThan(5);
  followed.by.stop();
  vi.useFakeTimers();
});
