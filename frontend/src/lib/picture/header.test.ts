import { expect, test } from 'vitest';
import { readHeader } from './header';

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  new Uint8Array(
    parts.flatMap((part) => (typeof part === 'string' ? [...part].map((c) => c.charCodeAt(0)) : part)),
  );

const PNG = '\x89PNG\r\n\x1a\n';
const zeros = (count: number): number[] => Array<number>(count).fill(0);

test('the dimensions of a PNG', () => {
  const header = readHeader(bytes(PNG, [0, 0, 0, 13], 'IHDR', [0, 0, 2, 0, 0, 0, 1, 0x80]));
  expect(header).toEqual({ type: 'png', size: { width: 512, height: 384 } });
});

test('the dimensions of a JPEG come after its tables, preview and fill bytes', () => {
  const preview = [0xff, 0xe1, 0, 6, 0xff, 0xc0, 0, 0];
  const tables = [0xff, 0xc4, 0, 3, 0];
  const frame = [0xff, 0xff, 0xc2, 0, 17, 8, 0x0b, 0xd0, 0x0f, 0xc0];
  const header = readHeader(bytes([0xff, 0xd8], preview, tables, frame, zeros(8)));
  expect(header).toEqual({ type: 'jpeg', size: { width: 4032, height: 3024 } });
});

test('the dimensions of the three kinds of WebP', () => {
  const webp = (kind: string, rest: number[]): Uint8Array =>
    bytes('RIFF', zeros(4), 'WEBP', kind, zeros(4), rest);
  const lossy = [...zeros(3), 0x9d, 0x01, 0x2a, 0x00, 0x02, 0x80, 0x41];
  expect(readHeader(webp('VP8 ', lossy)).size).toEqual({ width: 512, height: 384 });
  const bits = (512 - 1) | ((384 - 1) << 14);
  const lossless = [0x2f, bits & 255, (bits >> 8) & 255, (bits >> 16) & 255, (bits >> 24) & 255];
  expect(readHeader(webp('VP8L', lossless)).size).toEqual({ width: 512, height: 384 });
  const extended = [...zeros(4), 0xff, 0xff, 0x00, 0x7f, 0x01, 0x00];
  expect(readHeader(webp('VP8X', extended)).size).toEqual({ width: 65_536, height: 384 });
  expect(readHeader(webp('ALPH', zeros(9)))).toEqual({ type: 'webp', size: null });
});

test.each([
  ['gif', bytes('GIF89a')],
  ['pdf', bytes('%PDF-1.7')],
  ['bmp', bytes('BM', zeros(40))],
  ['tiff', bytes('II*\0')],
  ['tiff', bytes('MM\0*')],
  ['heic', bytes(zeros(4), 'ftypheic')],
  ['heic', bytes(zeros(4), 'ftypmif1')],
  ['avif', bytes(zeros(4), 'ftypavif')],
  ['svg', bytes('<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="">')],
  ['svg', bytes('\xef\xbb\xbf<svg>')],
  [null, bytes(zeros(4), 'ftypisom')],
  [null, bytes('Dear photo')],
  [null, bytes('')],
] as const)('%s is known by its first bytes', (type, content) => {
  expect(readHeader(content)).toEqual({ type, size: null });
});

test.each([PNG, '\xff\xd8\xff', '\xff\xd8\xff\xe0', 'RIFF\0\0\0\0WEBP', '\xff\xd8\xff\xe0\0\x02nonsense'])(
  'a file that ends or goes wrong in its header has no dimensions: %j',
  (text) => {
    expect(readHeader(bytes(text)).size).toBeNull();
  },
);

test('bytes in the middle of a larger buffer are read from where they begin', () => {
  const all = bytes('xxxx', PNG, [0, 0, 0, 13], 'IHDR', [0, 0, 2, 0, 0, 0, 1, 0x80]);
  expect(readHeader(all.subarray(4)).size).toEqual({ width: 512, height: 384 });
});
