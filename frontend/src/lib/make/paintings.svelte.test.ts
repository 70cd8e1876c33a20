import { beforeEach, expect, test, vi } from 'vitest';
import { jpegFile, nth, styles } from './offer';
import { choiceOf, Paintings, titleOf, type Painting } from './paintings.svelte';
import { pictureOf } from './picture';

const painting = (index: number): Painting => ({ kind: 'gallery', style: nth(index) });
const [night, swell, tree, tide] = [painting(0), painting(1), painting(2), painting(3)] as const;
let paintings: Paintings;

beforeEach(() => {
  paintings = new Paintings();
  paintings.most = 3;
});

const own = (name: string): Painting => ({
  kind: 'file',
  picture: { ...pictureOf(jpegFile(name), name, 40, 30), url: `blob:${name}` },
});

test('without blending another one takes the place of the first', () => {
  paintings.add(night);
  paintings.add(swell);
  expect(paintings.list.map(titleOf)).toEqual(['Great swell']);
  expect(paintings.blendOption).toEqual({});
});

test('with blending they join, up to the most', () => {
  paintings.blending = true;
  expect([night, swell, tree, tide].map((one) => paintings.add(one))).toEqual([true, true, true, false]);
  expect(paintings.full).toBe(true);
  expect(paintings.blendOption).toEqual({});
});

test('a style of the gallery is taken away by choosing it again', () => {
  paintings.blending = true;
  styles.slice(0, 2).forEach((style) => paintings.toggle(style));
  paintings.toggle(nth(0));
  expect(paintings.list.map(titleOf)).toEqual(['Great swell']);
});

test('one share is given, and the others keep their proportions', () => {
  paintings.blending = true;
  [night, swell, tree].forEach((one) => paintings.add(one));
  paintings.share(night, 0.5);
  expect(paintings.shares).toEqual([0.5, 0.25, 0.25]);
  paintings.share(swell, 0.4);
  expect(paintings.blendOption.blend).toEqual([0.4, 0.4, 0.2]);
  paintings.even();
  expect(paintings.blendOption).toEqual({});
});

test('files come first, as the service numbers them, and carry their shares along', () => {
  paintings.blending = true;
  paintings.add(night);
  paintings.add(own('mine'));
  paintings.share(night, 0.9);
  expect(paintings.list.map((one) => choiceOf(one).kind)).toEqual(['file', 'gallery']);
  expect(paintings.blendOption.blend).toEqual([0.1, 0.9]);
});

test('the address of a file that goes is given back', () => {
  const revoke = vi.mocked(URL.revokeObjectURL);
  revoke.mockClear();
  paintings.add(own('mine'));
  paintings.add(night);
  expect(revoke).toHaveBeenCalledWith('blob:mine');
});

test('an end of blending keeps the first', () => {
  paintings.blending = true;
  [night, swell].forEach((one) => paintings.add(one));
  paintings.blend(false);
  expect(paintings.list.map(titleOf)).toEqual(['Night wind']);
});
