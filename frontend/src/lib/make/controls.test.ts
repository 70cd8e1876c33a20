import { expect, test } from 'vitest';
import { make } from '../words/make';
import { labelOf, parse, rangeOf, sameValue, sentence, written } from './controls';
import { control, info } from './offer';

const words = make.advanced;
const named = (name: string) => info.controls.find((one) => one.name === name) ?? control(name);

test('a name becomes a label, and a help a sentence', () => {
  expect(labelOf('style_layer_weights')).toBe('Style layer weights');
  expect(sentence('size of the result')).toBe('Size of the result.');
});

test.each([
  ['iterations', '20', 20],
  ['style_weight', '0.5', 0.5],
  ['style_weight', '0,5', 0.5],
  ['style_weight', ' ', null],
  ['backbone', 'vgg19', 'vgg19'],
  ['style_layers', 'relu1_1, relu2_1', ['relu1_1', 'relu2_1']],
  ['style_layer_weights', '1 2;0.5', [1, 2, 0.5]],
  ['style_layers', '', []],
])('%s takes “%s”', (name, typed, value) => {
  expect(parse(named(name), typed)).toEqual({ value });
});

test.each([
  ['iterations', '', words.needed],
  ['iterations', '2.5', words.whole],
  ['iterations', 'many', words.whole],
  ['iterations', '0', words.tooLow('1')],
  ['iterations', '2001', words.tooHigh('2,000')],
  ['style_weight', 'strong', words.number],
  ['backbone', 'resnet', words.notAChoice('resnet')],
  ['style_layer_weights', '1, -1', words.tooLow('0')],
])('%s refuses “%s” with a sentence', (name, typed, problem) => {
  expect(parse(named(name), typed)).toEqual({ problem });
});

test('a layer that the backbone does not have is refused', () => {
  expect(parse(named('style_layers'), 'edge0, relu1_1', ['edge0'])).toEqual({
    problem: words.notAChoice('relu1_1'),
  });
});

test('a value is written so that it is read back the same', () => {
  expect(written(null)).toBe('');
  expect(written([1, 2])).toBe('1, 2');
  expect(written(0.001)).toBe('0.001');
});

test('a range is told where it helps, and not where it only stops mistakes', () => {
  expect(rangeOf(named('size'))).toBe(words.range('64', '1,024'));
  expect(rangeOf(named('style_weight'))).toBe('');
});

test('lists are the same by what they hold', () => {
  expect(sameValue([1, 2], [1, 2])).toBe(true);
  expect(sameValue(undefined, null)).toBe(true);
  expect(sameValue(1, 2)).toBe(false);
});
