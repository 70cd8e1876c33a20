/** Loaded when somebody starts: none of it is needed to look at the page. */
import { Refusal } from '../api/refusal';
import { submit } from '../api/submit';
import { remember } from '../job/history';
import { thumbnail } from '../picture/thumbnail';
import { problems } from '../words/problems';
import type { MakeForm } from './form.svelte';
import { choiceOf, titleOf } from './paintings.svelte';

export type Sent =
  | { readonly kind: 'accepted'; readonly id: string }
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'refused';
      readonly sentence: string;
      readonly field: string;
      /** Null where waiting does not help. */
      readonly retryAfterSeconds: number | null;
    };

/** Submit what the form holds, and remember whose it is. */
export async function send(
  form: MakeForm,
  content: Blob,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Sent> {
  const { list, blendOption } = form.paintings;
  const options = { ...form.choices.options, ...blendOption };
  const styles = list.map(choiceOf);
  const title = list.map(titleOf).join(' + ');
  try {
    const job = await submit({ content, styles, options }, onProgress, signal);
    await remember({
      id: job.id,
      ownerToken: job.owner_token,
      createdAt: job.created_at,
      title,
      options: { ...options, ...job.options },
      thumbnail: await thumbnail(content),
      content,
      styles,
      status: job.status,
    });
    return { kind: 'accepted', id: job.id };
  } catch (thrown) {
    return refused(thrown);
  }
}

function refused(thrown: unknown): Sent {
  if (!(thrown instanceof Refusal))
    return { kind: 'refused', sentence: String(thrown), field: '', retryAfterSeconds: null };
  if (thrown.code === 'aborted') return { kind: 'stopped' };
  const { field, retryAfterSeconds } = thrown;
  return { kind: 'refused', sentence: problems.sentence(thrown), field, retryAfterSeconds };
}
