// Beside every text of the build, the same compressed: nginx and Flask send it as it is, and nothing is compressed twice.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const DIST = new URL('dist', import.meta.url).pathname;
const TEXT = /\.(js|css|html|svg|txt)$/;
const LEAST_BYTES = 1024;

for (const name of readdirSync(DIST, { recursive: true })) {
  const path = join(DIST, name);
  if (TEXT.test(name) && statSync(path).size >= LEAST_BYTES) {
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
  }
}
