/** Where the page is: the part of the address behind `#`, which no server ever sees. */
export type Route =
  | { readonly name: 'make'; readonly remix: string | null }
  | { readonly name: 'watch'; readonly id: string }
  | { readonly name: 'mine' }
  | { readonly name: 'about' }
  | { readonly name: 'nowhere' };

export function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const job = /^jobs\/([0-9a-f]{32})$/.exec(path);
  if (job?.[1]) return { name: 'watch', id: job[1] };
  if (path === '')
    return { name: 'make', remix: /(?:^|&)remix=([0-9a-f]{32})(?:&|$)/.exec(query)?.[1] ?? null };
  if (path === 'mine' || path === 'about') return { name: path };
  return { name: 'nowhere' };
}

export const route = $state<{ current: Route }>({ current: parse(location.hash) });

window.addEventListener('hashchange', () => {
  route.current = parse(location.hash);
});

export const jobPath = (id: string): string => `#/jobs/${id}`;

export function go(hash: string): void {
  location.hash = hash;
}
