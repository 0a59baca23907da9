/** The faults console: what is broken now, and what can be. */
import { createElement as h, memo } from 'react';
import type { FaultRow } from './console-rows.ts';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import { cell, rule, span, toned, type Line } from './text.ts';
import { windowAround, windowNote } from './window.ts';

interface Props {
  readonly rows: readonly FaultRow[];
  readonly selected: number;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

export const FaultsPane = memo(function FaultsPane({ rows, selected, width, height, look }: Props) {
  const shown = windowAround(selected, rows.length, height - 1);
  const active = rows.filter((row) => row.type === 'ongoing' && row.state === 'active').length;
  const note = [
    active === 0 ? 'nothing is broken' : `${active} active`,
    windowNote(shown, rows.length),
  ];
  const title = rule(
    'Faults',
    note.filter((part) => part !== '').join(', '),
    width,
    look.marks.rule,
  );
  const lines = rows.slice(shown.from, shown.to).map((row, index) => {
    const isChosen = shown.from + index === selected;
    const made = rowLine(row, isChosen, look);
    return isChosen ? toned(made, 'chosen') : made;
  });
  return h(Lines, { lines: [title, ...lines], width, height, look });
});

function rowLine(row: FaultRow, isChosen: boolean, look: Look): Line {
  const pointer = span(isChosen ? `${look.marks.pointer} ` : '  ', 'strong');
  if (row.type === 'startable') {
    return [pointer, span(`  ${cell(row.kind, 14)}`), span(`  ${row.words}`, 'dim')];
  }
  const isActive = row.state === 'active';
  const tone = isActive ? 'warning' : 'dim';
  const mark = isActive ? look.marks.bad : look.marks.good;
  return [pointer, span(`${mark} ${cell(row.id, 14)}`, tone), span(`  ${row.state}`, tone)];
}
