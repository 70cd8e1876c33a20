import { isOver, type Job } from '../api/types';
import { secondsLeft, secondsTaken } from '../job/eta';
import type { Remembered } from '../job/history';
import { common } from '../words';
import { watch as words } from '../words/watch';
import { hasResult } from './addresses';
import { fall, type Losses } from './losses';
import type { JobPage } from './page.svelte';

/** How the state of a job is said. */
export function headline(job: Job): string {
  if (job.cancel_requested && !isOver(job.status)) return words.state.cancelling;
  if (job.status === 'queued' && job.error) return words.state.waitingAgain;
  return words.state[job.status];
}

/** The numbers beside it, each a short sentence of its own. */
export function details(job: Job, ageMilliseconds: number): readonly string[] {
  return parts(job, ageMilliseconds).filter((part) => part !== '');
}

function parts(job: Job, age: number): readonly string[] {
  const taken = secondsTaken(job);
  switch (job.status) {
    case 'queued':
      return [
        job.queue ? words.place(job.queue.position) : '',
        words.starts(secondsLeft(job, age)),
        attempt(job),
      ];
    case 'running': {
      const left = secondsLeft(job, age);
      if (job.iteration === 0) return [words.preparing, attempt(job)];
      const place = words.iterationOf(job.iteration, job.total_iterations);
      return [
        place,
        job.scales > 1 ? words.scaleOf(job.scale + 1, job.scales) : '',
        common.speed(job.iterations_per_second),
        left === null ? '' : words.left(left),
        attempt(job),
      ];
    }
    case 'succeeded':
      return [job.reused ? words.reused : taken === null ? '' : words.took(taken)];
    case 'cancelled':
      return [hasResult(job) ? words.stoppedAt(job.iteration, job.total_iterations) : words.stoppedEarly];
    case 'failed':
      return [];
  }
}

const attempt = (job: Job): string => (job.attempt > 1 ? words.attempt(job.attempt, job.max_attempts) : '');

/** What a screen reader says when something has come about. */
export function spoken({ job, progress }: JobPage): string {
  if (!job) return '';
  const share = job.status === 'running' ? [common.percent(progress.share)] : [];
  return [headline(job), ...share, ...details(job, 0)].join('. ').replaceAll('..', '.');
}

/** How far it is, first, since a tab shows a few letters only. */
export function tabTitle({ job, progress, follower, owner }: JobPage): string {
  if (follower.gone) return words.state.gone;
  if (!job) return words.loading;
  if (job.status === 'running') return `${common.percent(progress.share)} ${titleOf(job, owner.remembered)}`;
  return `${headline(job)}: ${titleOf(job, owner.remembered)}`;
}

/** Its own title, or that of the painting after which it is made. */
export function titleOf(job: Job, remembered: Remembered | null): string {
  if (remembered?.title) return remembered.title;
  const known = job.style_ids.filter((id) => id !== '').map(styleTitle);
  return known.length > 0 ? known.join(' & ') : words.untitled;
}

/** `tide-mosaic` is Tide mosaic: the gallery makes the one from the other. */
export function styleTitle(id: string): string {
  const plain = id.replaceAll('-', ' ');
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** What the picture is, for those who do not see it. */
export function pictureText(job: Job, live: boolean, shown: number | null): string {
  if (live && job.status === 'succeeded') return words.picture.result(job.iteration);
  if (live && job.status === 'cancelled') return words.picture.last(job.iteration);
  return words.picture.frame(shown ?? 0, job.total_iterations);
}

/** What the chart shows, in words. */
export function lossSentences(losses: Losses, shown: number | null): readonly string[] {
  const fallen = fall(losses);
  if (!fallen) return [];
  const { first, last, iterations, scales } = fallen;
  const summary = words.losses.summary(digits(first), digits(last), iterations);
  const overall = scales > 1 ? `${words.losses.scales(scales)} ${summary}` : summary;
  const times = last > 0 && first / last >= 1.1 ? ` ${words.losses.times(digits(first / last))}` : '';
  const at = shown === null ? -1 : losses.iteration.indexOf(shown);
  if (at < 0) return [overall + times];
  const [total, content, style] = [losses.total[at], losses.content[at], losses.style[at]].map(digits);
  return [overall + times, words.losses.at(shown ?? 0, total ?? '', content ?? '', style ?? '')];
}

const digits = (value: number | null | undefined): string =>
  typeof value === 'number'
    ? new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value)
    : '–';
