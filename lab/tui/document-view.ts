/** A page on the screen: windowed around the chosen row. */
import { createElement as h, memo } from 'react';
import type { Document } from './document.ts';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import { fit, rule, span, toned } from './text.ts';
import { windowAround, windowNote } from './window.ts';

interface Props {
  readonly document: Document;
  readonly selected: number;
  /** Loading or failed, in words; empty when the page is whole. */
  readonly note: string;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

export const DocumentView = memo(function DocumentView(props: Props) {
  const { document, selected, note, width, height, look } = props;
  const { title, rows } = document;
  const shown = windowAround(selected, rows.length, height - 1);
  const notes = [note, windowNote(shown, rows.length)].filter((part) => part !== '');
  const lines = rows.slice(shown.from, shown.to).map(({ line: of, opens }, index) => {
    const isChosen = shown.from + index === selected;
    // A row that leads on says so only when it is chosen: arrows on every row are noise.
    const tail = isChosen && opens !== null ? [span('  Enter opens', 'dim')] : [];
    const made = [span(isChosen ? `${look.marks.pointer} ` : '  '), ...of, ...tail];
    return isChosen ? toned(fit(made, width), 'chosen') : made;
  });
  return h(Lines, {
    lines: [rule(title, notes.join(', '), width, look.marks.rule), ...lines],
    width,
    height,
    look,
  });
});
