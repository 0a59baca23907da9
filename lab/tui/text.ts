/**
 * Text of known width: everything on the screen is made of lines that are exactly as wide as their
 * place, so that nothing ever wraps. Foreign text goes through `plain` first: one column a character.
 */

/** What a piece of text means; how that looks is look.ts's. */
export type Tone =
  | 'normal'
  | 'dim'
  | 'strong'
  | 'title'
  | 'chosen'
  | 'good'
  | 'warning'
  | 'bad'
  | 'accent'
  | `region${0 | 1 | 2 | 3 | 4 | 5}`;

/** A piece of text in one tone. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of a pane. */
export type Line = readonly Span[];

/** A piece of text; normal when no tone is named. */
export function span(text: string, tone: Tone = 'normal'): Span {
  return { text, tone };
}

/** A line of one piece. */
export function line(text: string, tone: Tone = 'normal'): Line {
  return [span(text, tone)];
}

/** Latin, Greek, Cyrillic, punctuation, arrows, mathematics, lines and shapes: one column each. */
const NARROW =
  /[^\u{20}-\u{7e}\u{a1}-\u{ac}\u{ae}-\u{2ff}\u{370}-\u{377}\u{391}-\u{3ff}\u{400}-\u{45f}\u{2010}-\u{2027}\u{2030}-\u{205e}\u{2190}-\u{21ff}\u{2200}-\u{22ff}\u{2500}-\u{25fc}\u{2713}\u{2717}]/gu;

/** Foreign text as characters of one column each; what is none (control, wide, combining) as `?`. */
export function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(NARROW, '?');
}

/** Columns that a line takes. */
export function widthOf(of: Line): number {
  return of.reduce((sum, { text }) => sum + text.length, 0);
}

/** The line cut (with an ellipsis) or filled to exactly `width` columns. */
export function fit(of: Line, width: number, ellipsis = '…'): Line {
  const wide = widthOf(of);
  if (wide <= width) return wide === width ? of : [...of, span(' '.repeat(width - wide))];
  if (width <= 0) return [];
  const kept: Span[] = [];
  let left = width - ellipsis.length;
  for (const { text, tone } of of) {
    if (left <= 0) break;
    kept.push({ text: text.slice(0, left), tone });
    left -= text.length;
  }
  const rest = width - widthOf(kept);
  return [...kept, span(ellipsis.slice(0, rest), kept.at(-1)?.tone ?? 'normal')];
}

/** Text in a column of `width`, cut with an ellipsis when it is longer. */
export function cell(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  if (text.length > width) return width <= 0 ? '' : `${text.slice(0, width - 1)}…`;
  return align === 'left' ? text.padEnd(width) : text.padStart(width);
}

/** Text in lines of at most `width`, broken at spaces where there are any. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let present = '';
  for (const word of plain(text).split(' ')) {
    const joined = present === '' ? word : `${present} ${word}`;
    if (joined.length <= width) {
      present = joined;
      continue;
    }
    if (present !== '') lines.push(present);
    present = word;
    while (present.length > width) {
      lines.push(present.slice(0, width));
      present = present.slice(width);
    }
  }
  return present === '' ? lines : [...lines, present];
}

/** The line in one tone all over: a chosen row. */
export function toned(of: Line, tone: Tone): Line {
  return of.map(({ text }) => ({ text, tone }));
}

/**
 * A title in a rule: `─ Ring ───── 20 peers ─`. What stands right is left out where it does not fit.
 */
export function rule(title: string, right: string, width: number, stroke: string): Line {
  const left = [span(`${stroke} `, 'dim'), span(title, 'title'), span(' ', 'dim')];
  const room = width - widthOf(left);
  const noted = right !== '' && right.length + 4 <= room ? ` ${right} ${stroke}` : '';
  const strokes = Math.max(0, room - noted.length);
  return fit([...left, span(stroke.repeat(strokes) + noted, 'dim')], width);
}
