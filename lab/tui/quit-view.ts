/** What `q` asks. */
import { createElement as h, memo } from 'react';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import { QUIT_CHOICES } from './press.ts';
import { line, rule, span, toned } from './text.ts';

interface Props {
  readonly run: string;
  readonly selected: number;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

export const QuitView = memo(function QuitView({ run, selected, width, height, look }: Props) {
  const choices = QUIT_CHOICES.map(({ key, text }, at) => {
    const isChosen = at === selected;
    const made = [
      span(isChosen ? ` ${look.marks.pointer} ` : '   ', 'strong'),
      span(key, 'strong'),
      span(`   ${text}`),
    ];
    return isChosen ? toned(made, 'chosen') : made;
  });
  const lines = [
    rule('Quit', '', width, look.marks.rule),
    line(''),
    line(`   What is to become of ${run}?`),
    line(''),
    ...choices,
  ];
  return h(Lines, { lines, width, height, look });
});
