import type { Page } from '@playwright/test';
import { watch } from '../src/lib/words/watch';
import { expect, test } from './fixtures';
import { begin, expectState, isDrawn, look, scrubber, shownIteration, stage, watchJob } from './person';

interface Seen {
  values: number[];
  pictures: string[];
  boxes: string[];
  blanks: number;
}

test('the progress is true, and the picture changes without a blink or a jump', async ({ page, api }) => {
  const job = await api.submit({ size: 128, iterations: 250, save_every: 5, plateau: 0 });
  await watchJob(page, job);
  await expect(stage(page).getByRole('img').first()).toBeVisible();
  await record(page);
  for (let look = 0; look < 3; look++) {
    const before = (await api.job(job.id)).iteration;
    await expect.poll(() => saidIteration(page)).toBeGreaterThanOrEqual(before);
    expect(await saidIteration(page)).toBeLessThanOrEqual((await api.job(job.id)).iteration);
  }
  await expectState(page, 'succeeded');
  const seen = await page.evaluate(() => (window as unknown as { seen: Seen }).seen);
  expect(seen.values).toEqual([...seen.values].sort((one, other) => one - other));
  expect(new Set(seen.pictures).size).toBeGreaterThanOrEqual(3);
  expect(seen.blanks).toBe(0);
  expect(new Set(seen.boxes).size).toBe(1);
  const over = await api.job(job.id);
  await expectFinal(page, over.iteration);
});

test('scrubbing shows exactly the chosen iteration, and live returns to the newest', async ({
  page,
  api,
}) => {
  const job = await api.finished({ size: 64, iterations: 24, save_every: 1, plateau: 0 });
  await watchJob(page, job);
  const last = job.frames.at(-1) ?? 0;
  await expect(scrubber(page)).toHaveAttribute('aria-valuetext', watch.film.newest(last, false));
  await scrubber(page).fill('7');
  await expect.poll(() => shownIteration(page)).toBe(7);
  await expect(scrubber(page)).toHaveAttribute('aria-valuetext', watch.film.at(7, job.total_iterations));
  await scrubber(page).press('ArrowRight');
  await expect.poll(() => shownIteration(page)).toBe(8);
  await scrubber(page).press('Home');
  await expect.poll(() => shownIteration(page)).toBe(0);
  await page.getByRole('button', { name: watch.film.thumbnail(12), exact: true }).click();
  await expect.poll(() => shownIteration(page)).toBe(12);
  await page.locator('body').press('ArrowLeft');
  await expect.poll(() => shownIteration(page)).toBe(11);
  await page.getByRole('button', { name: watch.film.last, exact: true }).click();
  await expectFinal(page, last);
  await page.getByRole('button', { name: watch.film.play }).click();
  await expect.poll(() => shownIteration(page), { intervals: [20] }).toBeGreaterThan(2);
  await page.getByRole('button', { name: watch.film.pause }).click();
  await expect(page.getByRole('button', { name: watch.film.play })).toBeVisible();
});

test('the divider goes from only the photo to only the painting', async ({ page, api }) => {
  const job = await api.finished({ size: 96, iterations: 20 });
  await watchJob(page, job);
  await look(page, watch.look.compare);
  const divider = page.getByRole('slider', { name: watch.look.divider });
  await divider.press('Home');
  await expect(divider).toHaveAttribute('aria-valuetext', watch.look.dividerAt(0));
  const photo = await stage(page).screenshot();
  await divider.press('End');
  await expect(divider).toHaveAttribute('aria-valuetext', watch.look.dividerAt(100));
  const painting = await stage(page).screenshot();
  expect(painting.equals(photo)).toBe(false);
  await divider.press('Home');
  await divider.press('ArrowRight');
  await expect(divider).not.toHaveValue('0');
});

test.describe('stopping', () => {
  test.use({ engine: 'sleeping' });

  test('within two seconds it has stopped, its picture stays, and the next one is painted', async ({
    page,
    api,
  }) => {
    const id = await begin(page, api, { size: 64, iterations: 1500, save_every: 10 });
    await expect.poll(async () => (await api.job(id)).frames.length).toBeGreaterThan(2);
    const next = await api.submit({ size: 64, iterations: 10, seed: 9_999 });
    const asked = Date.now();
    await stop(page);
    await expect.poll(async () => (await api.job(id)).status, { intervals: [50] }).toBe('cancelled');
    expect(Date.now() - asked).toBeLessThan(2_000);
    await expectState(page, 'cancelled');
    await expect.poll(() => isDrawn(stage(page).getByRole('img').last())).toBe(true);
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: watch.take.result }).click();
    expect((await download).suggestedFilename()).toMatch(/\.(png|jpe?g)$/);
    expect((await api.ended(next.id)).status).toBe('succeeded');
  });
});

/** The result itself, which is no longer one of the iterations. */
async function expectFinal(page: Page, iteration: number): Promise<void> {
  await expect(stage(page).getByRole('img', { name: watch.picture.result(iteration) })).toBeVisible();
}

/** What a person sees with every picture that the screen shows, until the end. */
async function record(page: Page): Promise<void> {
  await page.evaluate((name) => {
    const seen: Seen = { values: [], pictures: [], boxes: [], blanks: 0 };
    const look = (): void => {
      const bar = document.querySelector<HTMLProgressElement>('progress');
      if (bar?.value && bar.value !== seen.values.at(-1)) seen.values.push(bar.value);
      const region = document.querySelector(`[aria-label="${name}"]`);
      const picture = [...(region?.querySelectorAll('img') ?? [])].at(-1);
      if (picture) {
        if (!picture.complete || picture.naturalWidth === 0) seen.blanks += 1;
        if (picture.src !== seen.pictures.at(-1)) seen.pictures.push(picture.src);
        const { x, width, height } = picture.getBoundingClientRect();
        const box = [x, width, height].map(Math.round).join(' ');
        if (box !== seen.boxes.at(-1)) seen.boxes.push(box);
      }
      requestAnimationFrame(look);
    };
    look();
    (window as unknown as { seen: Seen }).seen = seen;
  }, watch.picture.region);
}

async function saidIteration(page: Page): Promise<number> {
  const text = await page.locator('main').innerText();
  return Number(/Iteration (\d+) of/.exec(text)?.[1] ?? 0);
}

/** Straight away, or after the question that long work is worth. */
async function stop(page: Page): Promise<void> {
  await page.getByRole('button', { name: watch.actions.stop, exact: true }).click();
  const keep = page.getByRole('dialog').getByRole('button', { name: watch.cancel.keep });
  if (await keep.isVisible()) await keep.click();
}
