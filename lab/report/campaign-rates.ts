/** Rates and sums of a campaign, cell by cell, each with its n and its interval. */
import { quantile } from '../analysis/statistics.ts';
import type { Estimate, HonestRate } from '../campaign/summary.ts';
import { inWords } from '../terminal/style.ts';
import { quantity, unitFor } from './axes.ts';
import {
  attackedCells,
  doneRows,
  MAX_CURVED_CELLS,
  namedCells,
  namedControls,
  type CampaignReport,
  type NamedPart,
} from './campaign-parts.ts';
import { beside, figureOf, section } from './figure.ts';
import { pointsOf } from './distribution.ts';
import { forestFigure } from './forest.ts';
import {
  amount,
  counted,
  duration,
  EMPTY,
  figure,
  html,
  interval,
  percent,
  type Html,
} from './html.ts';
import { number, table, text } from './table.ts';

const SHARES = { axis: 'share', domain: [0, 1], format: '.0%', shown: percent } as const;

export async function attackRates({ summary }: CampaignReport): Promise<Html> {
  const cells = attackedCells(summary);
  if (cells.length === 0) return EMPTY;
  const success = await forestFigure({
    ...SHARES,
    id: 'success',
    title: 'The attack succeeded',
    of: 'attacks that struck and could be judged',
    lead: 'Of attacks that struck, those that did what they call success, judged from the truth.',
    rows: cells.map(({ name, sign, part }) => ({ name, sign, ...part.success })),
  });
  const detected = await forestFigure({
    ...SHARES,
    id: 'detected',
    title: 'Liars detected',
    of: 'identities that lied',
    lead: 'Of identities that lied, those that somebody honest held evidence against or flagged; runs are clusters.',
    rows: cells.map(({ name, sign, part }) => ({ name, sign, ...part.detection })),
  });
  return section('attack', 'The attack', html`${beside(success, detected)}${costTables(cells)}`);
}

function costTables(cells: ReturnType<typeof attackedCells>): Html {
  const figures = [...new Set(cells.flatMap(({ part }) => Object.keys(part.damage)))];
  return html`${table({
    caption: 'What it did: means over runs [95 % interval] (–: not counted by this attack)',
    isCaptioned: true,
    columns: [text('cell'), ...figures.map((name) => number(inWords(name)))],
    rows: cells.map(({ name, part }) => [
      name,
      ...figures.map((kind) => (kind in part.damage ? meanText(part.damage[kind]) : '–')),
    ]),
  })}${table({
    caption: 'What its identities cost: means over runs [95 % interval]',
    isCaptioned: true,
    columns: [text('cell'), ...['Argon2 evaluations', 'core-seconds', 'USD'].map(number)],
    rows: cells.map(({ name, part: { cost } }) => [
      name,
      meanText(cost.attempts),
      meanText(cost.coreSeconds),
      meanText(cost.usd),
    ]),
  })}`;
}

function meanText(estimate: Estimate | undefined): string {
  if (estimate === undefined || estimate.value === null) return figure(null);
  const { value, interval: ends } = estimate;
  if (value === 0 && ends?.[1] === 0) return '0 in all';
  return `${figure(value)} [${interval(ends, figure)}]`;
}

/** What must not happen to the honest: how often it did, or how rare it must be. */
export function honestSection({ summary }: CampaignReport): Html {
  const parts: readonly NamedPart[] = [...namedCells(summary), ...namedControls(summary)];
  return section(
    'honest',
    'The honest',
    table({
      caption: 'False slashes and false positives over honest peer-runs',
      columns: [
        text('part'),
        number('honest peer-runs'),
        number('banned or slashed'),
        number('rate, or its bound'),
        number('wrongly accused'),
        number('rate, or its bound'),
        number('safety violations'),
      ],
      rows: parts.map(({ name, part }) => [
        name,
        amount(part.falseSlashes.n),
        countText(part.falseSlashes),
        boundText(part.falseSlashes),
        countText(part.falsePositives),
        boundText(part.falsePositives),
        part.safetyViolations === 0
          ? '0'
          : html`<span class="bad">✗ ${amount(part.safetyViolations)}</span>`,
      ]),
    }),
    'One honest peer in one run is one trial. Where there was none, the bound is the rate that 95 % of such counts would have shown (exact rule of three, peer-runs taken as independent).',
  );
}

function countText({ events }: HonestRate): Html | string {
  return events === 0 ? '0' : html`<span class="bad">✗ ${amount(events)}</span>`;
}

export function boundText({ events, value, interval: ends, upper95 }: HonestRate): string {
  if (value === null) return percent(null);
  if (events > 0) return `${percent(value)} [${interval(ends, percent)}]`;
  return upper95 === null ? percent(0) : `below ${percent(upper95)}`;
}

export async function networkSection(report: CampaignReport): Promise<Html> {
  const { summary } = report;
  const parts: readonly NamedPart[] = [...namedCells(summary), ...namedControls(summary)];
  const committed = await forestFigure({
    ...SHARES,
    id: 'committed',
    title: 'Transactions committed',
    of: 'transactions submitted',
    lead: 'Of submitted transactions; runs are clusters.',
    rows: parts.map(({ name, sign, part }) => ({ name, sign, ...part.committed })),
  });
  const quantiles: Html[] = [];
  for (const [level, title] of [
    ['p50', 'Finality, median'],
    ['p99', 'Finality, p99'],
  ] as const) {
    const rows = parts.map(({ name, sign, part }) => ({ name, sign, ...part.finality[level] }));
    const top = Math.max(1, ...rows.map((row) => row.interval?.[1] ?? row.value ?? 0));
    const unit = unitFor(top);
    quantiles.push(
      await forestFigure({
        id: `finality-${level}`,
        title,
        of: 'transactions that reached it',
        lead: 'Over all transactions of all runs; interval by bootstrap over whole runs.',
        axis: unit.name,
        scale: 1 / unit.ms,
        domain: [0, (top * 1.08) / unit.ms],
        shown: duration,
        rows,
      }),
    );
  }
  return section(
    'network',
    'The network',
    beside(await finalityCurves(report), committed, ...quantiles),
    'Final means: committed at ⌈2k/3⌉ honest keepers of the slowest token, counted from the client’s submission.',
  );
}

/** Of all transactions of a cell, over its runs. */
async function finalityCurves(report: CampaignReport): Promise<Html> {
  const cells = namedCells(report.summary)
    .slice(0, MAX_CURVED_CELLS / 2)
    .map(({ name, meaning, sign }, at) => {
      const sorted = doneRows(report, 'cell', at)
        .flatMap(({ observed }) => observed.finalityMs)
        .sort((a, b) => a - b);
      return { name, meaning, sign, sorted };
    })
    .filter(({ sorted }) => sorted.length > 0);
  if (cells.length === 0) return html`<p class="note">No transaction became final.</p>`;
  const ends = cells.map(({ sorted }) => quantile(sorted, 0.995) ?? 0);
  const edge = Math.max(1, ...ends) * 1.1;
  const unit = unitFor(edge);
  const x = quantity('x', {
    title: `${unit.name} after the submission`,
    domain: [0, edge / unit.ms],
  });
  const y = quantity('y', { title: 'share of transactions', domain: [0, 1], format: '.0%' });
  const at = (sorted: readonly number[], level: number): string =>
    duration(quantile(sorted, level));
  return figureOf({
    id: 'finality-curves',
    title: 'How long until final',
    words: `${cells.map(({ name, sorted }) => `${name}: half within ${at(sorted, 0.5)}, 99 of 100 within ${at(sorted, 0.99)} (n ${amount(sorted.length)})`).join('; ')}. Up to 99.5 % of them are drawn.`,
    legend: cells.map(({ name, meaning, sign }) => ({
      text: `${name}: ${meaning}`,
      sign,
      as: 'line',
    })),
    plot: {
      height: 240,
      layers: () =>
        cells.map(({ sign, sorted }) => ({
          data: { values: pointsOf(sorted).map(([ms, share]) => ({ x: ms / unit.ms, y: share })) },
          mark: {
            type: 'line' as const,
            interpolate: 'step-after' as const,
            color: sign.colour,
            strokeDash: [...sign.dash],
            clip: true,
          },
          encoding: { x, y },
        })),
    },
    data: {
      columns: [text('cell'), ...['n', 'p10', 'p50', 'p90', 'p99', 'slowest'].map(number)],
      rows: cells.map(({ name, sorted }) => [
        name,
        amount(sorted.length),
        ...[0.1, 0.5, 0.9, 0.99, 1].map((level) => at(sorted, level)),
      ]),
    },
  });
}

/** What the cells are: in every chart they have these names. */
export function cellTable({ summary }: CampaignReport): Html {
  const parts: readonly NamedPart[] = [...namedCells(summary), ...namedControls(summary)];
  return table({
    caption: 'Cells: what varies',
    isCaptioned: true,
    columns: [text('part'), text('is'), text('settings'), number('runs'), number('broke')],
    rows: parts.map(({ name, meaning, part }) => [
      name,
      meaning,
      part.settings.length === 0
        ? 'those of the file'
        : html`<code>${part.settings.join(' ')}</code>`,
      amount(part.runs),
      part.broke === 0 ? '0' : html`<span class="bad">✗ ${counted(part.broke, 'run')}</span>`,
    ]),
  });
}
