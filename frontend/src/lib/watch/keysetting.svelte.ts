/** Whether single keys do something on the job page; kept by this browser. People who dictate text need to turn it off. */
const KEY = 'nst.keys';

export const keySetting = $state<{ on: boolean }>({ on: stored() });

export function useKeys(on: boolean): void {
  keySetting.on = on;
  try {
    localStorage.setItem(KEY, on ? 'on' : 'off');
  } catch {
    // A browser that keeps nothing still does as told until the page is left.
  }
}

function stored(): boolean {
  try {
    return localStorage.getItem(KEY) !== 'off';
  } catch {
    return true;
  }
}
