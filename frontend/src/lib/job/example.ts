/** A job for tests. */
import type { Job } from '../api/types';

export const ID = '5b19d0b30fc243abb5b32ca5d9cf402b';

export function exampleJob(changes: Partial<Job> = {}): Job {
  const base = `/api/jobs/${ID}`;
  return {
    id: ID,
    status: 'running',
    version: 7,
    iteration: 12,
    total_iterations: 60,
    evaluations: 14,
    scale: 1,
    scales: 2,
    losses: { total: 0.57, content: 0.4, style: 0.17, tv: 0 },
    iterations_per_second: 3.3,
    eta_seconds: 14.5,
    queue: null,
    frames: [0, 10],
    error: null,
    attempt: 1,
    max_attempts: 3,
    options: { size: 256, iterations: 60 },
    width: 256,
    height: 171,
    backbone: { name: 'wavelet', why: 'wavelet, because it was asked for' },
    objective: 'normalised',
    device: 'cpu',
    note: '',
    reused: false,
    cancel_requested: false,
    retry_of: null,
    batch: null,
    style_ids: ['tide-mosaic'],
    created_at: '2026-11-20T21:50:15.005Z',
    started_at: '2026-11-20T21:50:15.041Z',
    finished_at: null,
    expires_at: null,
    links: {
      self: base,
      events: `${base}/events`,
      result: `${base}/result`,
      archive: `${base}/archive.zip`,
      timelapse: `${base}/timelapse`,
      losses: `${base}/losses.csv`,
      frame: `${base}/frames/{iteration}`,
      small_frame: `${base}/frames/{iteration}?size=small`,
      content: `${base}/content`,
      styles: [`${base}/styles/1`],
    },
    ...changes,
  };
}
