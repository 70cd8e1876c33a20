import { describe, expect, it } from 'vitest';
import { Pictures } from './pictures';
import { Swap } from './swap.svelte';

/** Pictures that come when the test says so. */
function slow() {
  const open = new Map<string, { resolve: () => void; reject: () => void }>();
  const asked: string[] = [];
  const pictures = new Pictures((address) => {
    asked.push(address);
    return new Promise((resolve, reject) => {
      open.set(address, { resolve: () => resolve({}), reject: () => reject(new Error('broken')) });
    });
  });
  const settle = async (address: string, how: 'resolve' | 'reject' = 'resolve'): Promise<void> => {
    open.get(address)?.[how]();
    await new Promise((done) => setTimeout(done));
  };
  return { pictures, asked, settle };
}

describe('the picture in the frame', () => {
  it('stays until the next one is ready to be shown', async () => {
    const { pictures, settle } = slow();
    const swap = new Swap(pictures);
    swap.want('/1');
    expect([swap.visible, swap.busy]).toEqual(['', true]);
    await settle('/1');
    swap.want('/2');
    expect([swap.visible, swap.busy]).toEqual(['/1', true]);
    await settle('/2');
    expect([swap.visible, swap.busy]).toEqual(['/2', false]);
  });

  it('skips what was passed over while one was loading', async () => {
    const { pictures, asked, settle } = slow();
    const swap = new Swap(pictures);
    swap.want('/1');
    swap.want('/2');
    swap.want('/3');
    await settle('/1');
    await settle('/3');
    expect(asked).toEqual(['/1', '/3']);
    expect(swap.visible).toBe('/3');
  });

  it('changes at once where the picture is at hand', async () => {
    const { pictures, settle } = slow();
    const swap = new Swap(pictures);
    swap.want('/1');
    await settle('/1');
    swap.want('/2');
    await settle('/2');
    swap.want('/1');
    expect([swap.visible, swap.busy]).toEqual(['/1', false]);
  });

  it('is not replaced by a late one after a newer one at hand has been shown', async () => {
    const { pictures, settle } = slow();
    const swap = new Swap(pictures);
    swap.want('/1');
    await settle('/1');
    swap.want('/late');
    swap.want('/1');
    await settle('/late');
    expect([swap.visible, swap.busy]).toEqual(['/1', false]);
  });

  it('stays when the next one cannot be loaded, and says so until another try works', async () => {
    const { pictures, settle } = slow();
    const swap = new Swap(pictures);
    swap.want('/1');
    await settle('/1');
    swap.want('/2');
    await settle('/2', 'reject');
    expect([swap.visible, swap.failed, swap.busy]).toEqual(['/1', true, false]);
    swap.want('/2');
    await settle('/2');
    expect([swap.visible, swap.failed]).toEqual(['/2', false]);
  });
});
