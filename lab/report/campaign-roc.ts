/** How well network-level detectors tell liars from the honest in a campaign. */
import type { JudgedDetector } from '../analysis/detector-judgement.ts';
import type { Rates, Share } from '../analysis/roc.ts';
import type { CellSummary } from '../campaign/summary.ts';
import { DETECTORS } from '../detectors/report.ts';
import { quantity } from './axes.ts';
import { attackedCells, type CampaignReport, type NamedPart } from './campaign-parts.ts';
import type { Layer } from './drawing.ts';
import { beside, figureOf, section } from './figure.ts';
import { amount, duration, EMPTY, html, interval, percent, type Html } from './html.ts';
import { seriesSign, shapeOf, type Sign } from './signs.ts';
import { number, table, text } from './table.ts';

/** Cells whose detectors are drawn; the table has all. */
const MAX_ROC_CELLS = 8;
const MAX_ROC_CURVES = 6;
const MAX_ROC_POINTS = 120;

export async function rocSection({ summary }: CampaignReport): Promise<Html> {
  const cells = attackedCells(summary).filter(({ part }) =>
    part.detectors.some(({ area }) => area !== null),
  );
  if (cells.length === 0) return EMPTY;
  const figures: Html[] = [];
  for (const cell of cells.slice(0, MAX_ROC_CELLS)) {
    const figure = await rocFigure(cell, figures.length);
    if (figure !== EMPTY) figures.push(figure);
  }
  return section(
    'detectors',
    'Network-level detectors',
    html`${figures.length === 0 ? html`<p class="note">No detector told liars from the honest better than chance.</p>` : beside(...figures)}${detectorTable(cells)}`,
    'They read what members of the whole network reported and never ban. Thresholds are chosen on the training seeds so that 1 % of the honest are flagged, and judged on the others, the cell’s honest control among them.',
  );
}

/** Those whose area is above a half with its whole interval, the largest first. */
function telling({ detectors }: CellSummary): readonly JudgedDetector[] {
  return detectors
    .filter(({ area }) => area !== null && area.interval[0] > 0.5)
    .toSorted((a, b) => (b.area?.value ?? 0) - (a.area?.value ?? 0))
    .slice(0, MAX_ROC_CURVES);
}

async function rocFigure(
  { name, meaning, part }: NamedPart<CellSummary>,
  at: number,
): Promise<Html> {
  const shown = telling(part);
  if (shown.length === 0) return EMPTY;
  const x = quantity('x', { title: 'honest flagged', domain: [0, 1], format: '.0%' });
  const y = quantity('y', { title: 'liars flagged', domain: [0, 1], format: '.0%' });
  return figureOf({
    id: `roc-${at}`,
    title: `ROC, ${name}: ${meaning}`,
    words: `${shown.map(({ detector, area }) => `${detector}: area ${areaText(area)}`).join('; ')}. Thin line: chance. Crosses: the threshold of the training seeds on the others, with 95 % intervals.`,
    legend: shown.map(({ detector }) => ({
      text: detector,
      sign: detectorSign(detector),
      as: 'line and mark',
    })),
    plot: {
      height: (width) => (width === 'narrow' ? 270 : 360),
      layers: () => [
        {
          data: {
            values: [
              { x: 0, y: 0 },
              { x: 1, y: 1 },
            ],
          },
          mark: { type: 'line', color: 'var(--line)', strokeWidth: 1 },
          encoding: { x, y },
        },
        ...shown.map(
          ({ detector, curve }): Layer => ({
            data: {
              values: thinned(curve).map((point, i) => ({
                i,
                x: point.falsePositiveRate,
                y: point.truePositiveRate,
              })),
            },
            mark: {
              type: 'line',
              color: detectorSign(detector).colour,
              strokeDash: [...detectorSign(detector).dash],
            },
            encoding: { x, y, order: { field: 'i' } },
          }),
        ),
        ...shown.flatMap(({ detector, test }) =>
          test === null ? [] : operatingPoint(test, detectorSign(detector)),
        ),
      ],
    },
    data: {
      columns: [text('detector'), ...['threshold', 'liars flagged', 'honest flagged'].map(number)],
      rows: shown.flatMap(({ detector, curve }) =>
        thinned(curve).map((point) => [
          detector,
          Number.isFinite(point.threshold) ? point.threshold.toPrecision(3) : 'none',
          percent(point.truePositiveRate),
          percent(point.falsePositiveRate),
        ]),
      ),
    },
  });
}

function thinned<T>(curve: readonly T[]): readonly T[] {
  const stride = Math.max(1, Math.ceil(curve.length / MAX_ROC_POINTS));
  return curve.filter((_, at) => at % stride === 0 || at === curve.length - 1);
}

/** One detector looks the same in every cell. */
function detectorSign(detector: JudgedDetector['detector']): Sign {
  return seriesSign(DETECTORS.indexOf(detector));
}

/** What the chosen threshold gives, with both intervals. */
function operatingPoint({ detected, falsePositives }: Rates, sign: Sign): readonly Layer[] {
  if (detected.value === null || falsePositives.value === null) return [];
  const [left, right] = falsePositives.interval ?? [falsePositives.value, falsePositives.value];
  const [low, high] = detected.interval ?? [detected.value, detected.value];
  const data = { values: [{ x: falsePositives.value, y: detected.value, left, right, low, high }] };
  const axis = (field: string) => quantity(field, { title: '', domain: [0, 1], format: '.0%' });
  const rule = { type: 'rule', color: sign.colour, strokeWidth: 1.5 } as const;
  return [
    { data, mark: rule, encoding: { x: axis('left'), x2: { field: 'right' }, y: axis('y') } },
    { data, mark: rule, encoding: { x: axis('x'), y: axis('low'), y2: { field: 'high' } } },
    {
      data,
      mark: {
        type: 'point',
        color: sign.colour,
        shape: shapeOf(sign.shape),
        size: 110,
      },
      encoding: { x: axis('x'), y: axis('y') },
    },
  ];
}

function areaText(area: JudgedDetector['area']): string {
  if (area === null) return 'not measured';
  return `${area.value.toFixed(2)} [${area.interval.map((end) => end.toFixed(2)).join(' – ')}]`;
}

function shareText({ value, interval: ends, n }: Share): string {
  return value === null
    ? percent(null)
    : `${percent(value)} [${interval(ends, percent)}], n ${amount(n)}`;
}

function detectorTable(cells: readonly NamedPart<CellSummary>[]): Html {
  return table({
    caption: 'Detectors at the threshold of the training seeds',
    isCaptioned: true,
    columns: [
      text('detector'),
      text('cell'),
      ...['area under ROC', 'threshold', 'liars flagged', 'honest flagged', 'median time'].map(
        number,
      ),
    ],
    rows: cells.flatMap(({ name, part }) =>
      part.detectors
        .filter(({ area }) => area !== null)
        .map(({ detector, area, test, timeToDetection }) => [
          detector,
          name,
          areaText(area),
          test === null ? null : test.threshold.toPrecision(2),
          test === null ? null : shareText(test.detected),
          test === null ? null : shareText(test.falsePositives),
          timeToDetection === null
            ? null
            : timeToDetection.medianMs === null
              ? 'not reached'
              : duration(timeToDetection.medianMs),
        ]),
    ),
  });
}
