/** The API key of services that need one; kept by this browser. */
const NAME = 'nst.key';

let key = stored();

export const apiKey = (): string => key;

/** An empty one forgets it. */
export function keepApiKey(value: string): void {
  key = value.trim();
  try {
    if (key) localStorage.setItem(NAME, key);
    else localStorage.removeItem(NAME);
  } catch {
    // A browser that keeps nothing has it until the page is left.
  }
}

export const keyHeaders = (): Readonly<Record<string, string>> => (key ? { 'X-API-Key': key } : {});

function stored(): string {
  try {
    return localStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}
