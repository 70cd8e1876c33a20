/** One rule for what is newer, whether it came by the stream, by polling or as the answer to an action. */
import type { Job } from '../api/types';

/** The newer of the two; the very same object where nothing that a person would notice has changed. */
export function newer(known: Job | null, seen: Job): Job {
  if (!known || known.id !== seen.id || seen.version > known.version) return seen;
  if (seen.version < known.version) return known;
  // A place in the queue changes without the version.
  return position(seen) === position(known) ? known : seen;
}

function position({ queue }: Job): number {
  return queue?.position ?? 0;
}
