/** The start screen: living runs, testnets to launch, ended runs. */
import path from 'node:path';
import { createElement as h, memo } from 'react';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import type { StartEntry } from './state.ts';
import { cell, fit, line, plain, span, toned, type Line } from './text.ts';
import { PHASE_WORDS } from './words.ts';

interface Props {
  /** Null: nobody has looked yet. */
  readonly entries: readonly StartEntry[] | null;
  readonly selected: number;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

const PARTS: readonly (readonly [type: StartEntry['type'], title: string, empty: string])[] = [
  ['living', 'Runs that go on', 'none'],
  ['testnet', 'Testnets to launch, of the folder testnets/', 'none'],
  ['ended', 'Runs that ended', 'none yet'],
];

const NAME_WIDTH = 24;

export const StartScreen = memo(function StartScreen(props: Props) {
  const { entries, selected, width, height, look } = props;
  if (entries === null) return h(Lines, { lines: [], width, height, look });
  const all: { readonly line: Line; readonly at: number }[] = [];
  for (const [type, title, empty] of PARTS) {
    if (all.length > 0) all.push({ line: line(''), at: -1 });
    all.push({ line: line(` ${title}`, 'title'), at: -1 });
    const before = all.length;
    for (const [at, entry] of entries.entries()) {
      if (entry.type === type) all.push({ line: entryLine(entry, at === selected, look), at });
    }
    if (all.length === before) all.push({ line: line(`   ${empty}`, 'dim'), at: -1 });
  }
  const chosen = all.findIndex(({ at }) => at === selected);
  // The chosen entry is in sight, with the heading above where there is room.
  const from = Math.max(0, Math.min(chosen - Math.floor(height / 2), all.length - height));
  const lines = all.slice(from, from + height).map(({ line: of, at }) => {
    return at === selected ? toned(fit(of, width), 'chosen') : of;
  });
  return h(Lines, { lines, width, height, look });
});

function entryLine(entry: StartEntry, isChosen: boolean, { marks }: Look): Line {
  const pointer = span(isChosen ? ` ${marks.pointer} ` : '   ', 'strong');
  if (entry.type === 'testnet') {
    return [
      pointer,
      span(cell(path.basename(entry.file), NAME_WIDTH)),
      span(`  ${plain(entry.about)}`, 'dim'),
    ];
  }
  const { phase, since, launched, driver } = entry.summary;
  const when = since === null ? '' : since.slice(0, 16).replace('T', ' ');
  const parts = [
    cell(driver, 8),
    cell(phase === null ? 'preparing' : PHASE_WORDS[phase], 18),
    cell(launched === 0 ? '' : `${launched} members`, 13),
    when,
  ];
  return [pointer, span(cell(entry.run, NAME_WIDTH)), span(`  ${parts.join('  ')}`, 'dim')];
}
