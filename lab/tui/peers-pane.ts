/** The list of peers. */
import { createElement as h, memo } from 'react';
import type { RingPeer } from '../live/model.ts';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import type { PeerOrder } from './peers.ts';
import { markOf, standingOf, STANDING_SHORT, STANDING_TONES } from './standing.ts';
import { cell, rule, span, toned, type Line } from './text.ts';
import { windowAround, windowNote } from './window.ts';
import { shortId } from './words.ts';

interface Props {
  /** In the order named. */
  readonly peers: readonly RingPeer[];
  readonly order: PeerOrder;
  readonly selected: string | null;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

interface Column {
  readonly head: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  value(this: void, peer: RingPeer): string;
}

const figure = (value: number | undefined) => (value === undefined ? '–' : String(value));

/** By importance: what does not fit is left out from the end. */
const COLUMNS: readonly Column[] = [
  { head: 'name', width: 14, align: 'left', value: ({ name }) => name },
  { head: 'region', width: 10, align: 'left', value: ({ region }) => region },
  { head: 'standing', width: 9, align: 'left', value: (peer) => STANDING_SHORT[standingOf(peer)] },
  { head: 'phase', width: 14, align: 'left', value: ({ phase }) => phase ?? '–' },
  { head: 'bans', width: 4, align: 'right', value: ({ bannedBy }) => String(bannedBy) },
  { head: 'height', width: 6, align: 'right', value: ({ health }) => figure(health?.height) },
  { head: 'address', width: 10, align: 'left', value: ({ address }) => shortId(address) },
  { head: 'epoch', width: 5, align: 'right', value: ({ health }) => figure(health?.epoch) },
  { head: 'tokens', width: 6, align: 'right', value: ({ health }) => figure(health?.tokens) },
  { head: 'pending', width: 7, align: 'right', value: ({ health }) => figure(health?.pending) },
  {
    head: 'links',
    width: 9,
    align: 'right',
    value: ({ health }) => (health === null ? '–' : `${health.connected} of ${health.wanted}`),
  },
  { head: 'process', width: 8, align: 'left', value: ({ state }) => state },
  { head: 'group', width: 14, align: 'left', value: ({ group }) => group },
];

const MARGIN = 4;

/** Title, heads, and the rows around the chosen peer. */
export const PeersPane = memo(function PeersPane(props: Props) {
  const { peers, order, selected, width, height, look } = props;
  const columns = fitting(width - MARGIN);
  const rows = height - 2;
  const at = Math.max(
    0,
    peers.findIndex(({ name }) => name === selected),
  );
  const shown = windowAround(at, peers.length, rows);
  const note = [windowNote(shown, peers.length), `by ${order}`];
  const title = rule(
    'Peers',
    note.filter((part) => part !== '').join(', '),
    width,
    look.marks.rule,
  );
  const head = [
    span(' '.repeat(MARGIN) + columns.map((c) => cell(c.head, c.width, c.align)).join('  '), 'dim'),
  ];
  const lines = peers.slice(shown.from, shown.to).map((peer) => {
    return peerLine(peer, columns, peer.name === selected, look);
  });
  if (lines.length === 0) lines.push([span('    no peer has an address yet', 'dim')]);
  return h(Lines, { lines: [title, head, ...lines], width, height, look });
});

function fitting(width: number): readonly Column[] {
  let used = -2;
  return COLUMNS.filter((column) => {
    used += column.width + 2;
    return used <= width;
  });
}

function peerLine(peer: RingPeer, columns: readonly Column[], isChosen: boolean, look: Look): Line {
  const standing = standingOf(peer);
  const cells = columns.map(({ width, align, value }) => cell(value(peer), width, align));
  const made = [
    span(isChosen ? look.marks.pointer : ' ', 'strong'),
    span(` ${markOf(standing, look.marks)} `, STANDING_TONES[standing]),
    span(cells.join('  '), standing === 'absent' ? 'dim' : 'normal'),
  ];
  return isChosen ? toned(made, 'chosen') : made;
}
