/**
 * How tones and marks look on this terminal. Colour never carries a meaning alone: marks differ in
 * shape, chosen rows have a pointer. Without UTF-8 every mark has an ASCII stand-in.
 */
import { styleText } from 'node:util';
import { takesColour } from '../terminal/style.ts';
import type { Line, Tone } from './text.ts';

/** Shapes by what they mean. */
export interface Marks {
  readonly pointer: string;
  readonly peer: string;
  /** An adversary that has not been ordered to act. */
  readonly asleep: string;
  /** An adversary under orders. */
  readonly adversary: string;
  readonly banned: string;
  /** Not there: down, or not yet in the network. */
  readonly absent: string;
  /** More than one peer in one place. */
  readonly several: string;
  readonly good: string;
  readonly bad: string;
  readonly busy: string;
  readonly rule: string;
  readonly side: string;
  readonly track: string;
  readonly more: string;
  /** From nothing to most. */
  readonly bars: readonly string[];
}

const UTF8: Marks = {
  pointer: '›',
  peer: '●',
  asleep: '◇',
  adversary: '◆',
  banned: '×',
  absent: '○',
  several: '◉',
  good: '✓',
  bad: '✗',
  busy: '…',
  rule: '─',
  side: '│',
  track: '·',
  more: '↕',
  bars: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
};

const ASCII: Marks = {
  pointer: '>',
  peer: 'o',
  asleep: 'a',
  adversary: 'A',
  banned: 'x',
  absent: '-',
  several: '8',
  good: '+',
  bad: '!',
  busy: '~',
  rule: '-',
  side: '|',
  track: '.',
  more: '^',
  bars: ['_', '.', ':', '-', '=', '+', '*', '#'],
};

/** What a terminal can show. */
export interface Look {
  readonly colour: boolean;
  readonly ascii: boolean;
  readonly marks: Marks;
}

/** The look of these abilities. */
export function lookOf(colour: boolean, ascii: boolean): Look {
  return { colour, ascii, marks: ascii ? ASCII : UTF8 };
}

/** What this terminal can show: NO_COLOR is heeded, and without a UTF-8 locale only ASCII drawn. */
export function lookOfTerminal(stream: { readonly isTTY?: boolean }): Look {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '');
  // No locale at all is a bare container, whose terminal is somebody's real one.
  const ascii = locale !== undefined && !/utf-?8/i.test(locale);
  return lookOf(takesColour(stream), ascii);
}

type Format = Parameters<typeof styleText>[0];

const COLOURED: Readonly<Record<Tone, Format>> = {
  normal: [],
  dim: 'dim',
  strong: 'bold',
  title: ['bold', 'cyan'],
  chosen: 'inverse',
  good: 'green',
  warning: 'yellow',
  bad: ['bold', 'red'],
  accent: 'cyan',
  region0: 'blue',
  region1: 'green',
  region2: 'magenta',
  region3: 'yellow',
  region4: 'cyan',
  region5: 'white',
};

/** NO_COLOR is about colour: bold and inverse stay. */
const COLOURLESS: Partial<Readonly<Record<Tone, Format>>> = {
  strong: 'bold',
  title: 'bold',
  chosen: 'inverse',
  bad: 'bold',
};

/** Dashes, arrows and the like of our own words, where only ASCII is to be shown. */
const STAND_INS: Readonly<Record<string, string>> = {
  '…': '~',
  '–': '-',
  '’': "'",
  '·': '.',
  '×': 'x',
  '→': '>',
  '←': '<',
  '↑': '^',
  '↓': 'v',
};

/** The line as the terminal gets it. */
export function paintLine(of: Line, look: Look): string {
  return of
    .map(({ text, tone }) => {
      const shown = look.ascii
        ? text.replaceAll(/[^\u{20}-\u{7e}]/gu, (mark) => STAND_INS[mark] ?? '?')
        : text;
      const format = look.colour ? COLOURED[tone] : (COLOURLESS[tone] ?? []);
      return format.length === 0 || shown === ''
        ? shown
        : styleText(format, shown, { validateStream: false });
    })
    .join('');
}

/** The tone of the n-th region: six that differ, then again from the first. */
export function regionTone(index: number): Tone {
  const tones = ['region0', 'region1', 'region2', 'region3', 'region4', 'region5'] as const;
  return tones[index % tones.length] ?? 'normal';
}
