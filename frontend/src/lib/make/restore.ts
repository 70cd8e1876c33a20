import type { Exhibit } from '../api/types';
import type { MakeForm } from './form.svelte';
import type { KeptForm, KeptPainting, KeptPicture } from './keep';
import type { Painting } from './paintings.svelte';
import { pictureOf, type Picture } from './picture';

/** What a reload shall not lose; null where there is nothing. */
export function snapshot(form: MakeForm): KeptForm | null {
  const { paintings, choices, photo } = form;
  const chosen = choices.chosen;
  if (form.empty && chosen.preset === 'standard' && !Object.keys(chosen.changes).length) return null;
  return {
    photo: photo && keptPicture(photo),
    paintings: paintings.list.map((painting) => keptPainting(painting, paintings.part(painting))),
    blending: paintings.blending,
    chosen,
  };
}

/** Put it back; what the person did meanwhile wins. */
export function restore(form: MakeForm, kept: KeptForm): void {
  form.choices.restore(kept.chosen);
  if (!form.empty) return;
  if (kept.photo) form.photo = pictureFrom(kept.photo);
  const styles = form.catalogue.styles ?? [];
  const found = kept.paintings.flatMap((one) => {
    const painting = paintingFrom(one, styles);
    return painting ? [{ painting, share: one.share }] : [];
  });
  form.paintings.blending = kept.blending;
  form.paintings.replaceAll(found.map(({ painting }) => painting));
  form.paintings.setParts(found.map(({ painting, share }) => [painting, share]));
}

const keptPicture = ({ blob, name, width, height }: Picture): KeptPicture => ({ blob, name, width, height });

const pictureFrom = ({ blob, name, width, height }: KeptPicture): Picture =>
  pictureOf(blob, name, width, height);

function keptPainting(painting: Painting, share: number): KeptPainting {
  return painting.kind === 'file'
    ? { kind: 'file', share, picture: keptPicture(painting.picture) }
    : { kind: 'gallery', share, id: painting.style.id };
}

function paintingFrom(kept: KeptPainting, styles: readonly Exhibit[]): Painting | null {
  if (kept.kind === 'file') return { kind: 'file', picture: pictureFrom(kept.picture) };
  const style = styles.find(({ id }) => id === kept.id);
  return style ? { kind: 'gallery', style } : null;
}
