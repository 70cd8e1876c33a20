import { describe, expect, it } from 'vitest';
import { exampleJob } from '../job/example';
import { Progress } from './progress.svelte';

describe('how far a job is', () => {
  it('never falls, although the number of iterations may change', () => {
    const progress = new Progress();
    progress.update(exampleJob({ iteration: 30, total_iterations: 60 }));
    progress.update(exampleJob({ iteration: 31, total_iterations: 100 }));
    expect(progress.share).toBe(0.5);
    progress.update(exampleJob({ status: 'succeeded', iteration: 50, total_iterations: 50 }));
    expect(progress.share).toBe(1);
  });

  it('begins anew with another attempt', () => {
    const progress = new Progress();
    progress.update(exampleJob({ iteration: 30, attempt: 1 }));
    progress.update(exampleJob({ iteration: 6, attempt: 2 }));
    expect(progress.share).toBe(0.1);
  });

  it('is spoken at most every tenth of the way', () => {
    const progress = new Progress();
    const spoken = new Set<string>();
    for (let iteration = 0; iteration < 1_000; iteration += 1) {
      progress.update(exampleJob({ iteration, total_iterations: 1_000 }));
      spoken.add(progress.milestone);
    }
    expect(spoken.size).toBe(10);
  });

  it('is spoken when the place in the line changes', () => {
    const progress = new Progress();
    progress.update(exampleJob({ status: 'queued', queue: { position: 2, eta_seconds: 9 } }));
    const before = progress.milestone;
    progress.update(exampleJob({ status: 'queued', queue: { position: 1, eta_seconds: 4 } }));
    expect(progress.milestone).not.toBe(before);
  });
});
