import type { Control, OptionsInfo, Preset } from '../api/types';
import { layersFor, parse, sameValue, written } from './controls';

/** The preset of a service that names none of ours. */
const USUAL = 'standard';

/** What the form keeps of the options: a starting point, and what was changed of it. */
export interface Chosen {
  readonly preset: string;
  readonly changes: Readonly<Record<string, unknown>>;
}

/** The options of one picture: a preset, what was changed of it, and what is typed but not yet a value. */
export class Choices {
  info = $state.raw<OptionsInfo | null>(null);
  preset = $state(USUAL);
  workerBackbone = $state('');
  changes = $state.raw<Readonly<Record<string, unknown>>>({});
  typed = $state.raw<Readonly<Record<string, string>>>({});
  problems = $state.raw<Readonly<Record<string, string>>>({});

  readonly base = $derived.by((): Preset | null => {
    const presets = this.info?.presets ?? [];
    return presets.find((one) => one.name === this.preset) ?? presets[0] ?? null;
  });
  readonly controls = $derived<readonly Control[]>(this.info?.controls ?? []);

  control(name: string): Control | null {
    return this.controls.find((one) => one.name === name) ?? null;
  }

  value(name: string): unknown {
    return name in this.changes ? this.changes[name] : this.base?.options[name];
  }

  text(name: string): string {
    return this.typed[name] ?? written(this.value(name));
  }

  isChanged(name: string): boolean {
    return name in this.changes || name in this.typed;
  }

  set(name: string, value: unknown): void {
    this.forget(name);
    if (!sameValue(value, this.base?.options[name])) this.changes = { ...this.changes, [name]: value };
  }

  /** Take what was typed; a value where it is one, else it stays in its field with a sentence. */
  type(name: string, text: string): void {
    const control = this.control(name);
    if (!control) return;
    const parsed = parse(control, text, control.item_type === 'string' ? this.layers : []);
    if ('value' in parsed) this.set(name, parsed.value);
    else this.problems = { ...this.problems, [name]: parsed.problem };
    if (text !== written(this.value(name))) this.typed = { ...this.typed, [name]: text };
  }

  /** Show a value as it is meant, now that nobody types any more. */
  settle(name: string): void {
    if (!(name in this.problems)) this.typed = without(this.typed, name);
  }

  reset(name: string): void {
    this.forget(name);
  }

  resetAll(names: readonly string[]): void {
    names.forEach((name) => this.forget(name));
  }

  /** Start from a preset: what either of the two decides is no longer changed, all else stays. */
  start(preset: string): void {
    const before = Object.keys(this.base?.changes ?? {});
    this.preset = preset;
    for (const name of [...before, ...Object.keys(this.base?.changes ?? {})]) this.forget(name);
    for (const [name, value] of Object.entries(this.changes)) this.set(name, value);
  }

  /** What is sent: the preset by its name, and what differs from it. */
  get options(): Record<string, unknown> {
    return { preset: this.preset, ...this.changes };
  }

  get chosen(): Chosen {
    return { preset: this.preset, changes: this.changes };
  }

  restore(chosen: Chosen): void {
    const known = this.info?.presets.some((one) => one.name === chosen.preset && one.available);
    this.preset = known ? chosen.preset : USUAL;
    this.resetAll(this.controls.map((one) => one.name));
    for (const [name, value] of Object.entries(chosen.changes)) if (this.control(name)) this.set(name, value);
  }

  /** Refill from the options of a job, which names no preset: the one that leaves least to change. */
  refill(options: Record<string, unknown>): void {
    const named = typeof options['preset'] === 'string' ? options['preset'] : null;
    const presets = (this.info?.presets ?? []).filter((one) => one.available);
    const distance = (preset: Preset): number => Object.keys(differing(preset, options)).length;
    const nearest = [...presets].sort((one, other) => distance(one) - distance(other))[0];
    const preset = presets.find((one) => one.name === named) ?? nearest;
    if (preset) this.restore({ preset: preset.name, changes: differing(preset, options) });
  }

  /** What the service said about an option. */
  refuse(name: string, problem: string): void {
    this.problems = { ...this.problems, [name]: problem };
  }

  get layers(): readonly string[] {
    const backbone = this.value('backbone');
    return this.info ? layersFor(this.info, backbone === 'auto' ? this.workerBackbone : backbone) : [];
  }

  /** Whether a choice names a backbone that no worker here can load. */
  isLacking(control: Control, choice: string): boolean {
    const { info } = this;
    return !!info && control.name === 'backbone' && choice in info.layers && !info.backbones.includes(choice);
  }

  private forget(name: string): void {
    this.changes = without(this.changes, name);
    this.typed = without(this.typed, name);
    this.problems = without(this.problems, name);
  }
}

/** The same record where it does not have the name, so that nothing is told of a change that is none. */
function without<V>(record: Readonly<Record<string, V>>, name: string): Readonly<Record<string, V>> {
  return name in record ? Object.fromEntries(Object.entries(record).filter(([key]) => key !== name)) : record;
}

function differing(preset: Preset, options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).filter(
      ([name, value]) => name in preset.options && !sameValue(value, preset.options[name]),
    ),
  );
}
