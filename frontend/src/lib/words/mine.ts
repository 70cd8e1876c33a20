/** What a person reads where the pictures of this browser are. */
export const mine = {
  title: 'My pictures',
  lead: 'Only this browser knows this list. Somebody you send a link to can look at a picture, but not see the others.',
  empty: {
    title: 'The wall is still bare',
    text: 'The pictures you make appear here, for as long as the service keeps them.',
    make: 'Make the first one',
  },
  loading: 'Looking them up …',
  untitled: 'A painting',
  open: (title: string, when: string) => `Open: ${title}, ${when}`,
  remix: 'Make again',
  remixOf: (title: string) => `Make again: ${title}`,
  forget: 'Forget',
  forgetOf: (title: string) => `Forget: ${title}`,
  unreachable: 'The service does not answer, so what you see may be old.',
  dialog: {
    title: 'Take it off the list?',
    text: 'Forgetting takes it off this list only, and with it the right to stop or delete it. Who has the link can still look, until the service deletes it by itself.',
    expired: 'The service keeps it no longer. Forgetting takes it off this list, and nothing of it is left.',
    forget: 'Forget it here',
    remove: 'Delete it everywhere',
    removeRunning: 'Stop it and delete it everywhere',
    keep: 'Keep it',
  },
};
