import { afterEach, expect, test, vi } from 'vitest';
import { apiKey, keepApiKey, keyHeaders } from './key';

afterEach(() => {
  vi.restoreAllMocks();
  keepApiKey('');
});

test('without a key nothing is sent', () => {
  expect(apiKey()).toBe('');
  expect(keyHeaders()).toEqual({});
});

test('a key is kept without the blanks around it, and sent', () => {
  keepApiKey('  secret ');
  expect(keyHeaders()).toEqual({ 'X-API-Key': 'secret' });
  expect(localStorage.getItem('nst.key')).toBe('secret');
});

test('an empty key forgets it', () => {
  keepApiKey('secret');
  keepApiKey('');
  expect(keyHeaders()).toEqual({});
  expect(localStorage.getItem('nst.key')).toBeNull();
});

test('a browser that keeps nothing still sends it', () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('no', 'SecurityError');
  });
  keepApiKey('secret');
  expect(apiKey()).toBe('secret');
});

test('a later visit finds the key again', async () => {
  localStorage.setItem('nst.key', 'kept');
  vi.resetModules();
  expect((await import('./key')).apiKey()).toBe('kept');
  localStorage.removeItem('nst.key');
});
