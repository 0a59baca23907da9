/** A campaign's result as a person reads it, in 100 columns and without colour. */
import type { Rate } from '../analysis/statistics.ts';
import { duration, grouped, harmless, inWords, paint, percent, table } from '../terminal/style.ts';
import { cellLabels } from './labels.ts';
import type { CampaignSummary, CellSummary, Estimate, PartSummary, TimeTo } from './summary.ts';

/** Broken runs that are shown; the rest is a number. */
const MAX_BROKEN = 5;

/** The lines; `resume` is the command that goes on with what is missing. */
export function campaignLines(summary: CampaignSummary, resume: string): string[] {
  const { cells, controls } = summary;
  const labels = cellLabels(cells);
  const controlLabels = controls.map(
    (_, at) => `honest ${controls.length > 1 ? at + 1 : 'control'}`,
  );
  const parts = [...cells, ...controls];
  const names = [...labels.map(({ short }) => short), ...controlLabels];
  const attacked = cells.filter(({ success, detection }) => success.n + detection.n > 0);
  const attackedNames = attacked.map((cell) => labels[cells.indexOf(cell)]?.short ?? '');
  return [
    '',
    ...heading(summary),
    ...labels.flatMap(({ short, long }) => (short === long ? [] : [`  ${short}  ${long}`])),
    '',
    ...(attacked.length === 0 ? [] : attackTables(attacked, attackedNames)),
    paint('bold', 'The honest'),
    ...honestTable(parts, names),
    '',
    paint('bold', 'The network'),
    ...networkTable(parts, names),
    '',
    ...attacked.flatMap((cell, at) => detectorTable(cell, attackedNames[at] ?? '')),
    ...brokenLines(summary),
    ...unfinished(summary, resume),
  ];
}

function heading(summary: CampaignSummary): string[] {
  const { campaign, name, runs, seeds, driver, cryptography, versions } = summary;
  const broke = runs.broke === 0 ? '' : `, ${runs.broke} broke`;
  const several =
    versions.length > 1 ? [`!  rows of ${versions.length} versions: ${versions.join(', ')}`] : [];
  return [
    paint('bold', `${name} · campaign ${campaign}`),
    `  ${grouped(runs.done)} of ${grouped(runs.asked)} runs${broke}; ${seeds} seeds, driver ${driver}, ${cryptography} cryptography`,
    '  in brackets: 95 % intervals',
    ...several.map((line) => paint('yellow', line)),
  ];
}

function attackTables(cells: readonly CellSummary[], names: readonly string[]): string[] {
  const rows = cells.map(({ success, detection, toEvidence, toSlash, runs }, at) => [
    names[at] ?? '',
    grouped(runs),
    rateText(success),
    grouped(detection.n),
    rateText(detection),
    timeText(toEvidence),
    timeText(toSlash),
  ]);
  const header = ['', 'runs', 'succeeded', 'liars', 'detected', 'to evidence', 'to slashing'];
  const costs = cells.map(({ damage, cost }, at) => [
    names[at] ?? '',
    `${meanText(cost.attempts)} tries`,
    `${meanText(cost.coreSeconds)} core-s`,
    `${meanText(cost.usd)} USD`,
    Object.entries(damage)
      .map(([figure, estimate]) => `${inWords(figure)} ${meanText(estimate)}`)
      .join(', '),
  ]);
  return [
    paint('bold', 'The attack'),
    ...indented(table(header, rows, [1, 2, 3, 4, 5, 6])),
    '  from the first lie, median over liars (Kaplan–Meier; – not reached)',
    '',
    paint('bold', 'What it cost and did, means over runs'),
    ...wrapLast(table(['', 'minting', '', '', 'counted'], costs, [1, 2, 3])),
    '',
  ];
}

function honestTable(parts: readonly PartSummary[], names: readonly string[]): string[] {
  const rows = parts.map(({ falseSlashes, falsePositives, safetyViolations }, at) => [
    names[at] ?? '',
    grouped(falseSlashes.n),
    harmText(falseSlashes),
    harmText(falsePositives),
    String(safetyViolations),
  ]);
  const header = ['', 'peer-runs', 'banned or slashed', 'wrongly accused', 'safety violations'];
  return indented(table(header, rows, [1, 2, 3, 4]));
}

function networkTable(parts: readonly PartSummary[], names: readonly string[]): string[] {
  const rows = parts.map(({ runs, committed, finality }, at) => [
    names[at] ?? '',
    grouped(runs),
    rateText(committed),
    quantileText(finality.p50),
    quantileText(finality.p90),
    quantileText(finality.p99),
  ]);
  const header = ['', 'runs', 'committed', 'final p50', 'p90', 'p99, ms'];
  return indented(table(header, rows, [1, 2, 3, 4, 5]));
}

/** Detectors that tell guilty from innocent at all; a rate of detection never stands alone. */
function detectorTable({ detectors }: CellSummary, name: string): string[] {
  const rows = detectors.flatMap(({ detector, area, test, timeToDetection }) => {
    if (area === null || area.interval[0] <= 0.5) return [];
    const [lo, hi] = area.interval.map((end) => end.toFixed(2));
    return [
      [
        detector,
        `${area.value.toFixed(2)} [${lo}, ${hi}]`,
        test === null ? '' : test.threshold.toPrecision(2),
        test === null ? '' : rateText(test.detected),
        test === null ? '' : rateText(test.falsePositives),
        timeToDetection === null ? '' : duration(timeToDetection.medianMs),
      ],
    ];
  });
  if (rows.length === 0) return [];
  const header = ['', 'area under ROC', 'threshold', 'detected', 'honest flagged', 'median'];
  return [
    paint('bold', `Network-level detectors: ${name}`),
    ...indented(table(header, rows, [1, 2, 3, 4, 5])),
    '',
  ];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

const WIDTH = 100;

/** Only the last column is long: its words go on below where they began. */
function wrapLast(lines: readonly string[]): string[] {
  const at = 2 + (lines[0]?.indexOf('counted') ?? 0);
  return indented(lines).flatMap((line) => {
    const broken: string[] = [];
    let rest = line;
    while (rest.length > WIDTH && rest.lastIndexOf(', ', WIDTH - 1) > at) {
      const end = rest.lastIndexOf(', ', WIDTH - 1) + 1;
      broken.push(rest.slice(0, end));
      rest = `${' '.repeat(at)}${rest.slice(end).trimStart()}`;
    }
    return [...broken, rest];
  });
}

/** `95 % [76, 99]` */
function rateText({ value, interval }: Rate): string {
  if (value === null) return '–';
  const digits = value > 0.99 && value < 1 ? 1 : 0;
  if (interval === null) return percent(value, digits);
  const [lo, hi] = interval.map((end) => (end * 100).toFixed(0));
  return `${percent(value, digits)} [${lo}, ${hi}]`;
}

/** `0, below 0.12 %`, or how many and what share. */
function harmText({ events, value, interval, upper95 }: PartSummary['falseSlashes']): string {
  if (value === null) return '–';
  if (events === 0) return upper95 === null ? '0' : `0, below ${percentOf(upper95)}`;
  const [lo, hi] = interval ?? [value, value];
  return paint('red', `${events}, ${percentOf(value)} [${share(lo)}, ${share(hi)}]`);
}

function share(value: number): string {
  return String(Number((value * 100).toPrecision(2)));
}

function percentOf(value: number): string {
  return `${share(value)} %`;
}

function timeText({ n, medianMs, intervalMs: [lo, hi] }: TimeTo): string {
  if (n === 0) return '';
  if (medianMs === null) return '–';
  const end = (ms: number | null): string => (ms === null ? '–' : seconds(ms));
  return `${seconds(medianMs)} s [${end(lo)}, ${end(hi)}]`;
}

function seconds(ms: number): string {
  return (ms / 1000).toPrecision(ms < 1000 ? 1 : 2);
}

function quantileText({ value, interval }: Estimate): string {
  if (value === null) return duration(null);
  if (interval === null) return value.toFixed(0);
  return `${value.toFixed(0)} [${interval.map((end) => end.toFixed(0)).join(', ')}]`;
}

function meanText({ value }: Estimate): string {
  return value === null ? '–' : String(Number(value.toPrecision(2)));
}

function brokenLines({ broken }: CampaignSummary): string[] {
  if (broken.length === 0) return [];
  const shown = broken.slice(0, MAX_BROKEN);
  return [
    paint('red', `${broken.length} runs broke; each again:`),
    ...shown.flatMap(({ command, error }) => [
      `  ${command}`,
      `    ${harmless(error.split('\n')[0] ?? '')}`,
    ]),
    ...(broken.length > shown.length
      ? [`  and ${broken.length - shown.length} more (--json)`]
      : []),
    '',
  ];
}

function unfinished({ runs }: CampaignSummary, resume: string): string[] {
  const left = runs.asked - runs.done;
  return left === 0 ? [] : [`Go on    ${resume}   (${grouped(left)} runs are left)`];
}
