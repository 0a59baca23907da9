/** Colour, where the terminal has it and nobody refused it; never the only carrier of a meaning. */
import { styleText } from 'node:util';

type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Whether `stream` takes colour: NO_COLOR, TERM=dumb and pipes do not. */
export function takesColour(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR, TERM } = process.env;
  return stream.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}

/** Formats text for standard output or, with `on`, for another stream. */
export function paint(
  format: Format,
  text: string,
  on: { readonly isTTY?: boolean } = process.stdout,
): string {
  return takesColour(on) ? styleText(format, text, { validateStream: false }) : text;
}

/** `1,234` */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** `850 ms`, `12.3 s`, `4 min 05 s`; a dash for what was not measured. */
export function duration(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** `liesTold` → `lies told` */
export function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** A rate as a percentage; a dash for what was not measured. */
export function percent(rate: number | null, digits = 0): string {
  return rate === null ? '–' : `${(rate * 100).toFixed(digits)} %`;
}

/** Rows in columns two spaces apart; columns after the first are right-aligned when `numbers`. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly number[] = [],
): string[] {
  const all = [header, ...rows];
  const widths = header.map((_, column) =>
    Math.max(...all.map((row) => (row[column] ?? '').length)),
  );
  return all.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return numbers.includes(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

const CONTROL_CHARACTERS = /(?![\n\t])\p{Cc}/gu;

/** Text from logs and peers without the characters that steer a terminal. */
export function harmless(text: string): string {
  return text.replace(CONTROL_CHARACTERS, '·');
}
