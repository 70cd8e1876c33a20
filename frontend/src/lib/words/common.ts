/** Sizes, durations, counts and states, in one way everywhere. */
import type { Status } from '../api/types';
import type { Connection } from '../job/follow.svelte';

const number = new Intl.NumberFormat('en');

export const common = {
  /** `1,200`. */
  number: (value: number): string => number.format(value),

  /** `1 picture`, `2 pictures`. */
  count: (value: number, one: string, many = `${one}s`): string =>
    `${number.format(value)} ${value === 1 ? one : many}`,

  /** `1st`, `2nd`, `13th`. */
  ordinal: (value: number): string => {
    const teens = value % 100 >= 11 && value % 100 <= 13;
    return `${value}${teens ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th')}`;
  },

  /** `2.1 MB`; as file managers count. */
  bytes: (bytes: number): string => {
    if (bytes < 1_000) return common.count(bytes, 'byte');
    if (bytes < 999_500) return `${Math.round(bytes / 1_000)} kB`;
    if (bytes < 999_500_000) return `${short(bytes / 1e6)} MB`;
    return `${short(bytes / 1e9)} GB`;
  },

  /** `50 megapixels`. */
  pixels: (pixels: number): string =>
    pixels < 1e6 ? `${number.format(pixels)} pixels` : `${short(pixels / 1e6)} megapixels`,

  /** `512 × 384`. */
  dimensions: (width: number, height: number): string => `${width} × ${height}`,

  /** An estimate: `a few seconds`, `35 s`, `about 2 min`, `about 1 h 20 min`, `about 3 days`. */
  about: (seconds: number): string => {
    if (seconds < 5) return 'a few seconds';
    if (seconds < 57.5) return `${Math.round(seconds / 5) * 5} s`;
    if (seconds < 59.5 * 60) return `about ${Math.round(seconds / 60)} min`;
    const hours = Math.floor(seconds / 3600 + 1 / 12);
    const minutes = Math.max(0, Math.round((seconds / 60 - hours * 60) / 10) * 10);
    if (hours < 24) return minutes > 0 ? `about ${hours} h ${minutes} min` : `about ${hours} h`;
    return `about ${common.count(Math.round(seconds / 86_400), 'day')}`;
  },

  /** What it was: `0.4 s`, `35 s`, `2 min 5 s`, `1 h 20 min`. */
  duration: (seconds: number): string => {
    if (seconds < 9.95) return `${short(seconds)} s`;
    const whole = Math.round(seconds);
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return joined(Math.floor(whole / 60), 'min', whole % 60, 's');
    return joined(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min');
  },

  /** `3.3 iterations a second`, or `12 s for each iteration`. */
  speed: (perSecond: number): string => {
    if (!(perSecond > 0)) return '';
    if (perSecond >= 0.95)
      return `${short(perSecond)} ${short(perSecond) === '1' ? 'iteration' : 'iterations'} a second`;
    return `${common.duration(1 / perSecond)} for each iteration`;
  },

  /** `42 %`. */
  percent: (share: number): string => `${Math.floor(Math.min(1, Math.max(0, share)) * 100)} %`,

  /** `20 Nov 2026, 21:50`, in the reader's own time zone. */
  moment: (iso: string): string =>
    new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso)),

  /** `just now`, `5 minutes ago`, `yesterday`; a clock that runs behind does not make it the future. */
  ago: (iso: string, now = Date.now()): string => {
    const minutes = Math.max(0, now - Date.parse(iso)) / 60_000;
    const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
    if (minutes < 1) return 'just now';
    if (minutes < 60) return relative.format(-Math.floor(minutes), 'minute');
    if (minutes < 24 * 60) return relative.format(-Math.floor(minutes / 60), 'hour');
    return relative.format(-Math.floor(minutes / 1440), 'day');
  },

  statuses: {
    queued: 'Waiting',
    running: 'Painting',
    succeeded: 'Finished',
    failed: 'Failed',
    cancelled: 'Stopped',
    expired: 'No longer kept',
  } satisfies Record<Status | 'expired', string>,

  connections: {
    connecting: 'Connecting…',
    live: 'Live',
    polling: 'Checking for news every moment',
    offline: 'No connection. The painting goes on without you; this page tries again by itself.',
  } satisfies Record<Connection, string>,
};

/** One decimal below ten, none above. */
function short(value: number): string {
  return value < 9.95 ? String(Number(value.toFixed(1))) : number.format(Math.round(value));
}

function joined(much: number, unit: string, little: number, smaller: string): string {
  return little > 0 ? `${much} ${unit} ${little} ${smaller}` : `${much} ${unit}`;
}
