import { isOver, type Job } from '../api/types';
import { Follower } from '../job/follow.svelte';
import { frameAddress, hasResult, smallFrameAddress } from './addresses';
import { Owner } from './owner.svelte';
import { Pictures } from './pictures';
import { Progress } from './progress.svelte';
import { Viewing } from './viewing.svelte';

export type Look = 'plain' | 'compare' | 'mix';
export type Zoom = 'fit' | 1 | 2;

/** Everything that the page of one job knows: the job as it changes, and how it is looked at. */
export class JobPage {
  readonly follower: Follower;
  readonly owner: Owner;
  readonly pictures = new Pictures();
  readonly progress = new Progress();
  readonly viewing = new Viewing((iteration) => this.#ready(iteration));
  look = $state<Look>('plain');
  zoom = $state<Zoom>('fit');
  /** The photo shows in place of the painting for as long as something is held. */
  flipped = $state(false);
  /** Of the painting over the photo, in percent. */
  opacity = $state(70);
  #alive = true;
  #preloading = false;

  constructor(id: string) {
    this.follower = new Follower(id);
    this.owner = new Owner(id);
  }

  get job(): Job | null {
    return this.follower.job;
  }

  start(): void {
    this.#alive = true;
    this.follower.start();
    void this.owner.recognise().then(() => this.#keep());
  }

  stop(): void {
    this.#alive = false;
    this.viewing.pause();
    this.follower.stop();
  }

  /** The job has changed. */
  take(job: Job): void {
    this.pictures.fit(job.width * job.height);
    this.viewing.update(job.frames);
    this.progress.update(job);
    this.#keep();
  }

  /** Where the picture is that is looked at; empty where none was kept. */
  address(job: Job): string {
    const { shown, isLive } = this.viewing;
    if (isLive && isOver(job.status) && hasResult(job)) return job.links.result;
    return shown === null ? '' : frameAddress(job, shown);
  }

  /** Somebody goes through the iterations: from now on each shall be there before it is asked for. */
  async preload(): Promise<void> {
    const { job } = this;
    if (!job || this.#preloading) return;
    this.#preloading = true;
    const addresses = job.frames.map((iteration) => frameAddress(job, iteration));
    await this.pictures.preload(addresses, () => this.#alive);
    this.#preloading = false;
  }

  #ready(iteration: number): Promise<void> {
    const { job } = this;
    return job ? this.pictures.ready(frameAddress(job, iteration)) : Promise.resolve();
  }

  #keep(): void {
    const { job } = this;
    if (!job || !isOver(job.status)) return;
    const last = job.frames.at(-1);
    void this.owner.keep(job, last === undefined ? null : smallFrameAddress(job, last));
  }
}
