/**
 * Figures of the page in Chromium, for `python -m bench page`: `node e2e/measure.mjs URL start|updates|scrub COUNT`.
 * Every figure is a line of JSON with what, value and unit.
 */
import { readFileSync } from 'node:fs';
import { chromium } from '@playwright/test';

const [url, what, count] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const PHOTO = new URL('../../examples/photos/coffee.jpg', import.meta.url);
const STAGE = '[aria-label="The painting"] img';
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];

const tell = (name, value, unit) => process.stdout.write(`${JSON.stringify({ what: name, value, unit })}\n`);
const middle = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

/** From the click on Start to a picture on the screen, and to one that has been painted on. */
async function begin(page) {
    const shown = [];
    const painted = [];
    for (let turn = 0; turn < count; turn++) {
        await page.goto(url);
        if (turn === 0) await page.getByRole('button', { name: /example photo “Coffee cup”/ }).click();
        await page
            .getByRole('radio', { name: ['Night wind', 'Tide mosaic', 'Iris window'][turn % 3] })
            .check();
        await page.getByRole('radio', { name: 'Draft' }).check();
        const began = performance.now();
        await page.getByRole('button', { name: 'Start painting' }).click();
        await page.waitForFunction(
            (stage) => [...document.querySelectorAll(stage)].some((each) => each.naturalWidth),
            STAGE,
        );
        shown.push((performance.now() - began) / 1000);
        await page.waitForFunction(
            (stage) =>
                [...document.querySelectorAll(stage)].some(
                    (each) => each.naturalWidth && /frames\/[1-9]/.test(each.src),
                ),
            STAGE,
            { timeout: 120_000 },
        );
        painted.push((performance.now() - began) / 1000);
        await page.getByRole('button', { name: 'Stop', exact: true }).click();
        const keep = page.getByRole('button', { name: 'Stop and keep this picture' });
        await keep.click({ timeout: 500 }).catch(() => undefined);
        await page.getByText('Stopped', { exact: true }).first().waitFor();
    }
    tell('Start to the first visible picture, 384 px', middle(shown), 's');
    tell('Start to the first painted picture, 384 px', middle(painted), 's');
}

/** How much the heap grows over so many changes of a running job, the first hundred not counted. */
async function update(page) {
    const job = await finished({ size: 64, iterations: 200, save_every: 1 });
    await page.addInitScript(() => {
        window.EventSource = class extends EventTarget {
            readyState = 1;
            constructor() {
                super();
                window.streams = [...(window.streams ?? []), this];
                setTimeout(() => {
                    this.onopen?.(new Event('open'));
                    this.dispatchEvent(new Event('open'));
                });
            }
            close() {
                this.readyState = 2;
            }
        };
    });
    const at = (version) => ({
        ...job,
        status: 'running',
        version,
        iteration: version,
        total_iterations: 2 * count,
        frames: job.frames.filter((frame) => frame * 10 <= version),
        finished_at: null,
        expires_at: null,
    });
    await page.route(`**/api/jobs/${job.id}`, (route) => route.fulfill({ json: at(1) }));
    await page.goto(`${url}/#/jobs/${job.id}`);
    await page.locator(STAGE).first().waitFor();
    await page.waitForFunction(() => window.streams?.length > 0);
    const inspector = await page.context().newCDPSession(page);
    const send = async (from, to) => {
        for (let version = from; version < to; version += 50) {
            const jobs = Array.from({ length: 50 }, (_, index) => JSON.stringify(at(version + index)));
            await page.evaluate(async (messages) => {
                for (const data of messages) {
                    const event = new MessageEvent('status', {
                        data,
                        lastEventId: String(JSON.parse(data).version),
                    });
                    window.streams.at(-1).dispatchEvent(event);
                    await new Promise((done) => requestAnimationFrame(done));
                }
            }, jobs);
        }
    };
    const heap = async () => {
        for (let turn = 0; turn < 3; turn++) await inspector.send('HeapProfiler.collectGarbage');
        const { usedSize } = await inspector.send('Runtime.getHeapUsage');
        return usedSize / 1e6;
    };
    await send(2, 102);
    const before = await heap();
    await send(102, 102 + count);
    tell(`heap before ${count} status updates`, before, 'MB');
    tell(`growth of the heap over ${count} status updates`, (await heap()) - before, 'MB');
    tell('thumbnails mounted afterwards', await page.locator('img[src*="size=small"]').count(), '');
}

/** So many kept iterations, one after the other at 30 a second: the second time nothing is asked of the service. */
async function scrub(page) {
    const job = await finished({ size: 384, iterations: count, save_every: 1 });
    await page.goto(`${url}/#/jobs/${job.id}`);
    const slider = page.getByRole('slider', { name: 'Iteration' });
    await slider.waitFor();
    for (const pass of ['first', 'second']) {
        let requests = 0;
        const heard = (request) =>
            (requests += request.url().includes('/frames/') && !request.url().includes('size=small') ? 1 : 0);
        page.on('request', heard);
        const { dropped, late } = await slider.evaluate(run, { stage: STAGE, frames: job.frames });
        await page.waitForTimeout(500);
        page.off('request', heard);
        tell(`scrubbing ${count} iterations at 30 a second, ${pass} pass: requests`, requests, '');
        tell(
            `scrubbing, ${pass} pass: steps not shown when the next one came`,
            late,
            `of ${job.frames.length}`,
        );
        tell(`scrubbing, ${pass} pass: screen refreshes dropped`, dropped, '%');
    }
}

/** In the page: move the slider, and look whether the picture follows. */
async function run(slider, { stage, frames }) {
    const step = 1000 / 30;
    let [refreshes, dropped, last, going] = [0, 0, performance.now(), true];
    const watch = (now) => {
        const missed = Math.max(0, Math.round((now - last) / (1000 / 60)) - 1);
        [refreshes, dropped, last] = [refreshes + 1 + missed, dropped + missed, now];
        if (going) requestAnimationFrame(watch);
    };
    requestAnimationFrame(watch);
    let late = 0;
    const began = performance.now();
    for (let index = 0; index < frames.length; index++) {
        slider.value = String(index);
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise((done) =>
            setTimeout(done, Math.max(0, began + (index + 1) * step - performance.now())),
        );
        const shown = [...document.querySelectorAll(stage)].some((each) =>
            each.src.endsWith(`/frames/${frames[index]}`),
        );
        // Behind the last one stands the result, at an address of its own.
        late += shown || index === frames.length - 1 ? 0 : 1;
    }
    going = false;
    return { late, dropped: (100 * dropped) / refreshes };
}

async function finished(options) {
    const form = new FormData();
    form.set('content', new Blob([readFileSync(PHOTO)], { type: 'image/jpeg' }), 'coffee.jpg');
    form.set('style_id', 'night-wind');
    form.set('options', JSON.stringify({ ...options, plateau: 0 }));
    let job = await (await fetch(`${url}/api/jobs`, { method: 'POST', body: form })).json();
    while (job.status === 'queued' || job.status === 'running') {
        job = await (await fetch(`${url}/api/jobs/${job.id}?wait=10&version=${job.version}`)).json();
    }
    if (job.status !== 'succeeded') throw new Error(`the job ${job.status}`);
    return job;
}

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ARGUMENTS });
try {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await { start: begin, updates: update, scrub }[what](page);
} finally {
    await browser.close();
}
