import type { Control, OptionsInfo } from '../api/types';
import { make as words } from '../words/make';

export type Parsed = { readonly value: unknown } | { readonly problem: string };

/** `style_layer_weights` as a label: “Style layer weights”. */
export function labelOf(name: string): string {
  const spaced = name.replaceAll('_', ' ');
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export function sentence(help: string): string {
  return help ? `${help.charAt(0).toUpperCase()}${help.slice(1)}.` : '';
}

/** A value as it stands in its field; automatic is an empty one. */
export function written(value: unknown): string {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** What was typed as a value of this option, or what is wrong with it. */
export function parse(control: Control, typed: string, layers: readonly string[] = []): Parsed {
  const text = typed.trim();
  if (control.type === 'list') return parseList(control, text, layers);
  if (text === '') return control.optional ? { value: null } : { problem: words.advanced.needed };
  if (control.type === 'string') return parseChoice(control, text);
  return parseNumber(control, text, control.type === 'integer');
}

export const sameValue = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

/** The layers that a list of layers may name; empty where the backbone is not known. */
export function layersFor(info: OptionsInfo, backbone: unknown): readonly string[] {
  return (typeof backbone === 'string' && info.layers[backbone]) || [];
}

export function rangeOf(control: Control): string {
  if (control.minimum === null || control.maximum === null) return '';
  // Above a million a limit is only there to stop mistakes: it tells a person nothing.
  if (control.maximum >= 1e6) return '';
  return words.advanced.range(plain(control.minimum), plain(control.maximum));
}

function parseChoice(control: Control, text: string): Parsed {
  const known = control.choices.length === 0 || control.choices.includes(text);
  return known ? { value: text } : { problem: words.advanced.notAChoice(text) };
}

function parseNumber(control: Control, text: string, whole: boolean): Parsed {
  const value = Number(text.replace(',', '.'));
  if (!Number.isFinite(value)) return { problem: whole ? words.advanced.whole : words.advanced.number };
  if (whole && !Number.isInteger(value)) return { problem: words.advanced.whole };
  if (control.minimum !== null && value < control.minimum)
    return { problem: words.advanced.tooLow(plain(control.minimum)) };
  if (control.maximum !== null && value > control.maximum)
    return { problem: words.advanced.tooHigh(plain(control.maximum)) };
  return { value };
}

function parseList(control: Control, text: string, layers: readonly string[]): Parsed {
  const items = text.split(/[,;\s]+/).filter(Boolean);
  const values: unknown[] = [];
  for (const item of items) {
    const parsed = parseItem(control, item, layers);
    if ('problem' in parsed) return parsed;
    values.push(parsed.value);
  }
  return { value: values };
}

function parseItem(control: Control, item: string, layers: readonly string[]): Parsed {
  if (control.item_type === 'integer' || control.item_type === 'number')
    return parseNumber(control, item, control.item_type === 'integer');
  const known = layers.length === 0 || layers.includes(item);
  return known ? { value: item } : { problem: words.advanced.notAChoice(item) };
}

const plain = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 6 });
