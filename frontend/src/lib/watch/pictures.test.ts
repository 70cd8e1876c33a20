import { describe, expect, it, vi } from 'vitest';
import { Pictures } from './pictures';

const address = (iteration: number): string => `/frames/${iteration}`;

describe('the pictures that are kept', () => {
  it('are asked for once, however often they are looked at', async () => {
    const load = vi.fn(() => Promise.resolve({}));
    const pictures = new Pictures(load);
    await Promise.all([pictures.ready(address(1)), pictures.ready(address(1))]);
    await pictures.ready(address(1));
    expect(load).toHaveBeenCalledTimes(1);
    expect(pictures.has(address(1))).toBe(true);
  });

  it('are asked for again after a failure', async () => {
    const load = vi.fn().mockRejectedValueOnce(new Error('no network')).mockResolvedValue({});
    const pictures = new Pictures(load);
    await expect(pictures.ready(address(1))).rejects.toThrow('no network');
    await pictures.ready(address(1));
    expect(pictures.has(address(1))).toBe(true);
  });

  it('make room by dropping the one that was not seen for longest', async () => {
    const pictures = new Pictures(() => Promise.resolve({}));
    pictures.fit(1e9);
    for (let iteration = 0; iteration < 8; iteration += 1) await pictures.ready(address(iteration));
    await pictures.ready(address(0));
    await pictures.ready(address(8));
    expect(pictures.size).toBe(8);
    expect(pictures.has(address(0))).toBe(true);
    expect(pictures.has(address(1))).toBe(false);
  });

  it('come a few at a time beforehand, and those that fail are left out', async () => {
    let open = 0;
    let most = 0;
    const load = async (wanted: string): Promise<unknown> => {
      open += 1;
      most = Math.max(most, open);
      await Promise.resolve();
      open -= 1;
      if (wanted === address(5)) throw new Error('missing');
      return {};
    };
    const pictures = new Pictures(load);
    await pictures.preload(Array.from({ length: 20 }, (_, iteration) => address(iteration)));
    expect(most).toBeLessThanOrEqual(3);
    expect(pictures.size).toBe(19);
  });

  it('stop coming when the page is left', async () => {
    const load = vi.fn(() => Promise.resolve({}));
    const pictures = new Pictures(load);
    await pictures.preload(
      Array.from({ length: 20 }, (_, iteration) => address(iteration)),
      () => load.mock.calls.length < 6,
    );
    expect(load.mock.calls.length).toBeLessThan(10);
  });
});
