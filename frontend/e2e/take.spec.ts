import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { make } from '../src/lib/words/make';
import { watch } from '../src/lib/words/watch';
import { expect, test } from './fixtures';
import { scrubber, startButton, watchJob } from './person';
import { pngSize, unzip } from './pictures';

test('picture, iteration, everything, film and settings are what their names say', async ({ page, api }) => {
  const job = await api.finished({ size: 96, iterations: 24, save_every: 4, plateau: 0, style_weight: 2 });
  await watchJob(page, job);

  const result = await taken(page, watch.take.result);
  expect(result.name).toMatch(/^night-wind-[0-9a-f]{8}\.png$/);
  expect(pngSize(result.bytes)).toEqual([job.width, job.height]);

  await scrubber(page).fill('2');
  const frame = await taken(page, watch.take.frame(8));
  expect(frame.name).toMatch(/8\.jpg$/);
  expect(frame.bytes.equals(await api.bytes(`/api/jobs/${job.id}/frames/8`))).toBe(true);

  const everything = unzip((await taken(page, watch.take.archive)).bytes);
  const frames = [...everything.keys()].filter((name) => /(^|\/)frames\//.test(name));
  expect(frames).toHaveLength(job.frames.length);
  expect([...everything.keys()].map((name) => name.split('/').at(-1))).toEqual(
    expect.arrayContaining(['result.png', 'options.json', 'losses.csv']),
  );

  const film = await taken(page, watch.take.film);
  expect(film.name).toMatch(/\.mp4$/);
  expect(film.bytes.subarray(4, 8).toString()).toBe('ftyp');

  const settings = await taken(page, watch.take.settings);
  expect(JSON.parse(settings.bytes.toString())).toMatchObject(job.options);
});

test('making it again begins with the same pictures and settings', async ({ page, api }) => {
  const job = await api.finished({
    size: 80,
    iterations: 12,
    style_weight: 2.5,
    color: 'luminance',
    seed: 7,
  });
  await watchJob(page, job);
  await page.getByRole('link', { name: watch.actions.again }).click();
  await expect(page.getByText(make.remix.done)).toBeVisible();
  await expect(page.getByRole('checkbox', { name: make.colours.title })).toBeChecked();
  const asked = page.waitForRequest((request) => request.method() === 'POST');
  await startButton(page).click();
  await page.waitForURL(/#\/jobs\//);
  expect((await asked).url()).toBe(`${api.url}/api/jobs`);
  const again = await api.job(page.url().slice(-32));
  expect(again.id).not.toBe(job.id);
  expect(again.options).toEqual(job.options);
});

/** What a click on this link leaves in the folder of downloads. */
async function taken(page: Page, name: string): Promise<{ name: string; bytes: Buffer }> {
  const download = page.waitForEvent('download');
  const offers = page.getByRole('region', { name: watch.take.title });
  const link = offers.getByRole('link', { name }).or(offers.getByRole('button', { name }));
  await link.first().click();
  const file = await download;
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}
