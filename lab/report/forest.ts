/** Values with their intervals, one below the other: the chart for rates that are to be compared. */
import { namesDown, quantity } from './axes.ts';
import { figureOf } from './figure.ts';
import { amount, counted, interval, type Html } from './html.ts';
import { shapeOf, type Sign } from './signs.ts';
import { number, text } from './table.ts';

/** Rows that are drawn; the table has all. */
const MAX_DRAWN = 30;
/** Vega takes a letter for 0.8 of its height: sixteen letters. */
const NAME_WIDTH = 160;

export interface ForestRow {
  readonly name: string;
  readonly sign: Sign;
  readonly value: number | null;
  readonly interval: readonly [number, number] | null;
  readonly n: number;
}

export interface Forest {
  readonly id: string;
  readonly title: string;
  /** What n counts, in the plural. */
  readonly of: string;
  readonly lead: string;
  readonly axis: string;
  readonly domain: readonly [number, number];
  readonly format?: string;
  /** From the unit of the values to that of the axis. */
  readonly scale?: number;
  readonly shown: (value: number | null) => string;
  readonly rows: readonly ForestRow[];
}

export async function forestFigure(forest: Forest): Promise<Html> {
  const { id, title, of, lead, axis, domain, format, scale = 1, shown, rows } = forest;
  const known = rows.filter(({ value }) => value !== null);
  const drawn = known.slice(0, MAX_DRAWN);
  const x = (field: string) =>
    quantity(field, {
      title: axis,
      domain,
      hasGrid: true,
      ...(format === undefined ? {} : { format }),
    });
  const values = drawn.map((row) => ({
    name: row.name,
    value: (row.value ?? 0) * scale,
    lo: (row.interval?.[0] ?? row.value ?? 0) * scale,
    hi: (row.interval?.[1] ?? row.value ?? 0) * scale,
  }));
  const y = namesDown(
    'name',
    drawn.map(({ name }) => name),
    NAME_WIDTH,
  );
  return figureOf({
    id,
    title,
    words: `${lead} ${known
      .slice(0, 4)
      .map(
        (row) =>
          `${row.name}: ${shown(row.value)} [${interval(row.interval, shown)}], n ${amount(row.n)}`,
      )
      .join(
        '; ',
      )}${known.length > 4 ? `; ${counted(known.length - 4, 'more is', 'more are')} in the chart and its table` : ''}.`,
    plot: {
      height: 50 + 26 * drawn.length,
      layers: () => [
        {
          data: { values },
          mark: { type: 'rule', strokeWidth: 2, color: 'var(--reference)' },
          encoding: { x: x('lo'), x2: { field: 'hi' }, y },
        },
        ...drawn.map(({ sign }, at) => ({
          data: { values: values.slice(at, at + 1) },
          mark: {
            type: 'point' as const,
            color: sign.colour,
            shape: shapeOf(sign.shape),
            size: 90,
          },
          encoding: { x: x('value'), y },
        })),
      ],
    },
    data: {
      columns: [text('part'), number('value'), number('95 % interval'), number(`n, ${of}`)],
      rows: rows.map((row) => [
        row.name,
        shown(row.value),
        interval(row.interval, shown),
        amount(row.n),
      ]),
    },
  });
}
