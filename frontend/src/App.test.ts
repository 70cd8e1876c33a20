import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import App from './App.svelte';
import { go } from './lib/route.svelte';
import { make } from './lib/words/make';

vi.mock('./lib/api/client', () => {
  const nothing = (): Promise<never> => Promise.reject(new Error('not in this test'));
  return {
    getLimits: nothing,
    getOptions: nothing,
    getStyles: nothing,
    getPhotos: nothing,
    getQueue: nothing,
    getJob: nothing,
  };
});

const words = make.shell;
window.scrollTo = vi.fn();

afterEach(() => go('#/'));

test('every page has its name in the title, the marked link and the focus', async () => {
  render(App);
  expect(document.title).toBe(words.titles.make);
  expect(screen.getByRole('link', { name: words.make })).toHaveAttribute('aria-current', 'page');
  go('#/nothing-like-this');
  expect(await screen.findByRole('heading', { level: 1, name: make.nowhere.title })).toBeInTheDocument();
  expect(document.title).toContain(words.titles.nowhere);
  await waitFor(() => expect(screen.getByRole('main')).toHaveFocus());
});

test('the theme goes round, and says which it is', async () => {
  render(App);
  const person = userEvent.setup();
  for (const value of ['light', 'dark', 'system'] as const) {
    await person.click(screen.getByRole('button', { name: /Colours of the page/ }));
    expect(screen.getByRole('button', { name: words.theme(words.themes[value]) })).toBeInTheDocument();
  }
});

test('the keyboard can skip to the page', async () => {
  render(App);
  await userEvent.setup().click(screen.getByRole('button', { name: words.skip }));
  expect(screen.getByRole('main')).toHaveFocus();
});
