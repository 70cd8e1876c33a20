import { expect, test, vi } from 'vitest';
import { exampleJob } from './example';
import {
  askedIn,
  FakeSource,
  fetched,
  followed,
  hide,
  noNetwork,
  open,
  openInBackground,
  pass,
  refusal,
  serve,
  source,
  start,
  startLive,
  useFollowing,
} from './following';

useFollowing();

test('without a network it is asked at longer and longer intervals, of ten seconds at most', async () => {
  fetched.mockImplementation(noNetwork);
  followed.by.start();
  await pass(0);
  expect(followed.by.connection).toBe('offline');
  expect(followed.by.problem?.code).toBe('offline');
  expect(await askedIn(15_000)).toBe(4); // after 1, 3, 7 and 15 seconds
  expect(await askedIn(100_000)).toBe(10);
  expect(FakeSource.all).toHaveLength(0);
});

test('with the network comes the news, and the problem is forgotten', async () => {
  await start();
  fetched.mockImplementation(noNetwork);
  await pass(60_000);
  expect(followed.by.connection).toBe('offline');
  expect(followed.by.job?.iteration).toBe(12);
  serve(exampleJob({ version: 30, iteration: 50 }));
  window.dispatchEvent(new Event('online'));
  await pass(0);
  expect(followed.by.job?.iteration).toBe(50);
  expect(followed.by).toMatchObject({ connection: 'polling', problem: null });
  source().say(exampleJob({ version: 31 }));
  expect(followed.by.connection).toBe('live');
});

test('a service on this machine is still followed when the network goes', async () => {
  await startLive();
  expect(await askedIn(0)).toBe(0);
  window.dispatchEvent(new Event('offline'));
  await pass(0);
  expect(followed.by.connection).toBe('live');
});

test('when the network goes, and the service with it, that is said at once', async () => {
  await startLive();
  fetched.mockImplementation(noNetwork);
  window.dispatchEvent(new Event('offline'));
  await pass(0);
  expect(followed.by.connection).toBe('offline');
  expect(open()).toBe(0);
});

test('a 503 is waited out as it asks, with the job still there', async () => {
  vi.stubGlobal('EventSource', undefined);
  await start();
  fetched.mockImplementation(() => refusal(503, 'unavailable', { 'Retry-After': '7' }));
  await pass(1_000);
  expect(followed.by.problem?.code).toBe('unavailable');
  expect(followed.by.connection).toBe('polling');
  expect(followed.by.job?.iteration).toBe(12);
  expect(await askedIn(6_900)).toBe(0);
  expect(await askedIn(200)).toBe(1);
});

test('nobody is made to wait longer than a minute', async () => {
  fetched.mockImplementation(() => refusal(503, 'unavailable', { 'Retry-After': '86400' }));
  followed.by.start();
  expect(await askedIn(59_900)).toBe(0);
  expect(await askedIn(200)).toBe(1);
});

test('the 404 of a proxy does not say that the job is gone', async () => {
  fetched.mockImplementation(() => Promise.resolve(new Response('<html>', { status: 404 })));
  followed.by.start();
  await pass(0);
  expect(followed.by.gone).toBeNull();
  serve(exampleJob());
  await pass(1_000);
  expect(followed.by.job?.iteration).toBe(12);
});

test('a hidden tab has no stream and asks every 15 seconds', async () => {
  await startLive();
  hide(true);
  expect(followed.by.connection).toBe('polling');
  expect(open()).toBe(0);
  expect(await askedIn(60_000)).toBe(4);
  expect(open()).toBe(0);
});

test('a hidden tab hears of the end', async () => {
  await startLive();
  hide(true);
  serve(exampleJob({ status: 'succeeded', version: 40 }));
  await pass(15_000);
  expect(followed.by.job?.status).toBe('succeeded');
});

test('a tab that is looked at again has the news at once, and a stream', async () => {
  await startLive();
  hide(true);
  serve(exampleJob({ version: 20, iteration: 33 }));
  hide(false);
  await pass(0);
  expect(followed.by.job?.iteration).toBe(33);
  expect(open()).toBe(1);
});

test('a page that was opened in the background asks once and waits', async () => {
  await openInBackground();
  expect(FakeSource.all).toHaveLength(0);
  expect(await askedIn(14_000)).toBe(0);
});
