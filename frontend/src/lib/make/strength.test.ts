import { beforeEach, expect, test } from 'vitest';
import { Choices } from './choices.svelte';
import { info } from './offer';
import { dialFits, nameAt, positionIn, positionOf, turn, weightAt } from './strength';

let choices: Choices;

beforeEach(() => {
  choices = new Choices();
  choices.info = info;
});

test('five stops, each four times the one before', () => {
  expect([-2, -1, 0, 1, 2].map(weightAt)).toEqual([0.0625, 0.25, 1, 4, 16]);
  expect([-2, -1, 0, 1, 2].map(nameAt)).toEqual(['Hint', 'Light', 'Balanced', 'Strong', 'Full']);
  expect(nameAt(0.5)).toBe('between Balanced and Strong');
});

test('a weight beyond the dial stands at its end', () => {
  expect(positionOf(1e6)).toBe(2);
  expect(positionOf(0)).toBe(-2);
  expect(positionOf(weightAt(1.3))).toBeCloseTo(1.3, 2);
});

test('the middle leaves the weight to the recipe; elsewhere it says on which scale it is', () => {
  turn(choices, 1);
  expect(choices.options).toEqual({ preset: 'standard', style_weight: 4, objective: 'normalized' });
  expect(positionIn(choices)).toBe(1);
  turn(choices, 0);
  expect(choices.options).toEqual({ preset: 'standard' });
});

test('a published formula has a scale of its own', () => {
  expect(dialFits(choices)).toBe(true);
  choices.set('objective', 'classic');
  expect(dialFits(choices)).toBe(false);
});
