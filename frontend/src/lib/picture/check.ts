/** Whether a picture can be used, found out before it is sent; by its content, since names lie. */
import type { Limits } from '../api/types';
import { checks } from '../words/checks';
import { decode } from './decode';
import { HEADER_BYTES, readHeader, type Header } from './header';

export type Checked =
  | { readonly ok: true; readonly width: number; readonly height: number }
  | { readonly ok: false; readonly problem: string };

/** With its width and height as people see it, or a sentence that says what is wrong and what to do. */
export async function checkPicture(file: Blob & { name?: string }, limits: Limits): Promise<Checked> {
  const name = file.name ? `“${shortened(file.name)}”` : checks.thisFile;
  const bytes = await beginning(file);
  if (!bytes) return refused(checks.unreadable(name));
  if (file.size === 0) return refused(checks.empty(name));

  const header = readHeader(bytes);
  const early =
    typeProblem(name, header.type, limits) ??
    (file.size > limits.max_upload_bytes
      ? checks.tooManyBytes(name, file.size, limits.max_upload_bytes)
      : null) ??
    (header.size && sizeProblem(name, header.size, limits));
  return early ? refused(early) : decoded(file, name, limits);
}

/** A browser may run out of memory on what the header would have told, so this comes last. */
async function decoded(file: Blob, name: string, limits: Limits): Promise<Checked> {
  try {
    const picture = await decode(file);
    const { width, height } = picture;
    picture.close();
    const problem = sizeProblem(name, { width, height }, limits);
    return problem ? refused(problem) : { ok: true, width, height };
  } catch {
    return refused(checks.broken(name));
  }
}

const OTHERS: Readonly<Record<string, string>> = {
  avif: 'an AVIF picture',
  gif: 'a GIF',
  tiff: 'a TIFF picture',
  bmp: 'a BMP picture',
  pdf: 'a PDF',
  svg: 'an SVG drawing',
  jpeg: 'a JPEG',
  png: 'a PNG',
  webp: 'a WebP picture',
};

function typeProblem(name: string, type: Header['type'], { formats }: Limits): string | null {
  if (!type) return checks.noPicture(name, formats);
  if (formats.some((format) => format.toLowerCase() === type)) return null;
  return type === 'heic' ? checks.heic(name, formats) : checks.otherType(name, OTHERS[type] ?? type, formats);
}

function sizeProblem(
  name: string,
  { width, height }: { width: number; height: number },
  { max_pixels, min_side }: Limits,
): string | null {
  if (width * height > max_pixels) return checks.tooManyPixels(name, width, height, max_pixels);
  return Math.min(width, height) < min_side ? checks.tooFewPixels(name, width, height, min_side) : null;
}

/** Null where it cannot be read, as a folder that was dropped. */
async function beginning(file: Blob): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer());
  } catch {
    return null;
  }
}

const refused = (problem: string): Checked => ({ ok: false, problem });

/** The end of a name tells more than its middle. */
function shortened(name: string): string {
  return name.length > 40 ? `${name.slice(0, 24)}…${name.slice(-12)}` : name;
}
