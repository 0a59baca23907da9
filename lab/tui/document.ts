/** A page that is read and scrolled: rows, some of which lead to another page. */
import type { Subject } from './subject.ts';
import { cell, line, plain, span, type Line, type Tone } from './text.ts';

export interface Row {
  readonly line: Line;
  /** What Enter opens here. */
  readonly opens: Subject | null;
}

export interface Document {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** A row of text that leads nowhere. */
export function row(text: Line | string, opens: Subject | null = null): Row {
  return { line: typeof text === 'string' ? line(text) : text, opens };
}

/** A heading with how many things are below it. */
export function heading(text: string, count: number | null = null): Row[] {
  const counted = count === null ? '' : ` ${count === 0 ? 'none' : count}`;
  return [row(''), row([span(text, 'title'), span(counted, 'dim')])];
}

const NAME_WIDTH = 14;

/** A named value. */
export function fact(
  name: string,
  value: string,
  tone: Tone = 'normal',
  opens: Subject | null = null,
): Row {
  return row([span(cell(name, NAME_WIDTH), 'dim'), span(plain(value), tone)], opens);
}

/** Cells in columns; the last takes what it needs. */
export function cells(
  texts: readonly string[],
  widths: readonly number[],
  opens: Subject | null = null,
): Row {
  const shown = texts.map((text, at) => {
    const width = widths[at];
    return width === undefined ? plain(text) : cell(plain(text), width);
  });
  return row([span(`  ${shown.join('  ')}`)], opens);
}
