import { fireEvent, render, screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { Pictures } from '../../lib/watch/pictures';
import Compare from './Compare.svelte';

async function compared(): Promise<HTMLInputElement> {
  const pictures = new Pictures(() => Promise.resolve({}));
  await pictures.ready('/frames/40');
  render(Compare, {
    pictures,
    address: '/frames/40',
    photo: '/content',
    alt: 'The painting at iteration 40 of 60',
  });
  return screen.getByRole<HTMLInputElement>('slider', { name: /How much of the painting/ });
}

async function move(slider: HTMLInputElement, value: string): Promise<void> {
  await fireEvent.input(slider, { target: { value } });
}

describe('comparing the painting with the photo', () => {
  it('shows both, each under its name', async () => {
    await compared();
    expect(screen.getByRole('img', { name: 'The photo' })).toHaveAttribute('src', '/content');
    expect(screen.getByRole('img', { name: /iteration 40/ })).toHaveAttribute('src', '/frames/40');
  });

  it('goes from only the photo to only the painting, and says so', async () => {
    const slider = await compared();
    expect([slider.min, slider.max]).toEqual(['0', '100']);
    await move(slider, '0');
    expect(slider).toHaveAttribute('aria-valuetext', 'Only the photo');
    expect(screen.getByRole('img', { name: /iteration 40/ }).parentElement).toHaveStyle(
      'clip-path: inset(0 100% 0 0)',
    );
    await move(slider, '100');
    expect(slider).toHaveAttribute('aria-valuetext', 'Only the painting');
    await move(slider, '30');
    expect(slider).toHaveAttribute('aria-valuetext', '30 % painting, the rest photo');
  });
});
