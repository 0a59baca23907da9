/** How soon offenders are caught, over all runs of each cell. */
import { kaplanMeier, type Survival } from '../analysis/survival.ts';
import { durationsTo, type CaseEvent } from '../campaign/summary.ts';
import { quantity, unitFor } from './axes.ts';
import {
  attackedCells,
  CURVES_PER_CHART,
  doneRows,
  MAX_CURVED_CELLS,
  namedCells,
  type CampaignReport,
} from './campaign-parts.ts';
import type { Layer } from './drawing.ts';
import { beside, figureOf, section } from './figure.ts';
import { amount, counted, duration, EMPTY, interval, percent, type Html } from './html.ts';
import type { Sign } from './signs.ts';
import { number, text } from './table.ts';

const EVENTS = [
  ['detectedMs', 'evidence', 'to the first evidence or flag'],
  ['bannedMs', 'ban', 'to the first ban'],
  ['slashedMs', 'slashing', 'to the slashing by vote'],
] as const satisfies readonly (readonly [CaseEvent, string, string])[];

interface Curve {
  readonly name: string;
  readonly meaning: string;
  readonly sign: Sign;
  readonly survival: Survival;
  /** When the last one was last looked at. */
  readonly endMs: number;
}

export async function survivalSection(report: CampaignReport): Promise<Html> {
  const cells = attackedCells(report.summary);
  const all = namedCells(report.summary);
  const figures: Html[] = [];
  for (const [event, word, title] of EVENTS) {
    const curves = cells
      .slice(0, MAX_CURVED_CELLS)
      .flatMap(({ name, meaning, sign }): readonly Curve[] => {
        const index = all.findIndex((cell) => cell.name === name);
        const results = doneRows(report, 'cell', index).map(({ result }) => result);
        const durations = durationsTo(results, event);
        if (durations.length === 0) return [];
        const endMs = Math.max(...durations.map(({ timeMs }) => timeMs));
        return [{ name, meaning, sign, survival: kaplanMeier(durations), endMs }];
      });
    for (let from = 0; from < curves.length; from += CURVES_PER_CHART) {
      const some = curves.slice(from, from + CURVES_PER_CHART);
      figures.push(await survivalFigure(`survival-${word}-${from}`, title, some));
    }
  }
  if (figures.length === 0) return EMPTY;
  return section(
    'survival',
    'How soon they are caught',
    beside(...figures),
    'Share of liars to whom it had not happened yet, from the first lie (Kaplan–Meier; shaded: 95 % intervals). Who was not caught by the end of the load counts as looked at until then.',
  );
}

async function survivalFigure(id: string, title: string, curves: readonly Curve[]): Promise<Html> {
  const watched = Math.max(1, ...curves.map(({ endMs }) => endMs));
  const lastEvent = Math.max(
    0,
    ...curves.map(({ survival }) => survival.steps.at(-1)?.timeMs ?? 0),
  );
  // Most of the time after the last event is empty.
  const end = lastEvent === 0 ? watched : Math.min(watched, lastEvent * 1.5);
  const unit = unitFor(end);
  const x = quantity('x', {
    title: `${unit.name} after the first lie`,
    domain: [0, end / unit.ms],
  });
  const y = (field: string) => quantity(field, { title: 'not yet', domain: [0, 1], format: '.0%' });
  const points = ({ survival, endMs }: Curve) => {
    const steps = survival.steps.map((step) => ({
      x: step.timeMs / unit.ms,
      y: step.survival,
      lo: step.interval?.[0] ?? step.survival,
      hi: step.interval?.[1] ?? step.survival,
    }));
    const last = steps.at(-1) ?? { x: 0, y: 1, lo: 1, hi: 1 };
    return [{ x: 0, y: 1, lo: 1, hi: 1 }, ...steps, { ...last, x: Math.min(endMs, end) / unit.ms }];
  };
  return figureOf({
    id,
    title: `From the first lie ${title}`,
    words: `${curves.map(({ name, survival: { medianMs, medianIntervalMs, n, events } }) => `${name}: ${medianMs === null ? 'half were not reached' : `median ${duration(medianMs)} [${interval(medianIntervalMs, duration)}]`}, ${amount(events)} of ${counted(n, 'liar')}`).join('; ')}.${end < watched ? ` Nothing more happened until they were last looked at, at most ${duration(watched)} after.` : ''}`,
    legend: curves.map(({ name, meaning, sign }) => ({
      text: `${name}: ${meaning}`,
      sign,
      as: 'line',
    })),
    plot: {
      height: 230,
      layers: () => [
        ...curves.map(
          (curve): Layer => ({
            data: { values: points(curve) },
            mark: {
              type: 'area',
              interpolate: 'step-after',
              color: curve.sign.colour,
              opacity: 0.14,
            },
            encoding: { x, y: y('lo'), y2: { field: 'hi' } },
          }),
        ),
        ...curves.map(
          (curve): Layer => ({
            data: { values: points(curve) },
            mark: {
              type: 'line',
              interpolate: 'step-after',
              color: curve.sign.colour,
              strokeDash: [...curve.sign.dash],
            },
            encoding: { x, y: y('y') },
          }),
        ),
      ],
    },
    data: {
      columns: [
        text('cell'),
        ...['after', 'at risk', 'events', 'not yet', '95 % interval'].map(number),
      ],
      rows: curves.flatMap(({ name, survival }) =>
        survival.steps.map((step) => [
          name,
          duration(step.timeMs),
          amount(step.atRisk),
          amount(step.events),
          percent(step.survival),
          interval(step.interval, percent),
        ]),
      ),
    },
  });
}
