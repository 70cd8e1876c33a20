/** Phones have a sheet of their own to send a link; elsewhere copying it is what people want. */
export const canSend = (): boolean =>
  typeof navigator.share === 'function' && window.matchMedia('(pointer: coarse)').matches;

export async function share(address: string, title: string): Promise<'sent' | 'copied' | 'failed'> {
  if (canSend()) {
    try {
      await navigator.share({ url: address, title });
      return 'sent';
    } catch (thrown) {
      if (thrown instanceof DOMException && thrown.name === 'AbortError') return 'sent';
    }
  }
  return (await copied(address)) ? 'copied' : 'failed';
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedTheOldWay(text);
  }
}

/** Over plain HTTP from another machine browsers have no `navigator.clipboard`. */
function copiedTheOldWay(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  const done = typeof document.execCommand === 'function' && document.execCommand('copy');
  field.remove();
  return done;
}
