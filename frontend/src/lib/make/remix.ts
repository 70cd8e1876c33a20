import { getJob } from '../api/client';
import type { Job, Options } from '../api/types';
import { recall, type Remembered } from '../job/history';
import { make as words } from '../words/make';
import { fetched } from './fetched';
import type { MakeForm } from './form.svelte';
import type { Painting } from './paintings.svelte';
import { checked, type Picture } from './picture';

/** Refill the form with the pictures and settings of a job: from this browser, else from the service. */
export async function remix(form: MakeForm, id: string): Promise<void> {
  form.notice = words.remix.coming;
  const [remembered, job] = await Promise.all([recall(id), jobOf(id)]);
  if (!remembered && !job) {
    form.notice = words.remix.gone;
    return;
  }
  const photo = await photoOf(form, remembered, job);
  const paintings = await paintingsOf(form, remembered, job);
  refill(form, photo, paintings, remembered?.options ?? job?.options ?? {});
  const whole = photo !== null && paintings.every((painting) => painting !== null);
  form.notice = whole ? words.remix.done : words.remix.partly;
}

function refill(
  form: MakeForm,
  photo: Picture | null,
  paintings: readonly (Painting | null)[],
  options: Options,
): void {
  form.clear();
  form.choices.refill(options);
  form.choices.reset('blend');
  form.photo = photo;
  const shares = Array.isArray(options['blend']) ? (options['blend'] as unknown[]) : [];
  const found = paintings.filter((painting) => painting !== null);
  form.paintings.blending = found.length > 1;
  form.paintings.replaceAll(found);
  const parts = paintings.flatMap((painting, index) => {
    const share = shares[index];
    return painting && typeof share === 'number' ? [[painting, share] as const] : [];
  });
  form.paintings.setParts(parts);
}

async function photoOf(
  form: MakeForm,
  remembered: Remembered | null,
  job: Job | null,
): Promise<Picture | null> {
  const blob = remembered?.content ?? (job && (await fetched(job.links.content)));
  return blob ? pictureFrom(form, blob, words.photo.title) : null;
}

async function paintingsOf(
  form: MakeForm,
  remembered: Remembered | null,
  job: Job | null,
): Promise<readonly (Painting | null)[]> {
  const styles = remembered?.styles ?? [];
  const count = Math.max(styles.length, job?.style_ids.length ?? 0);
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const style = styles[index];
      const id = (style?.kind === 'gallery' && style.id) || job?.style_ids[index];
      const known = form.catalogue.styles?.find((one) => one.id === id);
      if (known) return { kind: 'gallery' as const, style: known };
      const link = job?.links.styles[index];
      const blob = (style?.kind === 'file' && style.file) || (link ? await fetched(link) : null);
      const picture = blob && (await pictureFrom(form, blob, words.painting.own));
      return picture ? { kind: 'file' as const, picture } : null;
    }),
  );
}

async function pictureFrom(form: MakeForm, blob: Blob, name: string): Promise<Picture | null> {
  const answer = await checked(blob, name, form.catalogue.limits);
  return 'picture' in answer ? answer.picture : null;
}

async function jobOf(id: string): Promise<Job | null> {
  try {
    const seen = await getJob(id);
    return seen === 'unchanged' ? null : seen.job;
  } catch {
    return null;
  }
}
