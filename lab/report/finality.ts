/** How long until a transaction is final, over the run and by region. */
import {
  momentLayers,
  namesDown,
  quantity,
  runTime,
  unitFor,
  type Moment,
  type Position,
} from './axes.ts';
import type { Layer } from './drawing.ts';
import { distribution } from './distribution.ts';
import { beside, figureOf, section } from './figure.ts';
import { throughputFigure } from './flow.ts';
import { amount, duration, EMPTY, html, type Html } from './html.ts';
import type { RunData } from './run-data.ts';
import { SIGNS, type Sign } from './signs.ts';
import { number, text } from './table.ts';

/** Dots that a cloud is drawn from: more are neither seen nor small. */
const MAX_DOTS = 500;

export async function transactionsSection(
  data: RunData,
  moments: readonly Moment[],
): Promise<Html> {
  const { n, unreached } = data.result.finality;
  const without = unreached.tooFewHonestKeepers + unreached.notInTime;
  const left =
    without === 0
      ? ''
      : ` Committed without it: ${amount(unreached.tooFewHonestKeepers)} among too few honest keepers, ${amount(unreached.notInTime)} not in time.`;
  const throughput = await throughputFigure(data, moments);
  return section(
    'transactions',
    'Transactions',
    n === 0
      ? html`<p>No transaction became final.</p>${throughput}`
      : beside(
          await distribution(data),
          await overTime(data, moments),
          await byRegion(data),
          throughput,
        ),
    `Final means: committed at ⌈2k/3⌉ honest keepers of the slowest token, counted from the client’s submission.${left}`,
  );
}

async function overTime(data: RunData, moments: readonly Moment[]): Promise<Html> {
  const { finality, originMs, endMs, stepMs, fates } = data;
  const { unit, x } = runTime(endMs);
  const reached = fates.filter(({ final_ms }) => final_ms !== null);
  const stride = Math.max(1, Math.ceil(reached.length / MAX_DOTS));
  const tops = finality.map(({ p99 }) => p99 ?? 0);
  const top = Math.max(1, ...tops) * 1.25;
  const of = unitFor(top);
  const y = quantity('y', { title: `${of.name} until final`, domain: [0, top / of.ms] });
  const line = (field: 'p50' | 'p99', sign: Sign): Layer => ({
    data: {
      values: finality.map((step) => ({
        x: (step.at_ms - originMs + stepMs / 2) / unit.ms,
        y: step[field] === null ? null : step[field] / of.ms,
      })),
    },
    mark: {
      type: 'line',
      color: sign.colour,
      strokeDash: [...sign.dash],
      strokeWidth: 2.5,
      point: false,
    },
    encoding: { x: x('x'), y },
  });
  const worst = finality.reduce((a, b) => ((b.p99 ?? 0) > (a?.p99 ?? 0) ? b : a), finality[0]);
  return figureOf({
    id: 'finality-over-time',
    title: 'Over the run',
    words:
      `Steps of ${duration(stepMs)}, by the time of submission. ` +
      (worst === undefined
        ? 'No step has a figure.'
        : `The step with the highest p99 begins at ${duration(worst.at_ms - originMs)}: p50 ${duration(worst.p50)}, p99 ${duration(worst.p99)}, n ${amount(worst.n)}.`) +
      (stride > 1 ? ` Of the dots every ${stride}th is drawn.` : ''),
    legend: [
      { text: 'p50 of a step', sign: SIGNS.commit, as: 'line' },
      { text: 'p99 of a step', sign: SIGNS.slow, as: 'line' },
      { text: 'one transaction', sign: { ...SIGNS.commit, colour: 'var(--dots)' }, as: 'mark' },
    ],
    plot: {
      height: 240,
      layers: () => [
        {
          data: {
            values: reached
              .filter((_, at) => at % stride === 0)
              .map(({ submitted_ms, final_ms }) => ({
                x: (submitted_ms - originMs) / unit.ms,
                y: (final_ms ?? 0) / of.ms,
              })),
          },
          mark: { type: 'point', size: 12, color: 'var(--dots)' },
          encoding: { x: x('x'), y },
        },
        line('p99', SIGNS.slow),
        line('p50', SIGNS.commit),
        ...momentLayers(moments, endMs),
      ],
    },
    data: {
      columns: [text('step begins'), number('n'), number('p50'), number('p99')],
      rows: finality.map(({ at_ms, n, p50, p99 }) => [
        duration(at_ms - originMs),
        amount(n),
        duration(p50),
        duration(p99),
      ]),
    },
  });
}

async function byRegion({ byRegion: regions }: RunData): Promise<Html> {
  const known = regions.filter(({ n }) => n > 0);
  if (known.length === 0) return EMPTY;
  const top = Math.max(...known.map(({ p99 }) => p99 ?? 0));
  const unit = unitFor(top);
  const [fastest, slowest] = [known.toSorted(byMedian)[0], known.toSorted(byMedian).at(-1)];
  const x = (field: string): Position =>
    quantity(field, {
      title: `${unit.name} until final`,
      domain: [0, (top * 1.05) / unit.ms],
      hasGrid: true,
    });
  const values = known.map(({ region, p50, p90, p99 }) => ({
    region,
    p50: (p50 ?? 0) / unit.ms,
    p90: (p90 ?? 0) / unit.ms,
    p99: (p99 ?? 0) / unit.ms,
  }));
  const { commit } = SIGNS;
  return figureOf({
    id: 'finality-by-region',
    title: 'By region of the client',
    words:
      fastest === undefined || slowest === undefined || known.length === 1
        ? `All clients were in ${known[0]?.region ?? ''}.`
        : `From ${fastest.region} half were final within ${duration(fastest.p50)} (n ${amount(fastest.n)}), from ${slowest.region} within ${duration(slowest.p50)} (n ${amount(slowest.n)}).`,
    legend: [
      { text: 'p50', sign: commit, as: 'mark' },
      { text: 'p90', sign: { ...commit, shape: 'diamond' }, as: 'mark' },
      { text: 'p99', sign: { ...commit, shape: 'triangle-up' }, as: 'mark' },
    ],
    plot: {
      height: 60 + 30 * known.length,
      layers: (width): readonly Layer[] => {
        const axis = namesDown(
          'region',
          known.map((row) => row.region),
          width === 'narrow' ? 90 : 160,
        );
        return [
          {
            data: { values },
            mark: { type: 'rule', color: commit.colour, strokeWidth: 2 },
            encoding: { y: axis, x: x('p50'), x2: { field: 'p99' } },
          },
          ...(['p50', 'p90', 'p99'] as const).map(
            (field, at): Layer => ({
              data: { values },
              mark: {
                type: 'point',
                color: commit.colour,
                size: 80,
                shape: (['circle', 'diamond', 'triangle-up'] as const)[at] ?? 'circle',
              },
              encoding: { y: axis, x: x(field) },
            }),
          ),
        ];
      },
    },
    data: {
      columns: [
        text('region'),
        ...['submitted', 'final', 'p50', 'p90', 'p99', 'slowest'].map((title) => number(title)),
      ],
      rows: regions.map((row) => [
        row.region,
        amount(row.submitted),
        amount(row.n),
        duration(row.p50),
        duration(row.p90),
        duration(row.p99),
        duration(row.max),
      ]),
    },
  });
}

function byMedian(a: { readonly p50: number | null }, b: { readonly p50: number | null }): number {
  return (a.p50 ?? 0) - (b.p50 ?? 0);
}
