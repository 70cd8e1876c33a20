import type { Limits } from '../api/types';
import { common } from './common';

const DAY = 86_400;

/** What a person reads about how it works. */
export const about = {
  title: 'How it works',
  lead: 'No picture is looked up and none is made up: yours is painted, stroke by stroke, until it has the manner of another.',
  parts: [
    {
      title: 'Two pictures go in',
      text: 'A photo says what is to be seen, a painting says how. A fixed network of filters looks at both, and describes each on several scales: edges, strokes, patterns, colours.',
    },
    {
      title: 'One is changed in small steps',
      text: 'The picture begins as your photo. Each iteration asks: is the photo still there, and does it feel like the painting? Then all pixels move a little to where both are truer. After a hundred such steps it is a painting.',
    },
    {
      title: 'You watch it happen',
      text: 'Every few iterations the picture is kept. You can go through all of them, compare any with the photo, and take the one you like best, which need not be the last.',
    },
    {
      title: 'The same again',
      text: 'The same pictures and settings give the same painting. Each painting can be taken away with its settings, and made again with others.',
    },
  ],
  limitsTitle: 'What fits in',
  limits: (limits: Limits): readonly string[] => [
    `Pictures may be ${listed(limits.formats)}, up to ${common.bytes(limits.max_upload_bytes)} and ${common.pixels(limits.max_pixels)} each.`,
    `A painting comes out with up to ${common.number(limits.max_size)} pixels on its long side, after up to ${common.number(limits.max_iterations)} iterations.`,
    `Up to ${limits.max_styles} paintings can be blended into one.`,
  ],
  limitsMissing: 'The service does not answer now; its limits show here as soon as it does.',
  privacyTitle: 'What becomes of your pictures',
  kept: (seconds: number) =>
    `Everything of a painting, your photo with it, is deleted ${kept(seconds)} after it is finished, and at once when you delete it.`,
  stripped:
    'What a camera writes into a photo, such as where and when it was taken, is thrown away on arrival. Only the pixels are kept.',
  link: 'Who has the link of a painting can look at it. The link cannot be guessed, and only the browser that started a painting can stop or delete it.',
  noTracking: 'This page asks nobody but its own service, sets no cookies and counts no visitors.',
  keysTitle: 'Keys on the page of a painting',
  programsTitle: 'For programs',
  programs: 'Everything on these pages can be done over HTTP.',
  api: 'The API and its documentation',
};

const kept = (seconds: number): string =>
  seconds >= DAY ? common.count(Math.round(seconds / DAY), 'day') : common.duration(seconds);

const PROPER: Readonly<Record<string, string>> = { WEBP: 'WebP' };

function listed(formats: readonly string[]): string {
  const names = formats.map((format) => PROPER[format] ?? format);
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
