/** The help as a page: keys by part, then what the marks mean. */
import { fact, heading, row, type Document } from './document.ts';
import { HELP } from './hints.ts';
import type { Look } from './look.ts';
import { markOf, STANDINGS, STANDING_TONES, STANDING_WORDS } from './standing.ts';
import { cell, span } from './text.ts';

const KEY_WIDTH = 24;

/** With the marks of this terminal. */
export function helpDocument({ marks }: Look): Document {
  return {
    title: 'Help',
    rows: [
      ...HELP.flatMap(([part, hints]) => [
        ...heading(part),
        ...hints.map(([key, does]) => row([span(cell(key, KEY_WIDTH), 'strong'), span(does)])),
      ]),
      ...heading('Marks on the ring'),
      ...STANDINGS.map((standing) =>
        row([
          span(`${markOf(standing, marks)} `, STANDING_TONES[standing]),
          span(STANDING_WORDS[standing]),
        ]),
      ),
      row([span(`${marks.several} `), span('several peers in one place')]),
      row('The letter outside is the region. 0, 4, 8, c: first digit of addresses there.'),
      ...heading('More'),
      fact('docs', 'docs/TUI.md, docs/TESTNETS.md, docs/ATTACKS.md'),
      fact('events', 'notable is everything but commits and statements'),
    ],
  };
}
