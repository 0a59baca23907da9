/** The event feed, filtered and windowed. */
import { createElement as h, memo } from 'react';
import type { FeedEntry, FeedKind } from '../live/model.ts';
import { FEED_FILTERS, type FeedChoice } from './feed.ts';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import { cell, fit, plain, rule, span, toned, type Line, type Tone } from './text.ts';
import { windowAround, windowNote } from './window.ts';
import { clock } from './words.ts';

interface Props {
  /** Already filtered. */
  readonly entries: readonly FeedEntry[];
  readonly choice: FeedChoice;
  /** Whether the filter's text is being typed. */
  readonly isTyping: boolean;
  /** Key of the chosen entry; null follows the newest. */
  readonly selected: string | null;
  readonly originMs: number;
  readonly isFocused: boolean;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

const KIND_TONES: Readonly<Record<FeedKind, Tone>> = {
  commit: 'good',
  conflict: 'warning',
  statement: 'dim',
  evidence: 'warning',
  flag: 'warning',
  ban: 'bad',
  slash: 'bad',
  attack: 'bad',
  fault: 'accent',
  phase: 'accent',
  note: 'dim',
};

/** Title, the filter when the pane has the keys, and the entries: oldest at the top. */
export const FeedPane = memo(function FeedPane(props: Props) {
  const { entries, selected, isFocused, width, height, look, originMs } = props;
  const filter = isFocused ? [filterLine(props)] : [];
  const rows = height - 1 - filter.length;
  const found = selected === null ? -1 : entries.findIndex(({ key }) => key === selected);
  const at = found === -1 ? entries.length - 1 : found;
  const shown = windowAround(at, entries.length, rows);
  const note = [
    windowNote(shown, entries.length),
    isFocused ? (found === -1 ? 'following' : 'standing still') : '',
  ];
  const title = rule(
    'Events',
    note.filter((part) => part !== '').join(', '),
    width,
    look.marks.rule,
  );
  const lines = entries.slice(shown.from, shown.to).map((entry, index) => {
    const isChosen = isFocused && shown.from + index === at;
    return entryLine(entry, originMs, isChosen, look);
  });
  if (lines.length === 0) {
    lines.push([span('  nothing here yet', 'dim')]);
  }
  return h(Lines, { lines: [title, ...filter, ...lines], width, height, look });
});

function filterLine({ choice, isTyping, width, look }: Props): Line {
  const at = FEED_FILTERS.indexOf(choice.filter);
  const kinds = FEED_FILTERS.flatMap(
    (name, index): Line => [
      span(index === at ? `[${name}]` : ` ${name} `, index === at ? 'strong' : 'dim'),
    ],
  );
  const text = isTyping
    ? [span('/', 'strong'), span(choice.text, 'strong'), span('_', 'chosen')]
    : choice.text === ''
      ? []
      : [span('/', 'dim'), span(choice.text, 'strong')];
  if (text.length > 0) return fit([...text, span('   '), span(`[${choice.filter}]`)], width);
  // Where the kinds don't fit, those around the chosen one.
  const wide = FEED_FILTERS.reduce((sum, name) => sum + name.length + 2, 0);
  if (wide <= width) return fit(kinds, width);
  const near = kinds.slice(Math.max(0, at - 2));
  return fit(at > 2 ? [span(look.marks.busy, 'dim'), ...near] : near, width);
}

const NAME_WIDTH = 12;

function entryLine(entry: FeedEntry, originMs: number, isChosen: boolean, look: Look): Line {
  const { atMs, kind, peer, text } = entry;
  const made = [
    span(isChosen ? look.marks.pointer : ' ', 'strong'),
    span(clock(atMs - originMs, true).padStart(8), 'dim'),
    span(`  ${cell(kind, 9)}  `, KIND_TONES[kind]),
    span(`${cell(plain(peer ?? ''), NAME_WIDTH)}  `, 'dim'),
    span(plain(text)),
  ];
  return isChosen ? toned(made, 'chosen') : made;
}
