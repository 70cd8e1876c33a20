import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser of this machine; `CHROMIUM` names another one. */
export const CHROMIUM: string | null = process.env['CHROMIUM']
  ? find([process.env['CHROMIUM']])
  : find(NAMES);

export const NO_BROWSER =
  'The browser tests need Chromium, and this machine has none: install it (on Debian: apt-get install chromium), or ' +
  'set CHROMIUM to where it is.';

function find(names: readonly string[]): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = names.flatMap((name) =>
    isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name)),
  );
  return paths.find(executable) ?? null;
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
