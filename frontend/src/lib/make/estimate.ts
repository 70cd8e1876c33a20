import type { OptionsInfo, QueueInfo } from '../api/types';

/** The preset that the service's own estimate is about. */
const MEASURED = 'standard';

/** How long options should take, in seconds; null where nobody knows yet. */
export function secondsFor(
  options: Record<string, unknown>,
  info: OptionsInfo | null,
  queue: QueueInfo | null,
): number | null {
  const measured = info?.presets.find((preset) => preset.name === MEASURED);
  if (!measured || !queue?.eta) return null;
  const own = queue.eta.done_seconds - queue.eta.start_seconds;
  const share = workOf({ ...measured.options, ...options }) / workOf(measured.options);
  return own > 0 && Number.isFinite(share) ? own * share : null;
}

/** Seconds until a new job starts; null where it starts at once, or nobody knows. */
export function secondsToStart(queue: QueueInfo | null): number | null {
  const seconds = queue?.eta?.start_seconds ?? 0;
  return seconds >= 5 ? seconds : null;
}

/** Every iteration looks at every pixel: that is nearly all of the time. */
function workOf(options: Record<string, unknown>): number {
  return Number(options['iterations']) * Number(options['size']) ** 2;
}
