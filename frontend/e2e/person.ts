import { expect, type Locator, type Page } from '@playwright/test';
import { make } from '../src/lib/words/make';
import { watch } from '../src/lib/words/watch';
import type { Api, JobSeen } from './api';

export const photoBox = (page: Page): Locator =>
  page.getByRole('group', { name: make.photo.title, exact: true });
export const paintingBox = (page: Page): Locator =>
  page.getByRole('group', { name: make.painting.title, exact: true });
export const startButton = (page: Page): Locator => page.getByRole('button', { name: make.start.start });
export const bar = (page: Page): Locator => page.getByRole('progressbar', { name: watch.progress });
export const scrubber = (page: Page): Locator => page.getByRole('slider', { name: watch.film.scrubber });

/** The picture that is looked at: the painting, not its thumbnails. */
export const stage = (page: Page): Locator =>
  page.getByRole('region', { name: watch.picture.region, exact: true });

export async function openMake(page: Page): Promise<void> {
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('radio', { name: 'Night wind' })).toBeVisible();
}

export const takeExample = (page: Page, title = 'Coffee cup'): Promise<void> =>
  page.getByRole('button', { name: make.photo.example(title) }).click();

export const pick = (page: Page, title: string): Promise<void> =>
  page.getByRole('radio', { name: title, exact: true }).check();

/** Ask for the picture that was prepared, and arrive at its page. */
export async function start(page: Page): Promise<string> {
  await startButton(page).click();
  await page.waitForURL(/#\/jobs\/[0-9a-f]{32}$/);
  return page.url().slice(-32);
}

/** A picture of one's own with these options, begun from the form: they come with the remix of one that was stopped. */
export async function begin(page: Page, api: Api, options: Record<string, unknown>): Promise<string> {
  const model = await api.submit(options);
  await api.cancel(model);
  await page.goto(`/#/?remix=${model.id}`);
  await expect(page.getByText(make.remix.done)).toBeVisible();
  return start(page);
}

export async function watchJob(page: Page, job: JobSeen): Promise<void> {
  await page.goto(`/#/jobs/${job.id}`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
}

/** What the picture's address says that it is. */
export async function shownIteration(page: Page): Promise<number> {
  const source = await stage(page).getByRole('img').last().getAttribute('src');
  return Number(/frames\/(\d+)/.exec(source ?? '')?.[1] ?? Number.NaN);
}

export const isDrawn = (picture: Locator): Promise<boolean> =>
  picture.evaluate(
    (element) => (element as HTMLImageElement).complete && (element as HTMLImageElement).naturalWidth > 0,
  );

export async function expectState(page: Page, state: keyof typeof watch.state): Promise<void> {
  await expect(page.getByText(watch.state[state], { exact: true }).first()).toBeVisible({ timeout: 30_000 });
}

/** One of the ways to look at it, chosen as a person does: by its label. */
export async function look(page: Page, name: string): Promise<void> {
  await page.getByRole('group', { name: watch.look.legend }).getByText(name, { exact: true }).click();
  await expect(page.getByRole('radio', { name, exact: true })).toBeChecked();
}
