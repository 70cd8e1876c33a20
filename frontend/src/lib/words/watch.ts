import { common } from './common';
import { make } from './make';

/** What a person reads on the page of a job. */
export const watch = {
  untitled: 'Your painting',
  titleInTab: (state: string) => `${state} · ${make.shell.name}`,
  loading: 'Looking for the picture …',

  state: {
    queued: 'Waiting its turn',
    running: 'Being painted',
    succeeded: 'Finished',
    failed: 'It did not work out',
    cancelled: 'Stopped',
    cancelling: 'Stopping after this step …',
    gone: 'Not here any more',
    waitingAgain: 'Waiting for another try',
  },
  place: (position: number) => (position <= 1 ? 'Next in line.' : `${common.ordinal(position)} in line.`),
  starts: (seconds: number | null) => (seconds === null ? '' : `Starts in ${common.about(seconds)}.`),
  preparing: 'Getting the brushes ready …',
  scaleOf: (scale: number, scales: number) => `size ${scale} of ${scales}`,
  iterationOf: (iteration: number, total: number) => `Iteration ${iteration} of ${total}`,
  left: (seconds: number) => (seconds < 2 ? 'nearly done' : `${common.about(seconds)} left`),
  attempt: (attempt: number, most: number) => `Try ${attempt} of ${most}.`,
  took: (seconds: number) => `Painted in ${common.duration(seconds)}.`,
  stoppedAt: (iteration: number, total: number) =>
    `Stopped at iteration ${iteration} of ${total}. The last picture stays.`,
  stoppedEarly: 'Stopped before the first picture was there.',
  reused: 'You had this very picture made before, so it was here at once.',
  progress: 'How far the painting is',

  picture: {
    frame: (iteration: number, total: number) => `The painting at iteration ${iteration} of ${total}`,
    result: (iteration: number) => `The finished painting, after ${common.count(iteration, 'iteration')}`,
    last: (iteration: number) => `The painting where it was stopped, at iteration ${iteration}`,
    photo: 'Your photo, before the first brush stroke',
    original: 'The photo',
    broken: 'This picture could not be loaded.',
    again: 'Load it again',
    region: 'The painting',
    enlarged: 'The painting, enlarged. Scroll or use the arrow keys to move around.',
  },
  look: {
    legend: 'How to look at it',
    plain: 'Painting',
    compare: 'Compare',
    mix: 'Mix',
    zoom: 'Zoom',
    fit: 'Fit',
    times: (factor: number) => `${factor * 100} %`,
    hold: 'Hold to see the photo',
    divider: 'How much of the painting is shown, from the left',
    dividerAt: (percent: number) =>
      percent === 0
        ? 'Only the photo'
        : percent === 100
          ? 'Only the painting'
          : `${percent} % painting, the rest photo`,
    before: 'Photo',
    after: 'Painting',
    opacity: 'How strong the painting lies over the photo',
    opacityAt: (percent: number) =>
      percent === 0 ? 'Only the photo' : percent === 100 ? 'Only the painting' : `${percent} % painting`,
    saveMix: 'Download this mix',
    mixFailed: 'The mix could not be saved. Try another iteration.',
  },
  film: {
    title: 'How it came to be',
    scrubber: 'Iteration',
    at: (iteration: number, total: number) => `Iteration ${iteration} of ${total}`,
    newest: (iteration: number, live: boolean) =>
      `Iteration ${iteration}, ${live ? 'the newest' : 'the last'}`,
    play: 'Play how it came to be',
    pause: 'Pause',
    live: 'Live',
    toLive: 'Back to the newest picture',
    last: 'Last',
    strip: 'Kept iterations',
    thumbnail: (iteration: number) => `Iteration ${iteration}`,
  },

  actions: {
    stop: 'Stop',
    again: 'Make again with other settings',
    tryAgain: 'Try again',
    trySmaller: (size: number) => `Try smaller, at ${size} px`,
    remove: 'Delete',
    keys: 'Keys',
    busy: 'One moment …',
    visitor: 'You are looking at somebody’s picture by its link. Only who made it can stop or delete it.',
  },
  cancel: {
    title: 'Stop painting?',
    text: 'You can keep the picture as it is now, or throw it away.',
    keep: 'Stop and keep this picture',
    discard: 'Discard',
    goOn: 'Go on painting',
  },
  remove: {
    title: 'Delete this picture for good?',
    text: 'The painting, the photo and every iteration leave the service at once. The link stops working.',
    yes: 'Delete it',
    no: 'Keep it',
  },

  take: {
    title: 'Take it with you',
    result: 'The painting',
    resultHint: (width: number, height: number) => `PNG, ${width} × ${height} px`,
    frame: (iteration: number) => `Iteration ${iteration}`,
    frameHint: 'JPEG, the one you are looking at',
    film: 'The making, as a film',
    filmHint: 'MP4',
    filmMaking: 'The film is being made …',
    filmWaiting: 'Other films are being made first. Yours comes next …',
    archive: 'Everything',
    archiveHint: (frames: number) => `ZIP: ${common.count(frames, 'iteration')}, inputs, settings, losses`,
    settings: 'The settings',
    settingsHint: 'JSON, to make the same again',
  },
  share: {
    button: 'Copy link',
    send: 'Share link',
    copied: 'Link copied. Who has it can look, but neither stop nor delete.',
    failed: 'The link could not be copied. It is what stands in the address bar.',
  },

  facts: {
    title: 'About this painting',
    after: 'After',
    paintings: (titles: readonly string[]) => titles.join(' and '),
    own: 'a painting of your own',
    size: 'Size',
    pixels: (width: number, height: number) => `${width} × ${height} px`,
    iterations: 'Iterations',
    network: 'Backbone',
    device: 'Painted on',
    made: 'Made',
    kept: 'Kept until',
    noWeights: 'Painted without VGG-19: how to get it',
  },
  losses: {
    title: 'The numbers behind it',
    wait: 'The numbers come with the first iterations.',
    failed: 'The numbers could not be fetched.',
    chart: 'Loss over the iterations, on a logarithmic scale',
    total: 'total',
    content: 'photo',
    style: 'painting',
    summary: (first: string, last: string, iterations: number) =>
      `In ${common.count(iterations, 'iteration')} the loss went from ${first} to ${last}.`,
    scales: (scales: number) =>
      `The painting was worked at in ${scales} sizes, from coarse to fine, and the numbers begin anew at each. What follows is of the last.`,
    times: (factor: string) => `That is ${factor} times lower.`,
    at: (iteration: number, total: string, content: string, style: string) =>
      `At iteration ${iteration}: total ${total}, photo ${content}, painting ${style}.`,
    table: 'Download the numbers (CSV)',
  },
  failure: {
    remix: 'Change the settings',
    exactly: 'What exactly happened',
  },
  gone: {
    purged: {
      title: 'This picture has been taken down',
      text: 'Pictures are kept for a while and then deleted with everything that belongs to them, or someone deleted it on purpose.',
    },
    unknown: {
      title: 'There is no picture at this address',
      text: 'The link may be cut off or mistyped. A link to a picture ends in 32 letters and digits.',
    },
    again: 'Make it again',
    fresh: 'Make a new picture',
    mine: 'My pictures',
  },

  keys: {
    title: 'Keys',
    close: 'Close',
    on: 'Use single keys on this page',
    list: [
      { keys: ['←', '→'], what: 'the iteration before, the one after' },
      { keys: ['Home', 'End'], what: 'the first iteration, the newest' },
      { keys: ['L'], what: 'back to live' },
      { keys: ['Space'], what: 'play and pause' },
      { keys: ['C'], what: 'hold to see the photo' },
      { keys: ['D'], what: 'download what you see' },
      { keys: ['?'], what: 'this list' },
    ],
  },
} as const;
