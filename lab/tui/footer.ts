/** The two lines at the bottom: what was asked of the run last, and the keys. */
import type { Hint } from './hints.ts';
import type { Look } from './look.ts';
import type { Notice } from './state.ts';
import { fit, line, plain, span, widthOf, type Line, type Span } from './text.ts';

/** How what was asked goes; empty when nothing was. */
export function noticeLine(notice: Notice | null, width: number, look: Look): Line {
  if (notice === null) return line('');
  const { marks } = look;
  const shown = {
    pending: { mark: marks.busy, tone: 'accent' },
    done: { mark: marks.good, tone: 'good' },
    failed: { mark: marks.bad, tone: 'bad' },
  } as const;
  const { mark, tone } = shown[notice.state];
  return fit([span(` ${mark} ${plain(notice.text)}`, tone)], width);
}

const ALWAYS: readonly Hint[] = [
  ['?', 'help'],
  ['q', 'quit'],
];

/** As many of the hints as fit; help and quit always do. A form has all characters for itself. */
export function hintLine(hints: readonly Hint[], isForm: boolean, width: number): Line {
  const always = isForm ? [] : ALWAYS;
  const piece = ([key, does]: Hint): Span[] => [
    span(` ${key}`, 'strong'),
    span(` ${does} `, 'dim'),
  ];
  const kept = always.flatMap(piece);
  const shown: Span[] = [];
  for (const hint of hints) {
    const next = piece(hint);
    if (widthOf([...shown, ...next, ...kept]) > width) break;
    shown.push(...next);
  }
  return fit([...shown, ...kept], width);
}
