import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Limits } from '../api/types';
import { checkPicture } from './check';

const LIMITS: Limits = {
  api_key_needed: false,
  formats: ['JPEG', 'PNG', 'WEBP'],
  key_ttl_seconds: 86_400,
  max_batch: 50,
  max_iterations: 2_000,
  max_open_per_client: 0,
  max_pixels: 50_000_000,
  max_queued: 100,
  max_size: 2_048,
  max_styles: 4,
  max_upload_bytes: 20_000_000,
  min_side: 16,
  result_ttl_seconds: 86_400,
  submits_per_minute: 0,
};

/** As much of a PNG as its header. */
function png(width: number, height: number, name = 'photo.jpg', length = 64): File {
  const bytes = new Uint8Array(length);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  new DataView(bytes.buffer).setUint32(16, width);
  new DataView(bytes.buffer).setUint32(20, height);
  return new File([bytes], name);
}

const close = vi.fn();
const bitmap = vi.fn<(file: Blob) => Promise<unknown>>();

const problemOf = async (file: Blob & { name?: string }, limits = LIMITS): Promise<string> => {
  const checked = await checkPicture(file, limits);
  return checked.ok ? '' : checked.problem;
};

beforeEach(() => {
  bitmap.mockImplementation(() => Promise.resolve({ width: 640, height: 480, close }));
  vi.stubGlobal('createImageBitmap', bitmap);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.clearAllMocks();
});

test('a good picture has its dimensions as people see it, and its memory is given back', async () => {
  expect(await checkPicture(png(480, 640), LIMITS)).toEqual({ ok: true, width: 640, height: 480 });
  expect(close).toHaveBeenCalledOnce();
});

test('an empty file is called empty', async () => {
  expect(await problemOf(new File([], 'photo.jpg'))).toMatch(/^“photo\.jpg” is empty/);
});

test('a text that is called a picture is no picture', async () => {
  const problem = await problemOf(new File(['Dear photo'], 'photo.jpg'));
  expect(problem).toBe('“photo.jpg” is not a picture, whatever its name says. Choose a JPEG, PNG or WebP.');
  expect(bitmap).not.toHaveBeenCalled();
});

test.each([
  ['GIF89a', 'is a GIF'],
  ['%PDF-1.7', 'is a PDF'],
  ['<svg>', 'is an SVG drawing'],
  ['\0\0\0\0ftypheic', 'HEIC photo'],
  ['\0\0\0\0ftypavif', 'an AVIF picture'],
])('another kind of file is named: %j', async (text, named) => {
  const problem = await problemOf(new File([text], 'photo.jpg'));
  expect(problem).toContain(named);
  expect(problem).toContain('JPEG, PNG or WebP');
});

test('a kind that this service does not take is refused although the browser knows it', async () => {
  expect(await problemOf(png(640, 480), { ...LIMITS, formats: ['JPEG'] })).toBe(
    '“photo.jpg” is a PNG. Choose a JPEG.',
  );
});

test('too many bytes are told with the number and the limit', async () => {
  const problem = await problemOf(png(640, 480, 'photo.jpg', 4_200), { ...LIMITS, max_upload_bytes: 2_000 });
  expect(problem).toMatch(/^“photo\.jpg” has 4 kB; the most is 2 kB\./);
});

test('too many pixels are found without decoding them', async () => {
  expect(await problemOf(png(9_000, 9_000))).toMatch(
    /^“photo\.jpg” has 9000 × 9000 pixels; the most is 50 megapixels\./,
  );
  expect(bitmap).not.toHaveBeenCalled();
});

test('too many pixels are found also where the header does not tell', async () => {
  bitmap.mockImplementation(() => Promise.resolve({ width: 9_000, height: 9_000, close }));
  const jpeg = new File([new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 2, 0, 0])], 'photo.jpg');
  expect(await problemOf(jpeg)).toContain('9000 × 9000');
});

test('too few pixels are told with the least', async () => {
  expect(await problemOf(png(640, 8))).toMatch(/only 640 × 8 pixels; each side needs at least 16/);
});

test('exactly the limits are fine', async () => {
  bitmap.mockImplementation(() => Promise.resolve({ width: 16, height: 3_125_000, close }));
  expect(await problemOf(png(16, 3_125_000, 'a.png', 64), { ...LIMITS, max_upload_bytes: 64 })).toBe('');
});

test('a damaged picture is called damaged', async () => {
  bitmap.mockRejectedValue(new DOMException('no', 'InvalidStateError'));
  stubImage(false);
  expect(await problemOf(png(640, 480))).toMatch(/^“photo\.jpg” is damaged/);
});

test('what only an element can decode is fine', async () => {
  bitmap.mockRejectedValue(new DOMException('no', 'InvalidStateError'));
  stubImage(true);
  const revoked = vi.spyOn(URL, 'revokeObjectURL');
  expect(await checkPicture(png(640, 480), LIMITS)).toEqual({ ok: true, width: 300, height: 200 });
  expect(revoked).toHaveBeenCalledOnce();
});

test('an old browser without createImageBitmap checks by an element', async () => {
  vi.stubGlobal('createImageBitmap', undefined);
  stubImage(true);
  expect((await checkPicture(png(640, 480), LIMITS)).ok).toBe(true);
});

test('a folder cannot be read, and that is said', async () => {
  const folder = new File([], 'holiday');
  folder.slice = () =>
    ({ arrayBuffer: () => Promise.reject(new DOMException('', 'NotReadableError')) }) as never;
  expect(await problemOf(folder)).toMatch(/^“holiday” cannot be read\. It may be a folder/);
});

test('a picture without a name, as one that was pasted, is this file', async () => {
  expect(await problemOf(new Blob(['text']))).toMatch(/^This file is not a picture/);
});

test('a long name keeps its beginning and its end', async () => {
  const problem = await problemOf(new File(['text'], `${'holiday-'.repeat(20)}at-the-sea.jpg`));
  expect(problem).toMatch(/^“holiday-holiday-holiday-…-the-sea\.jpg” is/);
});

function stubImage(loads: boolean): void {
  class FakeImage {
    naturalWidth = 300;
    naturalHeight = 200;
    onload?: () => void;
    onerror?: () => void;
    set src(_: string) {
      queueMicrotask(() => (loads ? this.onload?.() : this.onerror?.()));
    }
  }
  vi.stubGlobal('Image', FakeImage);
}
