/** What the cells of a campaign are called, on the screen and in the report. */
import { harmless, inWords } from '../terminal/style.ts';
import type { CellSummary } from './summary.ts';

/** Where one of them is longer, all have numbers. */
const MAX_LABEL = 26;

export interface CellLabel {
  /** Fits a column and an axis. */
  readonly short: string;
  /** Every axis with its value. */
  readonly long: string;
}

/** Where the words are too long and one thing alone varies, its value says which cell it is. */
export function cellLabels(cells: readonly Pick<CellSummary, 'values'>[]): readonly CellLabel[] {
  const axes = cells.map(({ values }) => Object.entries(values));
  const words = axes.map((pairs) => {
    const all = pairs.map(([axis, value]) => `${inWords(axis)} ${value}`).join(', ');
    return harmless(all === '' ? 'as the file says' : all);
  });
  const values = axes.map((pairs) => (pairs.length === 1 ? harmless(String(pairs[0]?.[1])) : null));
  const short = [words, values].find((all) => all.every(fits));
  return words.map((long, at) => ({ short: short?.[at] ?? `cell ${at + 1}`, long }));
}

function fits(label: string | null): boolean {
  return label !== null && label.length <= MAX_LABEL;
}
