import { expect, test } from 'vitest';
import { secondsFor, secondsToStart } from './estimate';
import { info, queue } from './offer';

test('time grows with the iterations and with the pixels', () => {
  expect(secondsFor({}, info, queue)).toBe(30);
  expect(secondsFor({ iterations: 300 }, info, queue)).toBe(60);
  expect(secondsFor({ size: 1024 }, info, queue)).toBe(120);
});

test('nothing is said where nobody knows', () => {
  expect(secondsFor({}, info, { ...queue, eta: null })).toBeNull();
  expect(secondsFor({}, info, null)).toBeNull();
  expect(secondsFor({}, null, queue)).toBeNull();
  expect(secondsFor({ size: 'large' }, info, queue)).toBeNull();
});

test('a wait is told only where there is one', () => {
  expect(secondsToStart(queue)).toBe(12);
  expect(secondsToStart({ ...queue, eta: { start_seconds: 0.2, done_seconds: 9 } })).toBeNull();
  expect(secondsToStart(null)).toBeNull();
});
