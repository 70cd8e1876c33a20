import { beforeEach, expect, test } from 'vitest';
import { Choices } from './choices.svelte';
import { info } from './offer';

let choices: Choices;

beforeEach(() => {
  choices = new Choices();
  choices.info = info;
});

test('only what differs from the preset is sent', () => {
  choices.set('seed', 7);
  choices.set('iterations', 150);
  expect(choices.options).toEqual({ preset: 'standard', seed: 7 });
  expect(choices.isChanged('iterations')).toBe(false);
});

test('a preset takes over what it decides, and leaves the rest', () => {
  choices.set('size', 256);
  choices.set('color', 'luminance');
  choices.start('draft');
  expect(choices.value('size')).toBe(384);
  expect(choices.options).toEqual({ preset: 'draft', color: 'luminance' });
  choices.set('iterations', 99);
  choices.start('standard');
  expect(choices.value('iterations')).toBe(150);
});

test('what is typed wrongly stays in its field, and the value before it counts', () => {
  choices.type('iterations', '12');
  choices.type('iterations', '12x');
  expect(choices.text('iterations')).toBe('12x');
  expect(choices.value('iterations')).toBe(12);
  expect(choices.problems).toHaveProperty('iterations');
  choices.settle('iterations');
  expect(choices.text('iterations')).toBe('12x');
  choices.reset('iterations');
  expect(choices.text('iterations')).toBe('150');
  expect(choices.problems).toEqual({});
});

test('half a number is not rewritten under the fingers', () => {
  choices.type('style_weight', '0.');
  expect(choices.text('style_weight')).toBe('0.');
  choices.settle('style_weight');
  expect(choices.text('style_weight')).toBe('0');
});

test('resetting all leaves the preset', () => {
  choices.start('draft');
  choices.set('seed', 3);
  choices.type('size', 'x');
  choices.resetAll(['seed', 'size']);
  expect(choices.options).toEqual({ preset: 'draft' });
  expect(choices.problems).toEqual({});
});

test('the options of a job refill it from the nearest preset', () => {
  choices.refill({ ...info.presets[0]?.options, seed: 5 });
  expect(choices.options).toEqual({ preset: 'draft', seed: 5 });
  choices.refill({ ...info.presets[1]?.options, preset: 'standard' });
  expect(choices.options).toEqual({ preset: 'standard' });
});

test('what was kept of a preset that is not on offer any more becomes the usual one', () => {
  choices.restore({ preset: 'fine', changes: { seed: 2, gone: 1 } });
  expect(choices.options).toEqual({ preset: 'standard', seed: 2 });
});

test('the layers are those of the chosen backbone, or of the worker where it chooses', () => {
  expect(choices.layers).toEqual([]);
  choices.workerBackbone = 'wavelet';
  expect(choices.layers).toEqual(['edge0', 'stroke0']);
  choices.set('backbone', 'vgg19');
  expect(choices.layers).toEqual(['relu1_1', 'relu2_1']);
});

test('a backbone that no worker has is told apart', () => {
  const backbone = choices.control('backbone');
  expect(backbone && ['auto', 'vgg19', 'wavelet'].map((one) => choices.isLacking(backbone, one))).toEqual([
    false,
    true,
    false,
  ]);
});
