import { describe, expect, it } from 'vitest';
import { exampleJob } from '../job/example';
import { details, headline, lossSentences, pictureText, titleOf } from './sentences';

describe('what is said of a job', () => {
  it('names the place in the line and the wait', () => {
    const job = exampleJob({ status: 'queued', queue: { position: 3, eta_seconds: 95 } });
    expect([headline(job), ...details(job, 0)]).toEqual([
      'Waiting its turn',
      '3rd in line.',
      'Starts in about 2 min.',
    ]);
  });

  it('counts down between two answers', () => {
    const job = exampleJob({ eta_seconds: 40, scales: 1 });
    expect(details(job, 0)).toEqual(['Iteration 12 of 60', '3.3 iterations a second', '40 s left']);
    expect(details(job, 20_000)).toContain('20 s left');
    expect(details(job, 90_000)).toContain('nearly done');
  });

  it('says that it stops, that it is tried again, and which try it is', () => {
    expect(headline(exampleJob({ cancel_requested: true }))).toMatch(/^Stopping/);
    const error = { code: 'storage', message: 'full', hint: '' };
    expect(headline(exampleJob({ status: 'queued', error }))).toBe('Waiting for another try');
    expect(details(exampleJob({ attempt: 2 }), 0)).toContain('Try 2 of 3.');
  });

  it('says how a job ended', () => {
    const times = { started_at: '2026-11-20T10:00:00Z', finished_at: '2026-11-20T10:00:35Z' };
    expect(details(exampleJob({ status: 'succeeded', ...times }), 0)).toEqual(['Painted in 35 s.']);
    expect(details(exampleJob({ status: 'succeeded', reused: true, ...times }), 0)[0]).toMatch(/before/);
    expect(details(exampleJob({ status: 'cancelled' }), 0)[0]).toBe(
      'Stopped at iteration 12 of 60. The last picture stays.',
    );
    expect(details(exampleJob({ status: 'cancelled', frames: [] }), 0)[0]).toMatch(
      /before the first picture/,
    );
  });

  it('describes the picture', () => {
    expect(pictureText(exampleJob(), true, 10)).toBe('The painting at iteration 10 of 60');
    expect(pictureText(exampleJob({ status: 'succeeded', iteration: 60 }), true, 60)).toMatch(/finished.*60/);
    expect(pictureText(exampleJob({ status: 'succeeded' }), false, 10)).toMatch(/iteration 10/);
  });

  it('calls it as its owner does, else after the painting', () => {
    expect(titleOf(exampleJob(), null)).toBe('Tide mosaic');
    expect(titleOf(exampleJob({ style_ids: ['tide-mosaic', '', 'night-wind'] }), null)).toBe(
      'Tide mosaic & Night wind',
    );
    expect(titleOf(exampleJob({ style_ids: [''] }), null)).toBe('Your painting');
  });

  it('tells the losses to those who do not see the chart', () => {
    const losses = {
      iteration: [1, 2],
      scale: [0, 0],
      total: [4, 1],
      content: [0.5, 0.25],
      style: [3.5, 0.75],
    };
    expect(lossSentences(losses, 2)).toEqual([
      'In 2 iterations the loss went from 4 to 1. That is 4 times lower.',
      'At iteration 2: total 1, photo 0.25, painting 0.75.',
    ]);
    expect(lossSentences(losses, null)).toHaveLength(1);
  });
});
