/** Which keys do something now: the footer shows these, and the help all of them. */
import type { UiState } from './state.ts';

/** A key and what it does, in a word or two. */
export type Hint = readonly [key: string, does: string];

const MOVE: Hint = ['↑↓', 'move'];
const BACK: Hint = ['Esc', 'back'];
const OPEN: Hint = ['Enter', 'open'];

/** Of the present state, the most useful first; `?` and `q` are the footer's own. */
export function hintsOf(state: UiState): readonly Hint[] {
  const top = state.overlays.at(-1);
  switch (top?.type) {
    case 'form':
      return [
        ['Enter', top.form.verb],
        ['↑↓', 'field'],
        ['←→', 'choose'],
        ['Ctrl-U', 'empty'],
        ['Esc', 'cancel'],
      ];
    case 'quit':
      return [MOVE, ['Enter', 'do it'], ['Esc', 'stay']];
    case 'help':
      return [MOVE, BACK];
    case 'page':
      return [MOVE, OPEN, ['r', 'again'], BACK];
    case undefined:
      break;
  }
  if (state.screen === 'start') return [MOVE, ['Enter', 'choose'], ['r', 'look again']];
  return [...PANE_HINTS[state.tab === 'events' && state.feed.isTyping ? 'typing' : state.tab]];
}

const TABS_HINT: Hint = ['1–6 Tab', 'panes'];

const PANE_HINTS: Readonly<Record<UiState['tab'] | 'typing', readonly Hint[]>> = {
  overview: [['←→', 'peer'], OPEN, ['s', 'stop, start'], TABS_HINT],
  peers: [MOVE, OPEN, ['o', 'order'], TABS_HINT],
  events: [MOVE, OPEN, ['←→', 'kind'], ['/', 'find'], ['End', 'follow'], TABS_HINT],
  links: [['m', 'measure'], ['v', 'list, matrix'], MOVE, TABS_HINT],
  attacks: [MOVE, ['Enter', 'start, change'], ['p', 'pause, resume'], ['s', 'stop'], TABS_HINT],
  faults: [MOVE, ['Enter', 'begin'], ['c', 'clear'], ['x', 'clear all'], TABS_HINT],
  typing: [
    ['Enter', 'keep'],
    ['Ctrl-U', 'empty'],
    ['Esc', 'drop'],
  ],
};

/** Everything there is to know, by part. */
export const HELP: readonly (readonly [part: string, hints: readonly Hint[]])[] = [
  [
    'Everywhere',
    [
      ['1 to 6', 'overview, peers, events, links, attacks, faults'],
      ['Tab', 'next pane; Shift-Tab the one before'],
      ['↑ ↓ PgUp PgDn Home End', 'move in a list or a page'],
      ['Enter', 'open what is chosen'],
      ['Esc', 'back'],
      ['?', 'this help'],
      ['q, Ctrl-C', 'quit: asks whether the network stays'],
    ],
  ],
  [
    'Overview',
    [
      ['← →', 'choose a peer along the ring, Enter opens it'],
      ['s', 'stop the network, keeping its state; again: start it'],
    ],
  ],
  ['Peers', [['o O', 'next order, order before']]],
  [
    'Events',
    [
      ['← →', 'kind of event'],
      ['/', 'only what contains a text; Esc drops it'],
      ['End', 'follow the newest'],
    ],
  ],
  [
    'Links',
    [
      ['m', 'measure all links now'],
      ['v', 'matrix or list'],
    ],
  ],
  [
    'Attacks',
    [
      ['Enter', 'start the chosen attack, or change one that goes on'],
      ['p', 'pause, resume'],
      ['s', 'stop'],
    ],
  ],
  [
    'Faults',
    [
      ['Enter', 'begin the chosen fault'],
      ['c', 'clear the chosen one'],
      ['x', 'clear all'],
    ],
  ],
  [
    'Forms',
    [
      ['↑ ↓ Tab', 'field'],
      ['← →', 'choose among values; complete a name'],
      ['Ctrl-U', 'empty the field'],
      ['Enter', 'do it, if every field is right'],
    ],
  ],
];
