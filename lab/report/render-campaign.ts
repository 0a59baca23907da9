/** A campaign's report as text: verdict, rates, curves, and every run's command. */
import { rateOf, upperOfNone } from '../analysis/statistics.ts';
import { rocSection } from './campaign-roc.ts';
import { survivalSection } from './campaign-survival.ts';
import { attackedCells, type CampaignReport } from './campaign-parts.ts';
import {
  attackRates,
  boundText,
  cellTable,
  honestSection,
  networkSection,
} from './campaign-rates.ts';
import { campaignConditions, runsSection } from './campaign-runs.ts';
import { claimsSection } from './claims.ts';
import { section } from './figure.ts';
import { amount, counted, EMPTY, html, percent, type Html } from './html.ts';
import { page } from './page.ts';
import { tile } from './verdict.ts';

export async function renderCampaign(report: CampaignReport): Promise<string> {
  const { summary } = report;
  return page({
    title: `${summary.name} · campaign ${summary.campaign}`,
    heading: html`<header><h1>${summary.name}</h1><p>Campaign ${summary.campaign} · ${counted(summary.cells.length, 'cell')}, ${counted(summary.seeds, 'seed')} · driver ${summary.driver}, ${summary.cryptography} cryptography</p></header>`,
    sections: [
      summarySection(report),
      await attackRates(report),
      await survivalSection(report),
      honestSection(report),
      await networkSection(report),
      await rocSection(report),
      claimsSection(report.claims),
      runsSection(report),
      campaignConditions(report),
    ],
  });
}

interface Sums {
  readonly peerRuns: number;
  readonly falseSlashes: number;
  readonly violations: number;
  readonly submitted: number;
  readonly committed: number;
}

/** Over all cells and controls. */
function sumsOf({ summary, rows }: CampaignReport): Sums {
  const parts = [...summary.cells, ...summary.controls];
  const done = rows.flatMap((row) => (row.state === 'done' ? [row.result] : []));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return {
    peerRuns: sum(parts.map(({ falseSlashes }) => falseSlashes.n)),
    falseSlashes: sum(parts.map(({ falseSlashes }) => falseSlashes.events)),
    violations: sum(parts.map(({ safetyViolations }) => safetyViolations)),
    submitted: sum(done.map(({ transactions }) => transactions.submitted)),
    committed: sum(done.map(({ transactions }) => transactions.committed)),
  };
}

function summarySection(report: CampaignReport): Html {
  const { summary } = report;
  const { runs, versions } = summary;
  const sums = sumsOf(report);
  const grave = [
    ...(sums.violations > 0 ? [`Mappings committed twice: ${amount(sums.violations)}.`] : []),
    ...(sums.falseSlashes > 0 ? [`Honest identities banned: ${amount(sums.falseSlashes)}.`] : []),
    ...(runs.broke > 0 ? [`${counted(runs.broke, 'run')} broke.`] : []),
  ];
  const doubts = [
    ...(runs.done + runs.broke < runs.asked
      ? [
          `${counted(runs.asked - runs.done - runs.broke, 'run')} not made yet: figures will change.`,
        ]
      : []),
    ...(versions.length > 1
      ? [`Rows of ${versions.length} versions: ${versions.join(', ')}.`]
      : []),
    ...untrusted(report),
  ];
  const tone = grave.length > 0 ? 'bad' : doubts.length > 0 ? 'warn' : 'good';
  const words = { good: '✓ Nothing unsafe.', warn: '! Doubtful.', bad: '✗ Unsafe, or broken.' }[
    tone
  ];
  const list = [...grave, ...doubts];
  return section(
    'summary',
    'Summary',
    html`<div class="verdict ${tone}"><p><strong>${words}</strong> ${outcome(report)}</p>${
      list.length === 0 ? EMPTY : html`<ul>${list.map((line) => html`<li>${line}</li>`)}</ul>`
    }</div>${tiles(report, sums)}${cellTable(report)}`,
  );
}

/** Runs whose links or machine were not as asked. */
function untrusted({ rows }: CampaignReport): readonly string[] {
  const doubtful = rows.filter(
    (row) => row.state === 'done' && !(row.result.shapingOk && row.result.fidelity.ok),
  );
  return doubtful.length === 0
    ? []
    : [`${counted(doubtful.length, 'run')} with links not as asked, or too slow a machine.`];
}

function outcome({ summary }: CampaignReport): string {
  const cells = attackedCells(summary);
  const { done, asked } = summary.runs;
  const made = `${amount(done)} of ${counted(asked, 'run')} done.`;
  if (cells.length === 0) return `${made} Nobody attacked.`;
  const rates = cells.flatMap(({ part }) =>
    part.success.value === null ? [] : [part.success.value],
  );
  if (rates.length === 0) return `${made} No attack could be judged.`;
  const [lo, hi] = [Math.min(...rates), Math.max(...rates)];
  const range = lo === hi ? percent(lo) : `${percent(lo)} to ${percent(hi)}`;
  return `${made} The attack succeeded in ${range} of the runs of a cell.`;
}

function tiles({ summary }: CampaignReport, sums: Sums): Html {
  const { runs } = summary;
  const committed = sums.submitted === 0 ? null : sums.committed / sums.submitted;
  const isClean = sums.falseSlashes === 0;
  const rate = rateOf(sums.falseSlashes, sums.peerRuns);
  const bound = boundText({
    ...rate,
    events: sums.falseSlashes,
    upper95: upperOfNone(sums.peerRuns),
  });
  return html`<dl class="tiles">${[
    tile('runs', amount(runs.done), `of ${amount(runs.asked)} asked, ${amount(runs.broke)} broke`),
    tile('transactions', amount(sums.submitted), `${percent(committed)} committed`),
    tile('honest peer-runs', amount(sums.peerRuns), 'in all cells and controls'),
    tile(
      'false slashes',
      amount(sums.falseSlashes),
      `${isClean ? '✓' : '✗'} rate ${bound}`,
      isClean ? 'good' : 'bad',
    ),
    tile(
      'safety violations',
      amount(sums.violations),
      sums.violations === 0 ? '✓ none' : '✗ must be none',
      sums.violations === 0 ? 'good' : 'bad',
    ),
  ]}</dl>`;
}
