/** Light, dark, or as the system says; kept by this browser. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'nst.theme';

export const theme = $state<{ value: Theme }>({ value: stored() });

/** Show it, and keep it. */
export function choose(value: Theme): void {
  theme.value = value;
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // A browser that keeps nothing still shows it.
  }
  applyTheme();
}

export function applyTheme(): void {
  if (theme.value === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.value;
}

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}
