import { expect, test } from 'vitest';
import { make } from '../words/make';
import { arrivalOf, couldBePicture } from './drop';
import { jpegFile, transfer } from './offer';

const words = make.drop;

test('one file arrives as it is', () => {
  const file = jpegFile();
  expect(arrivalOf(transfer([file]))).toEqual({ file });
});

test.each([
  ['two files', transfer([jpegFile('one.jpg'), jpegFile('two.jpg')]), words.several(2)],
  ['a folder', transfer([jpegFile('holiday')], ['Files'], true), words.folder],
  ['a link of another page', transfer([], ['text/uri-list', 'text/html']), words.link],
  ['nothing', transfer([], []), words.nothing],
  ['no data at all', null, words.nothing],
])('%s has a sentence of its own', (_, data, problem) => {
  expect(arrivalOf(data)).toEqual({ problem });
});

test('pasted text is no picture', () => {
  expect(arrivalOf(transfer([], ['text/plain']), true)).toEqual({ problem: words.noPicture });
});

test('what is dragged invites only where it could be a picture', () => {
  expect(couldBePicture(transfer([], ['Files']))).toBe(true);
  expect(couldBePicture(transfer([], ['text/uri-list']))).toBe(true);
  expect(couldBePicture(transfer([], ['application/x-row']))).toBe(false);
  expect(couldBePicture(null)).toBe(false);
});
