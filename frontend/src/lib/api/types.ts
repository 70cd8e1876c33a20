/** The API's answers under the page's words; generated from the OpenAPI document, never written twice. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Job = Schemas['JobAnswer'];
export type Status = Job['status'];
export type Submitted = Schemas['JobSubmitted'];
export type Losses = Schemas['Losses'];
export type Failure = Schemas['Failure'];
/** A painting or a photo of the gallery. */
export type Exhibit = Schemas['ExhibitOut'];
export type Style = Exhibit;
export type Photo = Exhibit;
export type Limits = Schemas['LimitsOut'];
export type OptionsInfo = Schemas['OptionsOut'];
export type Control = Schemas['ControlOut'];
export type Preset = Schemas['PresetOut'];
export type QueueInfo = Schemas['QueueOut'];
export type Problem = Schemas['Problem'];

/** What a person chose, by the names of `GET /api/options`. */
export type Options = Readonly<Record<string, unknown>>;

export const isOver = (status: Status): boolean => status !== 'queued' && status !== 'running';
