/** A picture of this service as bytes, or null where it does not come. */
export async function fetched(url: string): Promise<Blob | null> {
  try {
    const answer = await fetch(url);
    return answer.ok ? await answer.blob() : null;
  } catch {
    return null;
  }
}
