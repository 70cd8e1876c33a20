import type { Locator, Page } from '@playwright/test';
import { make } from '../src/lib/words/make';
import { expect, test } from './fixtures';
import {
  isDrawn,
  openMake,
  paintingBox,
  photoBox,
  pick,
  stage,
  start,
  startButton,
  takeExample,
} from './person';
import { jpeg, photo, png, type Upload } from './pictures';
import { MAX_UPLOAD_BYTES } from './service';

test('a person who brings nothing has a picture in three actions', async ({ page, api }) => {
  await openMake(page);
  await expect(startButton(page)).toBeDisabled();
  await expect(page.getByText(make.start.needBoth)).toBeVisible();
  await takeExample(page);
  await expect(page.getByText(make.start.needPainting)).toBeVisible();
  await pick(page, 'Night wind');
  await expect(startButton(page)).toBeEnabled();
  const id = await start(page);
  const picture = stage(page).getByRole('img').first();
  await expect(picture).toBeVisible();
  await expect.poll(() => isDrawn(picture)).toBe(true);
  expect((await api.job(id)).options).toMatchObject({ size: 512, iterations: 150 });
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
});

test.describe('both ways in', () => {
  test.use({ engine: 'sleeping' });

  test('choosing, dropping and pasting give the same preview and arrive as the same picture', async ({
    page,
    api,
  }) => {
    for (const bring of [choose, drop, paste]) {
      await openMake(page);
      await bring(page, photoBox(page), jpeg('tide.jpg'));
      await expect(photoBox(page).getByRole('img')).toHaveJSProperty('naturalWidth', 600);
      await pick(page, 'Cubist table'); // by no other test: its first job must be painted
      const job = await api.ended(await start(page));
      expect(job.status).toBe('succeeded');
      // The service knows equal pictures with equal options by their bytes.
      expect(job.reused, bring.name).toBe(bring !== choose);
      await page.goto('/');
      await photoBox(page)
        .getByRole('button', { name: /^Remove/ })
        .click();
      await expect(photoBox(page).getByRole('img')).toHaveCount(0);
    }
  });

  test('a pasted picture lands in the box that has the focus', async ({ page }) => {
    await openMake(page);
    await paintingBox(page).getByLabel(make.painting.choose).focus();
    await paste(page, paintingBox(page), png(40, 30));
    await expect(paintingBox(page).getByRole('img')).toHaveJSProperty('naturalWidth', 40);
    await expect(photoBox(page).getByRole('img')).toHaveCount(0);
  });
});

const REFUSED: readonly { what: string; file: Upload; says: RegExp }[] = [
  {
    what: 'a text',
    file: { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') },
    says: /notes\.txt/,
  },
  {
    what: 'a renamed text',
    file: jpeg('letter.jpg', Buffer.from('no picture at all')),
    says: /letter\.jpg” is not a picture/,
  },
  {
    what: 'too many bytes',
    file: jpeg('heavy.jpg', Buffer.concat([photo(), Buffer.alloc(MAX_UPLOAD_BYTES)])),
    says: /heavy\.jpg” has 2\.1 MB; the most is 2 MB/,
  },
  {
    what: 'too many pixels',
    file: { ...png(2000, 1600), name: 'wide.png' },
    says: /wide\.png” has 2000 × 1600 pixels/,
  },
  { what: 'an empty file', file: jpeg('nothing.jpg', Buffer.alloc(0)), says: /nothing\.jpg” is empty/ },
];

test.describe('what cannot be used', () => {
  test.use({ engine: 'sleeping' });

  test('each refusal stands beside its box, the picture before stays, and nothing is sent', async ({
    page,
  }) => {
    const sent: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') sent.push(request.url());
    });
    await openMake(page);
    await choose(page, photoBox(page), jpeg('tide.jpg'));
    await expect(photoBox(page).getByRole('img')).toHaveJSProperty('naturalWidth', 600);
    for (const { what, file, says } of REFUSED) {
      for (const bring of [choose, drop]) {
        await bring(page, photoBox(page), file);
        await expect(photoBox(page).getByRole('alert'), what).toHaveText(says);
        await expect(photoBox(page)).toHaveAccessibleDescription(says);
        await expect(photoBox(page).getByRole('img')).toHaveJSProperty('naturalWidth', 600);
      }
    }
    expect(sent).toEqual([]);
  });

  test('two files, and a link from another page, are told apart', async ({ page }) => {
    await openMake(page);
    await dropFiles(photoBox(page), [jpeg('one.jpg'), jpeg('two.jpg')]);
    await expect(photoBox(page).getByRole('alert')).toHaveText(make.drop.several(2));
    await photoBox(page).drop({ data: { 'text/uri-list': 'https://pictures.example/cat.jpg' } });
    await expect(photoBox(page).getByRole('alert')).toHaveText(make.drop.link);
  });

  test('a drop beside the boxes does not leave the page', async ({ page }) => {
    await openMake(page);
    const address = page.url();
    await dropFiles(page.getByRole('contentinfo'), [jpeg('lost.jpg')]);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    expect(page.url()).toBe(address);
  });
});

async function choose(_page: Page, box: Locator, file: Upload): Promise<void> {
  await box.locator('input[type=file]').first().setInputFiles(file);
}

async function drop(_page: Page, box: Locator, file: Upload): Promise<void> {
  await dropFiles(box, [file]);
}

const dropFiles = (target: Locator, files: Upload[]): Promise<void> => target.drop({ files });

async function paste(_page: Page, box: Locator, file: Upload): Promise<void> {
  const bytes = [...file.buffer];
  await box.evaluate(
    (element, { bytes, name, type }) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], name, { type }));
      const target = element.contains(document.activeElement) ? document.activeElement : element;
      target?.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
      );
    },
    { bytes, name: file.name, type: file.mimeType },
  );
}
