/** What the first bytes of a file say: its true type and, before anything is decoded, its dimensions. */
export type Format = 'jpeg' | 'png' | 'webp';

export interface Header {
  /** Of ours, or one that deserves its own sentence; null for anything else. */
  readonly type: Format | 'heic' | 'avif' | 'gif' | 'tiff' | 'bmp' | 'pdf' | 'svg' | null;
  /** As stored, before a camera's turn is applied; null where the bytes do not say. */
  readonly size: { readonly width: number; readonly height: number } | null;
}

/** Before the dimensions of a JPEG there may be a preview and a colour profile. */
export const HEADER_BYTES = 512 * 1024;

export function readHeader(bytes: Uint8Array): Header {
  const type = typeOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = { png: pngSize, jpeg: jpegSize, webp: webpSize }[type as Format] as typeof pngSize | undefined;
  try {
    return { type, size: read?.(view) ?? null };
  } catch {
    return { type, size: null }; // it ends in the middle of its header
  }
}

function typeOf(bytes: Uint8Array): Header['type'] {
  const text = String.fromCharCode(...bytes.subarray(0, 256));
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'webp';
  if (text.startsWith('GIF8')) return 'gif';
  if (text.startsWith('%PDF')) return 'pdf';
  if (text.startsWith('BM') && bytes.length > 26) return 'bmp';
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) return 'tiff';
  if (text.startsWith('ftyp', 4))
    return text.startsWith('avi', 8) ? 'avif' : /^(hei|hev|mif|msf)/.test(text.slice(8)) ? 'heic' : null;
  return /^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<svg/s.test(text.replace(/^\xef\xbb\xbf/, '')) ? 'svg' : null;
}

function pngSize(view: DataView): Header['size'] {
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** Skip from segment to segment to the start of frame. */
function jpegSize(view: DataView): Header['size'] {
  for (let at = 2; at < view.byteLength;) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (frame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    if (marker === 0xff) at += 1;
    else at += 2 + view.getUint16(at + 2);
  }
  return null;
}

function webpSize(view: DataView): Header['size'] {
  const kind = String.fromCharCode(...[12, 13, 14, 15].map((at) => view.getUint8(at)));
  if (kind === 'VP8X') return { width: 1 + threeBytes(view, 24), height: 1 + threeBytes(view, 27) };
  if (kind === 'VP8 ') {
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  }
  if (kind !== 'VP8L') return null;
  const bits = view.getUint32(21, true);
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
}

function threeBytes(view: DataView, at: number): number {
  return view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
}
