/** Why a picture cannot be used, before anything is sent. */
import { common } from './common';

export const checks = {
  empty: (name: string): string => `${name} is empty. Choose another picture.`,
  unreadable: (name: string): string =>
    `${name} cannot be read. It may be a folder, or it was moved or renamed; choose a picture file.`,
  otherType: (name: string, what: string, formats: readonly string[]): string =>
    `${name} is ${what}. Choose a ${listed(formats)}.`,
  noPicture: (name: string, formats: readonly string[]): string =>
    `${name} is not a picture, whatever its name says. Choose a ${listed(formats)}.`,
  heic: (name: string, formats: readonly string[]): string =>
    `${name} is a HEIC photo, which browsers cannot show. Save or share it as a ${listed(formats)}.`,
  tooManyBytes: (name: string, bytes: number, most: number): string =>
    `${name} has ${common.bytes(bytes)}; the most is ${common.bytes(most)}. Save it smaller, or as a JPEG.`,
  tooManyPixels: (name: string, width: number, height: number, most: number): string =>
    `${name} has ${common.dimensions(width, height)} pixels; the most is ${common.pixels(most)}. Make it smaller first.`,
  tooFewPixels: (name: string, width: number, height: number, least: number): string =>
    `${name} has only ${common.dimensions(width, height)} pixels; each side needs at least ${least}.`,
  broken: (name: string): string =>
    `${name} is damaged and cannot be shown. Save it anew, or choose another.`,
  thisFile: 'This file',
};

const PROPER: Readonly<Record<string, string>> = { jpeg: 'JPEG', png: 'PNG', webp: 'WebP' };

/** `JPEG, PNG or WebP`. */
function listed(formats: readonly string[]): string {
  const names = formats.map((format) => PROPER[format.toLowerCase()] ?? format);
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
