import { defineConfig, devices } from '@playwright/test';
import { CHROMIUM, NO_BROWSER } from './e2e/chromium';

if (CHROMIUM === null && process.env['CI']) throw new Error(NO_BROWSER);
if (CHROMIUM === null && !process.env['TEST_WORKER_INDEX'])
  process.stderr.write(`${NO_BROWSER}\nThey are skipped.\n`);

/** Beside `@phone`, the checks of what a person does are run once, on the desktop. */
const PHONE = /@phone/;

export default defineConfig({
  testDir: './e2e',
  workers: 1,
  fullyParallel: false,
  // A browser, an API and an engine share few cores here: a second failure is one of ours, the first is told as flaky.
  retries: 1,
  forbidOnly: Boolean(process.env['CI']),
  timeout: 45_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  outputDir: './test-results',
  use: {
    trace: 'retain-on-failure',
    actionTimeout: 10_000,
    reducedMotion: 'no-preference',
    launchOptions: {
      ...(CHROMIUM === null ? {} : { executablePath: CHROMIUM }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'desktop', use: { ...devices['Desktop Chrome'] }, grepInvert: PHONE },
    { name: 'phone', use: { ...devices['Pixel 7'] }, grep: PHONE },
  ],
});
