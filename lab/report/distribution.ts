/** How long until a transaction is final, as a cumulative distribution. */
import { quantile, quantileInterval } from '../analysis/statistics.ts';
import { quantity, unitFor, type Position, type TimeUnit } from './axes.ts';
import { textOver, type Layer } from './drawing.ts';
import { figureOf } from './figure.ts';
import { amount, counted, duration, interval, type Html } from './html.ts';
import type { RunData } from './run-data.ts';
import { SIGNS, type Sign } from './signs.ts';
import { number, text } from './table.ts';

/** Points that a curve is drawn from: more are neither seen nor small. */
const MAX_POINTS = 150;
/** A tail longer than this many times the p99 squeezes all the rest into the edge. */
const LONG_TAIL = 3;
const LEVELS = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1] as const;

interface Curve {
  readonly name: string;
  readonly sign: Sign;
  readonly sorted: readonly number[];
}

function curvesOf({ fates }: RunData): readonly Curve[] {
  const sorted = (values: readonly (number | null)[]): readonly number[] =>
    values.filter((value) => value !== null).sort((a, b) => a - b);
  return [
    {
      name: 'first honest keeper',
      sign: SIGNS.asked,
      sorted: sorted(fates.map(({ first_ms }) => first_ms)),
    },
    {
      name: 'final: ⌈2k/3⌉ honest keepers',
      sign: SIGNS.commit,
      sorted: sorted(fates.map(({ final_ms }) => final_ms)),
    },
    {
      name: 'all honest keepers',
      sign: { ...SIGNS.commit, dash: [7, 3] },
      sorted: sorted(fates.map(({ all_ms }) => all_ms)),
    },
  ].filter((curve) => curve.sorted.length > 0);
}

export async function distribution(data: RunData): Promise<Html> {
  const curves = curvesOf(data);
  const { n, p50, p90, p99, max } = data.result.finality;
  const final = curves.find(({ sign }) => sign === SIGNS.commit)?.sorted ?? [];
  const largest = Math.max(...curves.map(({ sorted }) => sorted.at(-1) ?? 0));
  const edge = p99 !== null && largest > LONG_TAIL * p99 ? p99 * 1.5 : largest;
  const beyond = final.filter((value) => value > edge).length;
  const unit = unitFor(edge);
  const x = quantity('x', {
    title: `${unit.name} after the submission`,
    domain: [0, (edge * 1.02) / unit.ms],
  });
  const y = quantity('y', { title: 'share of transactions', domain: [0, 1], format: '.0%' });
  return figureOf({
    id: 'finality-distribution',
    title: 'How long until final',
    words:
      `Of ${counted(n, 'transaction')}, half were final within ${duration(p50)} ` +
      `(95 % interval ${interval(quantileInterval(final, 0.5), duration)}), nine of ten within ${duration(p90)}, ` +
      `99 of 100 within ${duration(p99)}; the slowest took ${duration(max)}.` +
      (beyond === 0 ? '' : ` ${amount(beyond)} slower ones are beyond the edge.`),
    legend: curves.map(({ name, sign }) => ({ text: name, sign, as: 'line' })),
    plot: {
      height: 240,
      layers: () => [
        ...curves.map((curve) => curveLayer(curve, unit, { x, y })),
        ...quantileLayers(data.result, edge, unit, { x, y }),
      ],
    },
    data: {
      columns: [text('share of transactions'), ...curves.map(({ name }) => number(name))],
      rows: [
        ...LEVELS.map((level) => [
          level === 1 ? 'slowest' : `p${level * 100}`,
          ...curves.map(({ sorted }) => duration(quantile(sorted, level))),
        ]),
        ['n', ...curves.map(({ sorted }) => amount(sorted.length))],
      ],
    },
  });
}

interface Axes {
  readonly x: Position;
  readonly y: Position;
}

function curveLayer({ sign, sorted }: Curve, unit: TimeUnit, encoding: Axes): Layer {
  return {
    data: { values: pointsOf(sorted).map(([at, share]) => ({ x: at / unit.ms, y: share })) },
    mark: {
      type: 'line',
      interpolate: 'step-after',
      color: sign.colour,
      strokeDash: [...sign.dash],
      strokeWidth: sign === SIGNS.commit ? 2.5 : 1.5,
    },
    encoding: { ...encoding },
  };
}

/** Points of the curve with their names beside them: at the edge there is room only on their left. */
function quantileLayers(
  { finality: { p50, p90, p99 } }: RunData['result'],
  edge: number,
  unit: TimeUnit,
  encoding: Axes,
): readonly Layer[] {
  const marks = (
    [
      ['p50', 0.5, p50],
      ['p90', 0.9, p90],
      ['p99', 0.99, p99],
    ] as const
  ).flatMap(([name, y, value]) => (value === null ? [] : [{ x: value / unit.ms, y, name, value }]));
  return [
    {
      data: { values: marks },
      mark: { type: 'point', color: SIGNS.commit.colour, size: 70 },
      encoding: { ...encoding },
    },
    ...marks.map(({ x, y, name, value }) => {
      const isLate = value > edge * 0.7;
      return textOver(
        {
          align: isLate ? 'right' : 'left',
          dx: isLate ? -4 : 10,
          dy: isLate ? 19 : 9,
          fontWeight: 'bold',
        },
        {
          data: { values: [{ x, y, text: `${name}  ${duration(value)}` }] },
          encoding: { ...encoding, text: { field: 'text' } },
        },
      );
    }),
  ];
}

/** The cumulative shares of ascending values, from 0. */
export function pointsOf(sorted: readonly number[]): readonly (readonly [number, number])[] {
  const stride = Math.max(1, Math.ceil(sorted.length / MAX_POINTS));
  const points = sorted.flatMap((value, at): (readonly [number, number])[] =>
    at % stride === 0 || at === sorted.length - 1 ? [[value, (at + 1) / sorted.length]] : [],
  );
  return [[0, 0], ...points];
}
