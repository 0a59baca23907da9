/** The adversary console: attacks that go on, attacks that can be started, and what the chosen one is. */
import { createElement as h, memo } from 'react';
import type { AttackRow } from './console-rows.ts';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import { cell, line, rule, span, toned, wrapped, type Line, type Tone } from './text.ts';
import { windowAround, windowNote } from './window.ts';
import { counted } from './words.ts';

interface Props {
  readonly rows: readonly AttackRow[];
  readonly selected: number;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

const NAME_WIDTH = 22;

export const AttacksPane = memo(function AttacksPane({
  rows,
  selected,
  width,
  height,
  look,
}: Props) {
  const about = aboutLines(rows[selected], width);
  const room = Math.max(3, height - 1 - Math.min(about.length + 1, Math.floor(height / 2)));
  const shown = windowAround(selected, rows.length, room);
  const list = rows.slice(shown.from, shown.to).map((row, index) => {
    const isChosen = shown.from + index === selected;
    const made = rowLine(row, isChosen, look);
    return isChosen ? toned(made, 'chosen') : made;
  });
  const title = rule('Attacks', windowNote(shown, rows.length), width, look.marks.rule);
  return h(Lines, { lines: [title, ...list, line(''), ...about], width, height, look });
});

const STATE_TONES: Readonly<Record<string, Tone>> = {
  running: 'bad',
  paused: 'warning',
  stopped: 'dim',
};

function rowLine(row: AttackRow, isChosen: boolean, look: Look): Line {
  const pointer = span(isChosen ? `${look.marks.pointer} ` : '  ', 'strong');
  if (row.type === 'ongoing') {
    const tone = STATE_TONES[row.state] ?? 'normal';
    const mark = row.state === 'running' ? look.marks.adversary : look.marks.asleep;
    return [
      pointer,
      span(`${mark} ${cell(row.id, NAME_WIDTH)}`, tone),
      span(`  ${row.state}`, tone),
    ];
  }
  const { declaration, players } = row;
  const who = players === 0 ? 'nobody here plays it' : `${counted(players, 'peer')} can play it`;
  return [
    pointer,
    span(`  ${cell(declaration.name, NAME_WIDTH)}`, players === 0 ? 'dim' : 'normal'),
    span(`  ${who}`, 'dim'),
  ];
}

function aboutLines(row: AttackRow | undefined, width: number): Line[] {
  if (row === undefined) return [line('  no attack is declared', 'dim')];
  if (row.type === 'ongoing') {
    const set = Object.entries(row.knobs).map(([name, value]) => `${name}=${String(value)}`);
    return partLines(
      [
        ['attack', row.name],
        ['by', row.members.join(', ')],
        ['knobs', set.length === 0 ? 'as declared' : set.join(', ')],
      ],
      width,
    );
  }
  const { goal, budget, defence, success, knobs } = row.declaration;
  const parts: Parts = [
    ['goal', goal],
    ['needs', budget],
    ['success', success.meaning],
    ['defence', defence],
    ['knobs', Object.keys(knobs).join(', ')],
  ];
  return partLines(parts, width);
}

type Parts = readonly (readonly [name: string, text: string])[];

function partLines(parts: Parts, width: number): Line[] {
  return parts.flatMap(([name, text]) =>
    wrapped(text, width - 12).map(
      (of, at): Line => [span(`  ${cell(at === 0 ? name : '', 8)}  `, 'dim'), span(of)],
    ),
  );
}
