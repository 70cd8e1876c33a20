import { go, jobPath } from '../route.svelte';
import { make as words } from '../words/make';
import { Catalogue } from './catalogue.svelte';
import { Choices } from './choices.svelte';
import { labelOf } from './controls';
import { arrivalOf, type Arrival } from './drop';
import { fetched } from './fetched';
import { Paintings, pictureUrlOf } from './paintings.svelte';
import { checked, nameOf, release, type Picture } from './picture';

export type Box = 'photo' | 'painting';

/** What happens to the form; while it is edited, a refusal may stand beside what it is about. */
export type Sending =
  | { readonly kind: 'editing' }
  | { readonly kind: 'sending'; readonly share: number; readonly stop: AbortController }
  | {
      readonly kind: 'refused';
      readonly sentence: string;
      readonly about: About;
      readonly retryAt: number | null;
    };

/** What a refusal is about: a box, an option by its name, or the whole. */
export type About = { readonly box: Box } | { readonly option: string } | null;

export class MakeForm {
  readonly catalogue = new Catalogue();
  readonly choices = new Choices();
  readonly paintings = new Paintings();
  photo = $state.raw<Picture | null>(null);
  busy = $state<Record<Box, boolean>>({ photo: false, painting: false });
  problems = $state<Record<Box, string>>({ photo: '', painting: '' });
  notice = $state('');
  sending = $state.raw<Sending>({ kind: 'editing' });
  private readonly turns = { photo: 0, painting: 0 };
  private opening: Promise<void> | null = null;

  /** Why it cannot start; empty where it can. */
  readonly reason = $derived.by((): string => {
    if (this.catalogue.state.kind === 'away') return words.service.away;
    if (this.busy.photo || this.busy.painting) return words.start.checking;
    if (!this.photo && !this.paintings.list.length) return words.start.needBoth;
    if (!this.photo) return words.start.needPhoto;
    if (!this.paintings.list.length) return words.start.needPainting;
    if (this.catalogue.state.kind !== 'ready') return words.start.loading;
    const [wrong] = Object.keys(this.choices.problems);
    return wrong ? words.start.fix(labelOf(wrong)) : '';
  });

  readonly empty = $derived(!this.photo && !this.paintings.list.length);

  open(): Promise<void> {
    this.opening = this.ask();
    return this.opening;
  }

  private async ask(): Promise<void> {
    await this.catalogue.load();
    const { state, queue } = this.catalogue;
    if (state.kind !== 'ready') return;
    this.choices.info = state.info;
    this.choices.workerBackbone = queue?.workers[0]?.backbone.name ?? '';
    this.paintings.most = state.limits.max_styles;
  }

  /** A drop or a paste into a box; what was in it stays unless the new one is good. */
  async receive(box: Box, data: DataTransfer | null, pasted = false): Promise<void> {
    await this.take(box, arrivalOf(data, pasted));
  }

  /** A drop or a paste beside the boxes goes where there is room. */
  async receiveAnywhere(data: DataTransfer | null, pasted = false): Promise<void> {
    const box = !this.photo ? 'photo' : !this.paintings.list.length ? 'painting' : null;
    if (box) await this.receive(box, data, pasted);
    else this.notice = words.box.bothFull;
  }

  async take(box: Box, arrival: Arrival): Promise<void> {
    if ('problem' in arrival) this.problems[box] = arrival.problem;
    else await this.fill(box, arrival.file, nameOf(arrival.file));
  }

  /** A picture that the service offers, as if it had been dropped. */
  async takeFrom(box: Box, url: string, name: string): Promise<void> {
    await this.guarded(box, async () => {
      const blob = await fetched(url);
      return blob ? checked(blob, name, this.catalogue.limits) : { problem: words.drop.notFetched };
    });
  }

  async fill(box: Box, blob: Blob, name: string): Promise<void> {
    await this.guarded(box, () => checked(blob, name, this.catalogue.limits));
  }

  removePhoto(): void {
    if (this.photo) release(this.photo);
    this.setPhoto(null);
  }

  async swap(): Promise<void> {
    const { photo } = this;
    const [painting] = this.paintings.list;
    const blob =
      painting?.kind === 'gallery' ? await fetched(pictureUrlOf(painting)) : painting?.picture.blob;
    if (painting && !blob) {
      this.problems.painting = words.drop.notSwapped;
      return;
    }
    const name = painting?.kind === 'file' ? painting.picture.name : (painting?.style.title ?? '');
    this.setPhoto(null);
    this.paintings.replaceAll([]);
    this.problems = { photo: '', painting: '' };
    if (photo) this.paintings.replaceAll([{ kind: 'file', picture: photo }]);
    if (blob) await this.fill('photo', blob, name);
  }

  clear(): void {
    this.removePhoto();
    this.paintings.replaceAll([]);
    this.paintings.even();
    this.paintings.blending = false;
    this.choices.restore({ preset: 'standard', changes: {} });
    this.problems = { photo: '', painting: '' };
    this.notice = '';
    this.sending = { kind: 'editing' };
  }

  async start(): Promise<void> {
    const { photo } = this;
    if (this.reason || !photo || this.sending.kind === 'sending' || this.waiting()) return;
    const stop = new AbortController();
    this.sending = { kind: 'sending', share: 0, stop };
    this.problems = { photo: '', painting: '' };
    this.notice = '';
    // Where not even this arrives, the service is away.
    const sender = await import('./send').catch(() => null);
    if (!sender) return this.refuse(words.service.away, '', null);
    const sent = await sender.send(this, photo.blob, (share) => this.progress(share, stop), stop.signal);
    if (sent.kind === 'refused') return this.refuse(sent.sentence, sent.field, sent.retryAfterSeconds);
    this.sending = { kind: 'editing' };
    if (sent.kind === 'accepted') go(jobPath(sent.id));
    else this.notice = words.start.cancelled;
  }

  cancel(): void {
    if (this.sending.kind === 'sending') this.sending.stop.abort();
  }

  /** Whether the service asked to wait, and it is not time yet. */
  waiting(now = Date.now()): boolean {
    return this.sending.kind === 'refused' && (this.sending.retryAt ?? 0) > now;
  }

  /** What was refused is not what is there now. */
  edited(): void {
    if (this.sending.kind !== 'refused' || this.waiting()) return;
    const { about } = this.sending;
    if (about && 'box' in about) this.problems[about.box] = '';
    this.sending = { kind: 'editing' };
  }

  private progress(share: number, stop: AbortController): void {
    if (this.sending.kind === 'sending' && this.sending.stop === stop)
      this.sending = { kind: 'sending', share, stop };
  }

  private refuse(sentence: string, field: string, retryAfterSeconds: number | null): void {
    const about = aboutOf(field, (name) => this.choices.control(name) !== null);
    if (about && 'box' in about) this.problems[about.box] = sentence;
    if (about && 'option' in about) this.choices.refuse(about.option, sentence);
    const retryAt = retryAfterSeconds === null ? null : Date.now() + retryAfterSeconds * 1000;
    this.sending = { kind: 'refused', sentence, about, retryAt };
  }

  /** Only the newest picture for a box counts, however long an older one takes to be looked at. */
  private async guarded(box: Box, look: () => ReturnType<typeof checked>): Promise<void> {
    const turn = ++this.turns[box];
    this.busy[box] = true;
    this.problems[box] = '';
    this.notice = '';
    await this.opening;
    const answer = await look();
    if (turn !== this.turns[box]) {
      if ('picture' in answer) release(answer.picture);
      return;
    }
    this.busy[box] = false;
    if ('problem' in answer) this.problems[box] = answer.problem;
    else this.place(box, answer.picture);
  }

  private place(box: Box, picture: Picture): void {
    if (box === 'photo') {
      this.removePhoto();
      this.setPhoto(picture);
    } else if (!this.paintings.add({ kind: 'file', picture })) {
      release(picture);
      this.problems.painting = words.gallery.full(this.paintings.most);
    }
  }

  private setPhoto(picture: Picture | null): void {
    this.photo = picture;
    this.problems.photo = '';
  }
}

export function aboutOf(field: string, isOption: (name: string) => boolean): About {
  if (field === 'content') return { box: 'photo' };
  if (field === 'style' || field === 'style_id' || field.startsWith('style[')) return { box: 'painting' };
  const option = field.startsWith('options.') ? field.slice('options.'.length) : '';
  if (option === 'blend' || option === 'styles') return { box: 'painting' };
  return isOption(option) ? { option } : null;
}
