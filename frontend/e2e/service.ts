import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_SECONDS = 60;

/** What renders: the real engine, or one that sleeps and, as the seed says, fails. */
const ENGINES = {
  painting: 'consumer.painter:Painter',
  sleeping: 'tests.consumer.engines:Trouble',
} as const;
export type EngineName = keyof typeof ENGINES;

/** Small limits, so that small files are beyond them. */
export const MAX_UPLOAD_BYTES = 2_000_000;
export const MAX_PIXELS = 3_000_000;

/** The service as a person starts it: `python -m backend`, with the page that was built. */
export class Service {
  private constructor(
    readonly url: string,
    private readonly process: ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(engine: EngineName): Promise<Service> {
    const folder = mkdtempSync(join(tmpdir(), 'nst-page-'));
    const started = spawn(process.env['NST_PYTHON'] ?? join(ROOT, '.venv/bin/python'), ['-m', 'backend'], {
      cwd: ROOT,
      env: { ...withoutSettings(), ...settings(engine, folder) },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const service = new Service(await address(started), started, folder);
    await service.ready();
    return service;
  }

  /** As Ctrl-C does it. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    if (this.process.exitCode === null && this.process.kill('SIGINT')) await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    const deadline = Date.now() + START_SECONDS * 1000;
    while (Date.now() < deadline) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await this.stop();
    throw new Error('the service did not become ready');
  }
}

function settings(engine: EngineName, folder: string): Record<string, string> {
  return {
    NST_PORT: '0',
    NST_DATA_DIR: join(folder, 'data'),
    NST_WEIGHTS_DIR: join(folder, 'weights'),
    NST_PAGE_DIR: process.env['NST_PAGE_DIR'] ?? join(ROOT, 'frontend/dist'),
    NST_ENGINE: ENGINES[engine],
    // One thread at the usual priority: two that wait for each other on busy cores take many times as long.
    NST_ENGINE_PRIORITY: 'normal',
    NST_ENGINE_THREADS: '1',
    NST_MAX_UPLOAD_BYTES: String(MAX_UPLOAD_BYTES),
    NST_MAX_PIXELS: String(MAX_PIXELS),
    NST_SUBMITS_PER_MINUTE: '0',
    NST_DRAIN_SECONDS: '0',
    NST_RETRY_SECONDS: '0.2',
    NST_THREADS: '32',
    NST_LOG_LEVEL: 'error',
  };
}

function withoutSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NST_')));
}

function address(started: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    started.stdout?.on('data', (bytes: Buffer) => {
      printed += bytes.toString();
      const found = /http:\/\/\S+/.exec(printed);
      if (found) resolve(found[0]);
    });
    started.once('error', reject);
    started.once('exit', (code) =>
      reject(new Error(`the service ended with status ${code}: is there a .venv? Run make setup`)),
    );
  });
}
