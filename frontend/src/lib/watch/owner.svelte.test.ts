import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job } from '../api/types';
import { exampleJob, ID } from '../job/example';
import { all, forget, recall, remember } from '../job/history';
import { Owner } from './owner.svelte';

let asked: string[] = [];

/** A service that answers so, one after the other; the last answer stays. */
function serve(...answers: readonly (Partial<Job> | { status: number; code: string })[]): void {
  const left = [...answers];
  vi.stubGlobal('fetch', (path: string, init: RequestInit = {}) => {
    asked.push(`${init.method ?? 'GET'} ${path}`);
    const answer = (left.length > 1 ? left.shift() : left[0]) ?? {};
    const problem = 'code' in answer;
    const body = problem ? { ...answer, detail: answer.code } : exampleJob(answer);
    return Promise.resolve(new Response(JSON.stringify(body), { status: problem ? answer.status : 200 }));
  });
}

async function owner(): Promise<Owner> {
  const made = new Owner(ID);
  await made.recognise();
  return made;
}

beforeEach(async () => {
  asked = [];
  vi.useFakeTimers();
  await remember({
    id: ID,
    ownerToken: 'secret',
    createdAt: '2026-11-20T10:00:00Z',
    title: 'Cat',
    options: {},
    thumbnail: null,
    content: null,
    styles: [],
    status: 'running',
  });
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  for (const { id } of await all()) await forget(id);
});

describe('the owner of a job', () => {
  it('is known by the token that this browser kept', async () => {
    expect((await owner()).may).toBe(true);
    const visitor = new Owner('0'.repeat(32));
    await visitor.recognise();
    expect([visitor.known, visitor.may]).toEqual([true, false]);
    expect(await visitor.cancel()).toBeNull();
  });

  it('discards a job by stopping it, and deleting it as soon as it has stopped', async () => {
    const made = await owner();
    serve({ cancel_requested: true }, { cancel_requested: true }, { status: 'cancelled' });
    const gone = made.discard();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await gone).toBe(true);
    expect(asked).toEqual([
      `POST /api/jobs/${ID}/cancel`,
      `GET /api/jobs/${ID}`,
      `GET /api/jobs/${ID}`,
      `DELETE /api/jobs/${ID}`,
    ]);
    expect(await recall(ID)).toBeNull();
  });

  it('discards also what has just finished', async () => {
    const made = await owner();
    serve({ status: 409, code: 'job_is_over' }, { status: 'succeeded' });
    const gone = made.discard();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await gone).toBe(true);
  });

  it('is told why something did not work, and keeps the job', async () => {
    const made = await owner();
    serve({ status: 503, code: 'unavailable' });
    expect(await made.remove()).toBe(false);
    expect([made.problem, made.busy]).toEqual([expect.stringMatching(/Try again/), false]);
    expect(await recall(ID)).not.toBeNull();
  });

  it('finds how it ended in the list of the pictures', async () => {
    const made = await owner();
    await made.keep(exampleJob({ status: 'succeeded' }), null);
    expect((await recall(ID))?.status).toBe('succeeded');
  });
});
