/** What a service offers, as the tests of this folder need it. */
import type { Control, Exhibit, Limits, OptionsInfo } from '../api/types';

export const control = (name: string, changes: Partial<Control> = {}): Control => ({
  name,
  type: 'number',
  item_type: null,
  default: null,
  minimum: null,
  maximum: null,
  choices: [],
  help: `about ${name}`,
  unit: '',
  advanced: false,
  optional: false,
  ...changes,
});

const controls: readonly Control[] = [
  control('size', { type: 'integer', default: 512, minimum: 64, maximum: 1024, unit: 'px' }),
  control('iterations', { type: 'integer', default: 150, minimum: 1, maximum: 2000 }),
  control('backbone', { type: 'string', default: 'auto', choices: ['auto', 'vgg19', 'wavelet'] }),
  control('objective', { type: 'string', default: 'auto', choices: ['auto', 'normalized', 'classic'] }),
  control('style_weight', { minimum: 0, maximum: 1e12, optional: true }),
  control('style_layers', { type: 'list', item_type: 'string', default: [] }),
  control('style_layer_weights', { type: 'list', item_type: 'number', default: [], minimum: 0 }),
  control('blend', { type: 'list', item_type: 'number', default: [], minimum: 0 }),
  control('color', { type: 'string', default: 'style', choices: ['style', 'luminance', 'match'] }),
  control('seed', { type: 'integer', default: 0, minimum: 0, maximum: 4294967295 }),
];

const defaults = Object.fromEntries(controls.map((one) => [one.name, one.default]));
const preset = (name: string, changes: Record<string, unknown>) => ({
  name,
  changes,
  options: { ...defaults, ...changes },
  available: true,
});

export const info: OptionsInfo = {
  backbones: ['wavelet'],
  controls,
  presets: [
    preset('draft', { size: 384, iterations: 60 }),
    preset('standard', {}),
    { ...preset('fine', { size: 768, iterations: 400 }), available: false },
    preset('adam-classic', { objective: 'classic', style_weight: 0.01 }),
  ],
  layers: { vgg19: ['relu1_1', 'relu2_1'], wavelet: ['edge0', 'stroke0'] },
};

export const limits: Limits = {
  api_key_needed: false,
  formats: ['JPEG', 'PNG', 'WEBP'],
  key_ttl_seconds: 86400,
  max_batch: 50,
  max_iterations: 2000,
  max_open_per_client: 60,
  max_pixels: 50_000_000,
  max_queued: 200,
  max_size: 1024,
  max_styles: 3,
  max_upload_bytes: 25_000_000,
  min_side: 16,
  result_ttl_seconds: 604800,
  submits_per_minute: 60,
};

export const exhibit = (id: string, title: string): Exhibit => ({
  id,
  title,
  author: 'its author',
  licence: 'CC0-1.0',
  description: `About ${title}.`,
  source: 'made here',
  width: 768,
  height: 576,
  thumbnail_url: `/api/styles/${id}/thumbnail?v=1`,
  picture_url: `/api/styles/${id}/picture?v=1`,
});

export const styles = ['Night wind', 'Great swell', 'Golden tree', 'Tide mosaic'].map((title) =>
  exhibit(title.toLowerCase().replace(' ', '-'), title),
);

/** A style that is surely there. */
export function nth(index: number): Exhibit {
  const style = styles[index];
  if (!style) throw new Error(`there is no style ${index}`);
  return style;
}

export const queue = {
  queued: 1,
  running: 1,
  oldest_seconds: 3,
  workers: [{ device: 'cpu', backbone: { name: 'wavelet', why: '' }, ready: true, busy: true }],
  eta: { start_seconds: 12, done_seconds: 42 },
};

export const jpegFile = (name = 'tide.jpg'): File => new File(['a picture'], name, { type: 'image/jpeg' });

/** What jsdom has no class for. */
export function transfer(
  files: readonly File[],
  types: readonly string[] = ['Files'],
  folder = false,
): DataTransfer {
  const items = files.map(() => ({ webkitGetAsEntry: () => ({ isDirectory: folder }) }));
  return { files, types, items } as unknown as DataTransfer;
}
