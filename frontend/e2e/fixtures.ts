import { expect, test as base, type BrowserContext, type ConsoleMessage } from '@playwright/test';
import { Api } from './api';
import { CHROMIUM, NO_BROWSER } from './chromium';
import { Service, type EngineName } from './service';

interface Services {
  get(engine: EngineName): Promise<Service>;
}

interface Fixtures {
  /** Which service the test looks at. */
  engine: EngineName;
  service: Service;
  api: Api;
  /** What may stand in the console, for tests in which something is refused. */
  expected: RegExp;
  needsBrowser: undefined;
  silence: undefined;
}

/** Every test ends with a quiet console and without a request to anywhere else. */
export const test = base.extend<Fixtures, { services: Services }>({
  services: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the pattern
    async ({}, use) => {
      const started = new Map<EngineName, Promise<Service>>();
      await use({
        get(engine) {
          const service = started.get(engine) ?? Service.start(engine);
          started.set(engine, service);
          return service;
        },
      });
      for (const service of started.values()) await (await service).stop();
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  needsBrowser: [
    // eslint-disable-next-line no-empty-pattern -- as above
    async ({}, use, info) => {
      if (CHROMIUM === null) info.skip(true, NO_BROWSER);
      await use(undefined);
    },
    { auto: true },
  ],
  engine: ['painting', { option: true }],
  service: async ({ services, engine }, use) => use(await services.get(engine)),
  baseURL: async ({ service }, use) => use(service.url),
  api: async ({ service }, use) => use(new Api(service.url)),
  expected: [/^$/, { option: true }],
  silence: [
    async ({ context, service, expected }, use) => {
      const heard = listen(context, service.url);
      await use(undefined);
      expect(heard.elsewhere, 'requests to another origin').toEqual([]);
      expect(heard.console.filter((text) => !expected.test(text))).toEqual([]);
    },
    { auto: true },
  ],
});

export function listen(context: BrowserContext, url: string): { console: string[]; elsewhere: string[] } {
  const heard: { console: string[]; elsewhere: string[] } = { console: [], elsewhere: [] };
  context.on('console', (message: ConsoleMessage) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      heard.console.push(`${message.text()} (${message.location().url})`);
    }
  });
  context.on('weberror', (error) => heard.console.push(String(error.error())));
  context.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url()))
      heard.elsewhere.push(request.url());
  });
  return heard;
}

export { expect };
