import { make as words } from '../words/make';
import type { Choices } from './choices.svelte';

/** Each stop weighs the painting four times as much as the one before; the middle one is the recipe's own. */
const STEP = 4;
export const STOPS = words.strength.stops;
const MIDDLE = (STOPS.length - 1) / 2;
export const LEAST = -MIDDLE;
export const MOST = MIDDLE;

/** Where a position means the same on every backbone: there a weight of 1 is balanced. */
const DIMENSIONLESS = 'normalized';

export const weightAt = (position: number): number => Number((STEP ** position).toPrecision(3));

export function positionOf(weight: number): number {
  if (weight <= 0) return LEAST;
  return Math.min(MOST, Math.max(LEAST, Math.log(weight) / Math.log(STEP)));
}

/** The name of a position: a stop, or the two it lies between. */
export function nameAt(position: number): string {
  const place = position + MIDDLE;
  const nearest = Math.round(place);
  if (Math.abs(place - nearest) < 0.05) return STOPS[nearest] ?? '';
  return words.strength.between(STOPS[Math.floor(place)] ?? '', STOPS[Math.ceil(place)] ?? '');
}

/** Whether the dial has a meaning: a published formula has weights on a scale of its own. */
export function dialFits(choices: Choices): boolean {
  const objective = choices.value('objective') ?? 'auto';
  return objective === 'auto' || objective === DIMENSIONLESS;
}

export function positionIn(choices: Choices): number {
  const weight = choices.value('style_weight');
  return typeof weight === 'number' ? positionOf(weight) : 0;
}

/** Turn the dial. Off the middle the objective is named too, because only there the number is known to mean this. */
export function turn(choices: Choices, position: number): void {
  if (Math.abs(position) < 0.05) {
    choices.set('style_weight', null);
    choices.reset('objective');
    return;
  }
  choices.set('style_weight', weightAt(position));
  choices.set('objective', DIMENSIONLESS);
}
