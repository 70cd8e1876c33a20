import { afterEach, describe, expect, it } from 'vitest';
import { actionOf, type Action } from './keys';

function press(key: string, markup = '<p></p>', init: KeyboardEventInit = {}): Action | null {
  document.body.innerHTML = markup;
  let action: Action | null = null;
  const listen = (event: KeyboardEvent): void => void (action = actionOf(event));
  window.addEventListener('keydown', listen);
  const target = document.body.querySelector('[data-target]') ?? document.body.firstElementChild;
  target?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...init }));
  window.removeEventListener('keydown', listen);
  return action;
}

afterEach(() => void (document.body.innerHTML = ''));

describe('the keys', () => {
  it.each([
    ['ArrowLeft', 'previous'],
    ['ArrowRight', 'next'],
    ['Home', 'first'],
    ['End', 'newest'],
    ['l', 'live'],
    ['L', 'live'],
    ['c', 'compare'],
    ['d', 'download'],
    [' ', 'play'],
    ['?', 'keys'],
  ])('%s means %s', (key, action) => {
    expect(press(key)).toBe(action);
  });

  it.each(['<input />', '<textarea></textarea>', '<select></select>', '<input type="search" />'])(
    'mean nothing while somebody writes in %s',
    (markup) => {
      for (const key of ['l', 'd', ' ', 'ArrowLeft', '?']) expect(press(key, markup)).toBeNull();
    },
  );

  it('leave a slider its own arrows, but not the letters', () => {
    expect(press('ArrowLeft', '<input type="range" />')).toBeNull();
    expect(press('l', '<input type="range" />')).toBe('live');
  });

  it('leave an enlarged picture the arrows to scroll', () => {
    expect(press('ArrowLeft', '<div role="region" tabindex="0"></div>')).toBeNull();
  });

  it('leave a button and a link the space bar', () => {
    expect(press(' ', '<button></button>')).toBeNull();
    expect(press(' ', '<a href="#x"></a>')).toBeNull();
    expect(press('ArrowRight', '<button></button>')).toBe('next');
  });

  it('mean nothing in a dialog, or together with Ctrl, Alt or Meta', () => {
    expect(press('l', '<dialog><p data-target></p></dialog>')).toBeNull();
    expect(press('l', '<p></p>', { ctrlKey: true })).toBeNull();
    expect(press('d', '<p></p>', { metaKey: true })).toBeNull();
  });
});
