export type Action =
  'previous' | 'next' | 'first' | 'newest' | 'live' | 'compare' | 'download' | 'play' | 'keys';

const LETTERS: Readonly<Record<string, Action>> = {
  l: 'live',
  c: 'compare',
  d: 'download',
  '?': 'keys',
};
const MOVES: Readonly<Record<string, Action>> = {
  ArrowLeft: 'previous',
  ArrowRight: 'next',
  Home: 'first',
  End: 'newest',
};
const TYPING =
  'input:not([type=range], [type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]';
const USES_SPACE = 'button, a, summary, input, [role=button]';
const USES_ARROWS = 'input, [role=region][tabindex]';

/** What a key means here; nothing where the thing in focus uses the key itself, or a dialog is open. */
export function actionOf(event: KeyboardEvent): Action | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return null;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(`${TYPING}, dialog`)) return null;
  if (event.key === ' ') return target?.closest(USES_SPACE) ? null : 'play';
  const move = MOVES[event.key];
  if (move) return target?.closest(USES_ARROWS) ? null : move;
  return LETTERS[event.key.toLowerCase()] ?? null;
}
