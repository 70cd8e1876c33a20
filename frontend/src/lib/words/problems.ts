/** What went wrong and what to do, for a person who has never heard of the API. */
import type { Refusal } from '../api/refusal';
import type { Failure } from '../api/types';
import { common } from './common';

interface Trouble {
  readonly what: string;
  readonly todo: string;
}

const later = (seconds: number | null): string =>
  seconds ? `Try again in ${common.about(seconds)}.` : 'Try again in a moment.';

/** By code; what is not here is said in the API's own words. */
const refusals: Readonly<Record<string, (refusal: Refusal) => Trouble>> = {
  offline: () => ({
    what: 'The service does not answer.',
    todo: 'Check your connection and try again; nothing you chose is lost.',
  }),
  aborted: () => ({ what: 'Stopped.', todo: 'Nothing was sent. You can start again.' }),
  api_key_needed: () => ({
    what: 'This service needs a key.',
    todo: 'Ask whoever runs it for one, and enter it here.',
  }),
  sign_in_needed: () => ({
    what: 'You are not signed in.',
    todo: 'Load the page again to sign in, then try once more.',
  }),
  not_owner: () => ({
    what: 'Only the browser that started this picture may do that.',
    todo: 'Open it where it was made, or make your own.',
  }),
  job_purged: () => ({ what: 'This picture is no longer kept.', todo: 'Make it again from your photo.' }),
  job_not_found: () => ({ what: 'There is no such picture.', todo: 'Check that the link is whole.' }),
  inputs_gone: () => ({
    what: 'Its photo and painting are no longer kept.',
    todo: 'Choose them again to make another.',
  }),
  inputs_too_small: () => ({
    what: 'The stored photo is too small for this size.',
    todo: 'Choose a smaller size, or the photo again.',
  }),
  job_is_over: () => ({ what: 'It is finished already.', todo: 'There is nothing left to stop.' }),
  job_not_over: () => ({ what: 'It is still being painted.', todo: 'Wait for it, or stop it first.' }),
  too_large: () => ({
    what: 'These pictures are too large together.',
    todo: 'Choose smaller or fewer ones.',
  }),
  too_many_submissions: ({ retryAfterSeconds }) => ({
    what: 'You started many pictures in a short time.',
    todo: later(retryAfterSeconds),
  }),
  too_many_jobs: () => ({
    what: 'You have as many unfinished pictures as this service allows.',
    todo: 'Wait until one is finished, or stop one under My pictures.',
  }),
  queue_full: ({ retryAfterSeconds }) => ({
    what: 'Many people are painting now, and the queue is full.',
    todo: `${later(retryAfterSeconds)} Your choices stay here.`,
  }),
  film_busy: ({ retryAfterSeconds }) => ({
    what: 'Another film is being made.',
    todo: later(retryAfterSeconds),
  }),
  unavailable: ({ retryAfterSeconds }) => ({
    what: 'The service is having a rest.',
    todo: later(retryAfterSeconds),
  }),
  internal: () => ({
    what: 'Something went wrong on our side.',
    todo: 'Try again; if it stays, tell whoever runs it.',
  }),
};

const failures: Readonly<Record<string, Trouble>> = {
  worker_crashed: {
    what: 'The painter stopped in the middle.',
    todo: 'Try again; if it happens again, choose a smaller size.',
  },
  too_many_attempts: { what: 'The painter stopped several times.', todo: 'Try a smaller size.' },
  storage: { what: 'There was no room left to keep the picture.', todo: 'Try again later.' },
  device: { what: 'There was not enough memory for this size.', todo: 'Try a smaller size.' },
  weights: {
    what: 'The chosen network is not installed on this service.',
    todo: 'Choose another one under Advanced, or leave it on automatic.',
  },
  numerical: {
    what: 'The numbers ran away, and no picture came of it.',
    todo: 'Try again with less strength, or with the suggested settings.',
  },
  inputs_missing: { what: 'The photo or painting is no longer stored.', todo: 'Choose them again.' },
  internal: { what: 'Something went wrong on our side.', todo: 'Try again, perhaps with a smaller size.' },
};

export const problems = {
  /** What was refused, and what to do. */
  refusal: (refusal: Refusal): Trouble =>
    refusals[refusal.code]?.(refusal) ?? { what: refusal.message, todo: refusal.hint },

  /** The same in one line. */
  sentence: (refusal: Refusal): string => {
    const { what, todo } = problems.refusal(refusal);
    return [what, todo].filter(Boolean).join(' ');
  },

  /** Why a job failed. */
  failure: ({ code, message, hint }: Failure): Trouble => failures[code] ?? { what: message, todo: hint },
};
