/** What `q` asks. */
import { createElement as h, memo } from 'react';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import type { QuitChoice } from './state.ts';
import { line, rule, span, toned } from './text.ts';

interface Props {
  /** Null: it has not answered yet. */
  readonly run: string | null;
  readonly choices: readonly QuitChoice[];
  readonly selected: number;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

export const QuitView = memo(function QuitView(props: Props) {
  const { run, choices: offered, selected, width, height, look } = props;
  const choices = offered.map(({ key, text }, at) => {
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
    line(`   What is to become of ${run ?? 'the run'}?`),
    line(''),
    ...choices,
  ];
  return h(Lines, { lines, width, height, look });
});
