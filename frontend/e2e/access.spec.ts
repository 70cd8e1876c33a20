import { make } from '../src/lib/words/make';
import { watch } from '../src/lib/words/watch';
import { expectAccessible, expectNoSidewaysScroll } from './axe';
import { expect, test } from './fixtures';
import {
  bar,
  expectState,
  look,
  openMake,
  paintingBox,
  photoBox,
  pick,
  scrubber,
  stage,
  start,
  startButton,
  takeExample,
  watchJob,
} from './person';

const NETWORK = /Failed to load resource/;

test.describe('every state, light and dark', () => {
  test.use({ engine: 'sleeping', expected: NETWORK });

  test('the form: empty, refused, ready, with everything open', async ({ page }) => {
    await openMake(page);
    await expectAccessible(page, 'empty');
    await photoBox(page)
      .locator('input[type=file]')
      .first()
      .setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
    await expect(photoBox(page).getByRole('alert')).toBeVisible();
    await expectAccessible(page, 'refused');
    await takeExample(page);
    await pick(page, 'Night wind');
    await page.getByText(make.advanced.title, { exact: true }).click();
    await expect(startButton(page)).toBeEnabled();
    await expectAccessible(page, 'ready');
  });

  test('a job: running, finished, stopped, failed, gone', async ({ page, api }) => {
    const running = await api.submit({ size: 64, iterations: 1500, save_every: 20 });
    await watchJob(page, running);
    await expect(stage(page).getByRole('img').first()).toBeVisible();
    await expect(bar(page)).toHaveAttribute('max', /\d/);
    await expectAccessible(page, 'running');
    await api.cancel(running);
    await expectState(page, 'cancelled');
    await expectAccessible(page, 'stopped');
    const finished = await api.finished({ size: 64, iterations: 20, save_every: 2 });
    await watchJob(page, finished);
    await expectState(page, 'succeeded');
    await expectAccessible(page, 'finished');
    await look(page, watch.look.compare);
    await expectAccessible(page, 'compared');
    await watchJob(page, await api.finished({ size: 64, iterations: 20, seed: 5 }));
    await expectState(page, 'failed');
    await expectAccessible(page, 'failed');
    await page.goto(`/#/jobs/${'0'.repeat(32)}`);
    await expect(page.getByRole('heading', { name: watch.gone.unknown.title })).toBeVisible();
    await expectAccessible(page, 'gone');
  });

  test('my pictures and how it works', async ({ page }) => {
    for (const name of ['My pictures', 'How it works']) {
      await page.goto('/');
      await page.getByRole('link', { name, exact: true }).first().click();
      await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
      await expectAccessible(page, name);
    }
  });
});

test.describe('names and the keyboard', () => {
  test.use({ engine: 'sleeping' });

  test('what a screen reader is told has roles, names and values', async ({ page, api }) => {
    await openMake(page);
    await expect(page.getByRole('banner')).toBeVisible();
    await expect(page.getByRole('main')).toHaveCount(1);
    await expect(photoBox(page)).toBeVisible();
    await expect(paintingBox(page)).toBeVisible();
    await expect(page.getByRole('slider', { name: make.strength.title })).toHaveAttribute(
      'aria-valuetext',
      /\w/,
    );
    await expect(page.getByRole('radio', { name: make.presets.standard.title })).toBeChecked();
    const job = await api.finished({ size: 64, iterations: 20, save_every: 2 });
    await watchJob(page, job);
    await expect(stage(page).getByRole('img', { name: watch.picture.result(20) })).toBeVisible();
    await expect(scrubber(page)).toHaveAttribute('aria-valuetext', /Iteration 20/);
    await expect(page.getByRole('status').first()).toBeAttached();
    await expect(page).toHaveTitle(new RegExp(watch.state.succeeded));
  });

  test('the whole way with the keyboard alone', async ({ page, api }) => {
    await openMake(page);
    const example = page.getByRole('button', { name: make.photo.example('Coffee cup') });
    await tabTo(page, example);
    await page.keyboard.press('Enter');
    await expect(photoBox(page).getByRole('img').first()).toBeVisible();
    const gallery = page.getByRole('radio', { name: 'Night wind' });
    await gallery.focus();
    await page.keyboard.press('Space');
    await expect(gallery).toBeChecked();
    await page.keyboard.press('Control+Enter');
    await page.waitForURL(/#\/jobs\//);
    await expectState(page, 'succeeded');
    const job = await api.job(page.url().slice(-32));
    await page.locator('body').press('ArrowLeft');
    await expect(scrubber(page)).toHaveAttribute(
      'aria-valuetext',
      new RegExp(`Iteration ${job.frames.at(-2)}`),
    );
    await page.keyboard.press('l');
    await expect(scrubber(page)).toHaveAttribute('aria-valuetext', watch.film.newest(job.iteration, false));
    const download = page.waitForEvent('download');
    await page.keyboard.press('d');
    await download;
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: watch.keys.title })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
  });
});

test.describe('small screens @phone', () => {
  test.use({ engine: 'sleeping' });

  for (const width of [412, 320]) {
    test(`the whole way at ${width} px, without scrolling sideways`, async ({ page, api }) => {
      await page.setViewportSize({ width, height: 780 });
      await openMake(page);
      await expectNoSidewaysScroll(page);
      await takeExample(page);
      await pick(page, 'Night wind');
      await expect(startButton(page)).toBeInViewport();
      await expectAccessible(page, `ready at ${width} px`);
      const id = await start(page);
      await expect(stage(page).getByRole('img').first()).toBeInViewport();
      await expectNoSidewaysScroll(page);
      await api.ended(id);
      await expectState(page, 'succeeded');
      await expectNoSidewaysScroll(page);
      await expectAccessible(page, `finished at ${width} px`);
      for (const path of ['/#/mine', '/#/about']) {
        await page.goto(path);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expectNoSidewaysScroll(page);
      }
    });
  }
});

async function tabTo(
  page: import('@playwright/test').Page,
  target: import('@playwright/test').Locator,
): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab');
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error('the keyboard does not get there');
}
