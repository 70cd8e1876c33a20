import { photo } from './pictures';

export interface JobSeen {
  id: string;
  status: string;
  version: number;
  iteration: number;
  total_iterations: number;
  frames: number[];
  width: number;
  height: number;
  options: Record<string, unknown>;
  owner_token: string;
  reused: boolean;
  error: { code: string; message: string; hint: string } | null;
}

/** The API, asked beside the page: what the page says is held against it. */
export class Api {
  constructor(readonly url: string) {}

  async submit(options: Record<string, unknown>, style = 'night-wind'): Promise<JobSeen> {
    const form = new FormData();
    form.set('content', new Blob([photo()], { type: 'image/jpeg' }), 'coffee.jpg');
    form.set('style_id', style);
    form.set('options', JSON.stringify(options));
    form.set('fresh', 'true');
    const answer = await fetch(`${this.url}/api/jobs`, { method: 'POST', body: form });
    if (answer.status !== 202) throw new Error(await answer.text());
    return (await answer.json()) as JobSeen;
  }

  async job(id: string): Promise<JobSeen> {
    return (await (await fetch(`${this.url}/api/jobs/${id}`)).json()) as JobSeen;
  }

  async bytes(path: string): Promise<Buffer> {
    return Buffer.from(await (await fetch(this.url + path)).arrayBuffer());
  }

  /** The job when it is over. */
  async ended(id: string): Promise<JobSeen> {
    for (;;) {
      const job = await this.job(id);
      if (!['queued', 'running'].includes(job.status)) return job;
      await fetch(`${this.url}/api/jobs/${id}?wait=5&version=${job.version}`);
    }
  }

  async finished(options: Record<string, unknown>): Promise<JobSeen> {
    const submitted = await this.submit(options);
    return { ...(await this.ended(submitted.id)), owner_token: submitted.owner_token };
  }

  async cancel(job: JobSeen): Promise<void> {
    await fetch(`${this.url}/api/jobs/${job.id}/cancel`, { method: 'POST', headers: owner(job) });
    await this.ended(job.id);
  }

  async delete(job: JobSeen): Promise<void> {
    await fetch(`${this.url}/api/jobs/${job.id}`, { method: 'DELETE', headers: owner(job) });
  }
}

const owner = (job: JobSeen): Record<string, string> => ({ 'X-Owner-Token': job.owner_token });
