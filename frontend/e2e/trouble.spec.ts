import { common } from '../src/lib/words/common';
import { watch } from '../src/lib/words/watch';
import { expect, listen, test } from './fixtures';
import { bar, begin, expectState, stage, watchJob } from './person';

const NETWORK = /Failed to load resource|net::ERR_/;
const LONG = { size: 64, iterations: 300, save_every: 20 };

test.use({ engine: 'sleeping' });

test.describe('coming back', () => {
  test('a reload goes on where the painting is, and the list knows it', async ({ page, api }) => {
    const id = await begin(page, api, LONG);
    await expect.poll(async () => (await api.job(id)).iteration).toBeGreaterThan(60);
    const before = (await api.job(id)).iteration;
    await page.reload();
    await expect(bar(page)).toBeVisible();
    const said = Number(/Iteration (\d+) of/.exec(await page.locator('main').innerText())?.[1]);
    expect(said).toBeGreaterThanOrEqual(before);
    await expect(page.getByRole('button', { name: watch.actions.stop, exact: true })).toBeVisible();
    await page.getByRole('link', { name: 'My pictures' }).click();
    await expect(page.getByRole('main').locator(`a[href$="${id}"]`).first()).toBeVisible();
  });

  test('who has the link can look, and neither stop nor delete', async ({ page, api, browser, service }) => {
    const id = await begin(page, api, { ...LONG, seed: 11 });
    const visitor = await browser.newContext({ baseURL: service.url });
    const heard = listen(visitor, service.url);
    const theirs = await visitor.newPage();
    await theirs.goto(`/#/jobs/${id}`);
    await expect(stage(theirs).getByRole('img').first()).toBeVisible();
    await expect(theirs.getByText(watch.actions.visitor)).toBeVisible();
    await expect(theirs.getByRole('button', { name: watch.actions.stop, exact: true })).toHaveCount(0);
    await expect(theirs.getByRole('button', { name: watch.actions.remove })).toHaveCount(0);
    await theirs.goto('/#/mine');
    await expect(theirs.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(theirs.locator(`main a[href$="${id}"]`)).toHaveCount(0);
    expect(heard).toEqual({ console: [], elsewhere: [] });
    await visitor.close();
  });
});

test.describe('a bad network', () => {
  test.use({ expected: NETWORK });

  test('no stream, no network, then a busy service: it is said, and the painting goes on', async ({
    page,
    api,
    context,
  }) => {
    await page.route('**/events', (route) => route.abort());
    const job = await api.submit({ size: 64, iterations: 1200, save_every: 20 });
    await watchJob(page, job);
    await expect(bar(page)).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText(common.connections.polling)).toBeVisible();
    await context.setOffline(true);
    await expect(page.getByText(common.connections.offline)).toBeVisible();
    await page.waitForTimeout(4_000);
    const value = await bar(page).getAttribute('value');
    let refused = 0;
    await page.route(
      `**/api/jobs/${job.id}`,
      async (route) => {
        refused += 1;
        await route.fulfill({
          status: 503,
          contentType: 'application/problem+json',
          body: '{"code":"unavailable"}',
        });
      },
      { times: 1 },
    );
    await context.setOffline(false);
    await expect.poll(() => refused).toBe(1);
    await expect(page.getByText(common.connections.offline)).toBeHidden();
    await expect
      .poll(async () => Number(await bar(page).getAttribute('value')))
      .toBeGreaterThan(Number(value));
    await expect(page.getByRole('main')).toHaveCount(1);
    await expect(bar(page)).toHaveCount(1);
    await api.cancel(job);
    await expectState(page, 'cancelled');
  });
});

test.describe('what failed, and what is gone', () => {
  test.use({ expected: NETWORK });

  test('a failure says why, and "smaller" makes one that works', async ({ page, api }) => {
    const id = await begin(page, api, { size: 256, iterations: 20, seed: 8 });
    await expectState(page, 'failed');
    await expect(page.getByRole('alert')).toContainText(/\w+/);
    await page.getByRole('button', { name: /Try smaller/ }).click();
    await expect(page).not.toHaveURL(new RegExp(id));
    await expectState(page, 'succeeded');
  });

  test('an address that never was and a picture that was deleted have pages of their own', async ({
    page,
    api,
  }) => {
    await page.goto(`/#/jobs/${'0'.repeat(32)}`);
    await expect(page.getByRole('heading', { name: watch.gone.unknown.title })).toBeVisible();
    const job = await api.finished({ size: 64, iterations: 5, seed: 21 });
    await api.delete(job);
    await page.goto(`/#/jobs/${job.id}`);
    await expect(page.getByRole('heading', { name: watch.gone.purged.title })).toBeVisible();
    await page.getByRole('link', { name: watch.gone.fresh }).click();
    await expect(page).toHaveURL(/#\/$/);
  });
});
