import { make as words } from '../words/make';

export type Arrival = { readonly file: File } | { readonly problem: string };

/** What somebody dropped or pasted: one file, or the sentence that says why it is not one. */
export function arrivalOf(data: DataTransfer | null, pasted = false): Arrival {
  const files = [...(data?.files ?? [])];
  if (data && holdsFolder(data)) return { problem: words.drop.folder };
  if (files.length > 1) return { problem: words.drop.several(files.length) };
  const file = files[0];
  if (file) return { file };
  if (pasted) return { problem: words.drop.noPicture };
  return { problem: data && holdsLink(data) ? words.drop.link : words.drop.nothing };
}

/** What the file chooser answered; null where it was closed without a choice. */
export function arrivalOfFiles(files: FileList | null): Arrival | null {
  const [file, ...others] = files ?? [];
  if (!file) return null;
  return others.length ? { problem: words.drop.several(others.length + 1) } : { file };
}

/** Whether what is dragged could be a picture; its content is secret until it is dropped. */
export const couldBePicture = (data: DataTransfer | null): boolean =>
  [...(data?.types ?? [])].some((type) => type === 'Files' || type === 'text/uri-list');

function holdsFolder(data: DataTransfer): boolean {
  return [...(data.items ?? [])].some((item) => item.webkitGetAsEntry?.()?.isDirectory === true);
}

function holdsLink(data: DataTransfer): boolean {
  return [...data.types].some((type) => type === 'text/uri-list' || type.startsWith('text/'));
}
