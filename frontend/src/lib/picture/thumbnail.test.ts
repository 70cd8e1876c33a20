import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fitted, thumbnail } from './thumbnail';

const picture = new Blob(['picture']);
const small = new Blob(['small'], { type: 'image/jpeg' });
const close = vi.fn();
const context = { fillRect: vi.fn(), drawImage: vi.fn(), fillStyle: '', imageSmoothingQuality: '' };

beforeEach(() => {
  vi.stubGlobal('createImageBitmap', () => Promise.resolve({ width: 4_000, height: 3_000, close }));
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(context as never);
  vi.spyOn(HTMLCanvasElement.prototype, 'toBlob').mockImplementation((give) => give(small));
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.clearAllMocks();
});

test('the long side has the wished length and the shape stays', () => {
  expect(fitted(4_000, 3_000, 320)).toEqual({ width: 320, height: 240 });
  expect(fitted(3_000, 4_000, 320)).toEqual({ width: 240, height: 320 });
});

test('a small picture is not made larger, and a thin one does not vanish', () => {
  expect(fitted(100, 50, 320)).toEqual({ width: 100, height: 50 });
  expect(fitted(10_000, 2, 320)).toEqual({ width: 320, height: 1 });
});

test('a thumbnail is a small JPEG of the whole picture on white', async () => {
  const toBlob = vi.spyOn(HTMLCanvasElement.prototype, 'toBlob');
  expect(await thumbnail(picture)).toBe(small);
  expect(context.fillStyle).toBe('white');
  expect(context.drawImage).toHaveBeenCalledWith(expect.anything(), 0, 0, 320, 240);
  expect(toBlob).toHaveBeenCalledWith(expect.any(Function), 'image/jpeg', expect.any(Number));
  expect(close).toHaveBeenCalledOnce();
});

test('where none can be drawn there is none, and the memory is given back', async () => {
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
  expect(await thumbnail(picture)).toBeNull();
  expect(close).toHaveBeenCalledOnce();
});

test('where the picture cannot be decoded there is none', async () => {
  vi.stubGlobal('createImageBitmap', () => Promise.reject(new Error('broken')));
  class Broken {
    onerror?: () => void;
    set src(_: string) {
      queueMicrotask(() => this.onerror?.());
    }
  }
  vi.stubGlobal('Image', Broken);
  expect(await thumbnail(picture)).toBeNull();
});
