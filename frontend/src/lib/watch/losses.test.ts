import { describe, expect, it } from 'vitest';
import { curves, fall, parseLosses } from './losses';

const HEAD = 'iteration,scale,evaluations,total,content,style,tv,elapsed_seconds';

describe('the losses', () => {
  it('are read by the names of their columns', () => {
    const losses = parseLosses(`${HEAD}\r\n1,0,1,4.5,0.5,4,0,0.2\r\n2,0,2,3.5,0.5,3,0,0.4\r\n`);
    expect(losses).toEqual({
      iteration: [1, 2],
      scale: [0, 0],
      total: [4.5, 3.5],
      content: [0.5, 0.5],
      style: [4, 3],
    });
  });

  it('count each iteration once, as the latest attempt had it', () => {
    const losses = parseLosses(`${HEAD}\n1,0,1,9,1,8,0,0\n2,0,2,7,1,6,0,0\n2,0,2,6,1,5,0,0\n`);
    expect(losses.iteration).toEqual([1, 2]);
    expect(losses.total).toEqual([9, 6]);
  });

  it('leave a gap where a value is no number', () => {
    expect(parseLosses(`${HEAD}\n1,0,1,,nan,inf,0,0\nbroken\n`).total).toEqual([null]);
  });

  it('are nothing before the first iteration', () => {
    expect(parseLosses('').iteration).toEqual([]);
    expect(fall(parseLosses(HEAD))).toBeNull();
  });

  it('are compared within one size only, since they begin anew at each', () => {
    const losses = parseLosses(
      `${HEAD}\n1,0,1,9,1,8,0,0\n2,0,1,1,1,0,0,0\n3,1,1,6,1,5,0,0\n4,1,1,2,1,1,0,0\n`,
    );
    expect(fall(losses)).toEqual({ first: 6, last: 2, iterations: 2, scales: 2 });
  });

  it('are drawn with a gap between two sizes, and without what has no logarithm', () => {
    const losses = parseLosses(`${HEAD}\n1,0,1,9,0,8,0,0\n2,1,1,6,1,5,0,0\n`);
    expect(curves(losses)).toEqual([
      [1, 1.5, 2],
      [9, null, 6],
      [null, null, 1],
      [8, null, 5],
    ]);
  });
});
