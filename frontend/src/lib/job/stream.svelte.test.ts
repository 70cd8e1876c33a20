import { flushSync } from 'svelte';
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
  pass,
  serve,
  source,
  start,
  startLive,
  useFollowing,
} from './following';

useFollowing();

test('while the stream speaks nothing is asked', async () => {
  await startLive();
  expect(followed.by.connection).toBe('live');
  expect(await askedIn(20_000)).toBe(0);
});

test('the stream feeds the same job', async () => {
  await startLive();
  source().say(exampleJob({ version: 8, iteration: 20, frames: [0, 10, 20] }));
  expect(followed.by.job?.frames).toEqual([0, 10, 20]);
});

test('versions never go backwards, whoever tells', async () => {
  await startLive();
  source().say(exampleJob({ version: 20, iteration: 40 }));
  source().say(exampleJob({ version: 9, iteration: 14 }));
  expect(followed.by.job?.iteration).toBe(40);
  serve(exampleJob({ version: 8, iteration: 13 }));
  await followed.by.refresh();
  expect(followed.by.job?.iteration).toBe(40);
});

test('the same event again draws nothing again', async () => {
  await start();
  let drawn = 0;
  const end = $effect.root(() => {
    $effect(() => {
      if (followed.by.job) drawn += 1;
    });
  });
  flushSync();
  for (let again = 0; again < 5; again += 1) {
    source().say(exampleJob());
    flushSync();
  }
  expect(drawn).toBe(1);
  end();
});

test('events that cannot be read, or are of another job, are passed over', async () => {
  await start();
  source().sayText('{"id": "5b1');
  source().sayText('null');
  source().say(exampleJob({ id: 'f'.repeat(32), version: 99 }));
  expect(followed.by.job?.version).toBe(7);
  expect(followed.by.connection).toBe('polling');
});

test('the end by the stream closes everything', async () => {
  await startLive();
  source().say(exampleJob({ status: 'failed', version: 8 }));
  expect(open()).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('a job that is over is shown without a stream', async () => {
  await start(exampleJob({ status: 'cancelled' }));
  expect(followed.by.job?.status).toBe('cancelled');
  expect(FakeSource.all).toHaveLength(0);
});

test('a stream closed for good by a 503 is replaced by polling, and tried again after 30 seconds', async () => {
  await startLive();
  source().refuse();
  expect(followed.by.connection).toBe('polling');
  expect(await askedIn(29_000)).toBeGreaterThanOrEqual(28);
  expect(FakeSource.all).toHaveLength(1);
  await pass(2_000);
  expect(FakeSource.all).toHaveLength(2);
  source().say(exampleJob({ version: 8 }));
  expect(followed.by.connection).toBe('live');
});

test('while a dropped stream comes back by itself, polling goes on', async () => {
  await startLive();
  source().drop();
  expect(followed.by.connection).toBe('polling');
  expect(await askedIn(2_000)).toBe(2);
  source().say(exampleJob({ version: 8 }));
  expect(followed.by.connection).toBe('live');
  expect(FakeSource.all).toHaveLength(1);
});

test('a stream that never says anything, as behind a proxy that keeps it back, is closed and tried later', async () => {
  await start();
  expect(await askedIn(25_000)).toBeGreaterThanOrEqual(24);
  expect(open()).toBe(0);
  await pass(30_000);
  expect(FakeSource.all).toHaveLength(2);
});

test('a stream is silent because nothing happens: one question, and it stays', async () => {
  await startLive();
  expect(await askedIn(25_000)).toBe(1);
  expect(followed.by.connection).toBe('live');
  expect(open()).toBe(1);
  expect(await askedIn(25_000)).toBe(1);
});

test('a stream is silent because something holds it back: polling takes over', async () => {
  await startLive();
  serve(exampleJob({ version: 12, iteration: 30 }));
  await pass(25_000);
  expect(followed.by.job?.iteration).toBe(30);
  expect(followed.by.connection).toBe('polling');
  expect(open()).toBe(0);
  expect(await askedIn(5_000)).toBe(5);
});

test('a stream is silent because the network is gone: that is said', async () => {
  await startLive();
  fetched.mockImplementation(noNetwork);
  await pass(25_000);
  expect(followed.by.connection).toBe('offline');
  serve(exampleJob({ version: 8 }));
  await pass(2_000);
  expect(followed.by.job?.version).toBe(8);
  expect(open()).toBe(1);
});

test('a stream that was refused is not tried sooner because a tab was hidden', async () => {
  await startLive();
  source().refuse();
  hide(true);
  hide(false);
  await pass(5_000);
  expect(open()).toBe(0);
});
