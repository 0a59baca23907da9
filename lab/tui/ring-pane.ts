/** The map of the ring in its place, with the chosen peer in its title. */
import { createElement as h, memo } from 'react';
import { Lines } from './lines.ts';
import { ringLines, type RingView } from './ring-map.ts';
import { standingOf, STANDING_SHORT } from './standing.ts';
import { rule } from './text.ts';

/** Title and map: `height` lines. */
export const RingPane = memo(function RingPane(view: RingView) {
  const { ring, selected, width, height, look } = view;
  const chosen = ring.find(({ name }) => name === selected);
  const note =
    chosen === undefined
      ? ''
      : `${chosen.name}, ${chosen.region}, ${STANDING_SHORT[standingOf(chosen)]}`;
  const lines = [
    rule('Ring', note, width, look.marks.rule),
    ...ringLines({ ...view, height: height - 1 }),
  ];
  return h(Lines, { lines, width, height, look });
});
