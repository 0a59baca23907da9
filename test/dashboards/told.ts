/** Figures that a report tells, as they are read out of its sentences and tables. */
import { filled, says, type Kind, type ReadReport } from './reading.ts';

/** A stat panel's title and the field in it; or a table panel's title, its first column's value, and a column. */
export type Panel = readonly [title: string, field: string] | readonly [string, string, string];

export interface Told {
  readonly name: string;
  /** As the report has it. */
  readonly text: string;
  readonly kind: Kind;
  /** What the JSON says. */
  readonly value: number | null;
  /** Where a dashboard shows the same, if one does. */
  readonly panel?: Panel;
}

/** Reads `text` as `sentence`, whose `{}` are these figures in this order. */
export function sentence(
  text: string | undefined,
  form: string,
  figures: readonly Untold[],
): Told[] {
  const texts = filled(text, form);
  if (texts.length !== figures.length) throw new Error(`${form} has ${texts.length} places`);
  return figures.map(([name, kind, value, panel], at) => ({
    name,
    kind,
    value,
    text: texts[at] ?? '',
    ...(panel === undefined ? {} : { panel }),
  }));
}

/** A figure before its text is known. */
export type Untold = readonly [name: string, kind: Kind, value: number | null, panel?: Panel];

/** `n` of something, as English has it. */
export function word(n: number, one: string, several = `${one}s`): string {
  return n === 1 ? one : several;
}

/** What differs between report and JSON; empty when nothing does. */
export function untrue(told: readonly Told[]): string[] {
  return told
    .filter(({ text, kind, value }) => !says(text, kind, value))
    .map(({ name, text, value }) => `${name}: the report says “${text}”, the result ${value}`);
}

/** A table row by row: its first column names the row, the others are figures. */
export function rowsOf(
  { tables }: ReadReport,
  caption: string,
  rows: readonly (readonly [name: string, figures: readonly Untold[]])[],
): Told[] {
  const shown = tables.get(caption)?.rows ?? [];
  const names = shown.map(([name = '']) => name);
  const missing = rows.filter(([name]) => !names.includes(name));
  if (missing.length > 0 || names.length !== rows.length) {
    throw new Error(`${caption} has the rows ${names.join()}`);
  }
  return rows.flatMap(([row, figures]) => {
    const cells = shown.find(([name]) => name === row)?.slice(1) ?? [];
    return figures.map(([name, kind, value, panel], at) => ({
      name: `${caption}, ${row}: ${name}`,
      kind,
      value,
      text: cells[at] ?? '',
      ...(panel === undefined ? {} : { panel }),
    }));
  });
}
