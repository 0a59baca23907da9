/** Every run of a campaign with the command that carries it out again: in the page as far as anyone reads, and whole as a download. */
import type { CampaignRow } from '../campaign/rows.ts';
import { runAgain, shellWord } from '../terminal/shell.ts';
import { namedCells, namedControls, type CampaignReport } from './campaign-parts.ts';
import { commandBlock, source } from './conditions.ts';
import { section } from './figure.ts';
import { amount, counted, duration, EMPTY, html, type Html } from './html.ts';
import { facts, number, table, text } from './table.ts';

/** Rows that the page shows. */
const MAX_SHOWN = 100;
/** What the download may hold, before base64 makes a third more of it. */
const MAX_DOWNLOAD_BYTES = 1_500_000;
const MAX_BROKEN = 10;

export function runsSection(report: CampaignReport): Html {
  const { rows, summary } = report;
  const partName = partNames(report);
  const shown = rows.slice(0, MAX_SHOWN).map((row) => {
    const { part, seed, command } = row;
    const done = row.state === 'done' ? row.result : null;
    const attacks = done?.attacks.map(({ succeeded }) => outcome(succeeded)).join(', ') ?? '';
    return [
      row.id,
      partName(row),
      String(seed),
      done === null
        ? html`<span class="bad">✗ broke</span>`
        : part === 'control'
          ? 'honest'
          : attacks,
      done === null
        ? null
        : `${amount(done.transactions.committed)} of ${amount(done.transactions.submitted)}`,
      done === null ? null : duration(done.finality.p50),
      html`<code>${command}</code>`,
    ];
  });
  return section(
    'runs',
    'Runs',
    html`${brokenList(report)}<p>${download(report)}</p><details><summary>The first ${amount(
      Math.min(MAX_SHOWN, rows.length),
    )} of ${counted(rows.length, 'run')}, with the command of each</summary>${table({
      caption: 'Runs, and the command that carries each out again',
      columns: [
        text('run'),
        text('part'),
        number('seed'),
        text('attack'),
        number('committed'),
        number('final, p50'),
        text('command'),
      ],
      rows: shown,
    })}</details>`,
    `${amount(summary.runs.done)} of ${counted(summary.runs.asked, 'run')} came to an end. A simulated one carried out again by the same version comes to the same trace hash.`,
  );
}

function outcome(succeeded: boolean | null): string {
  return succeeded === null ? 'not judged' : succeeded ? 'succeeded' : 'failed';
}

function partNames({ summary }: CampaignReport): (row: CampaignRow) => string {
  const [cells, controls] = [namedCells(summary), namedControls(summary)];
  return ({ part, index }) => (part === 'cell' ? cells : controls)[index]?.name ?? part;
}

function brokenList({ summary: { broken } }: CampaignReport): Html {
  if (broken.length === 0) return EMPTY;
  return table({
    caption: 'Runs that broke',
    isCaptioned: true,
    columns: [text('command'), text('error')],
    limit: MAX_BROKEN,
    rows: broken.map(({ command, error }) => [
      html`<code>${command}</code>`,
      error.split('\n')[0] ?? '',
    ]),
  });
}

const HEADER = [
  'run',
  'part',
  'seed',
  'state',
  'submitted',
  'committed',
  'finality_p50_ms',
  'finality_p99_ms',
  'attack_succeeded',
  'offenders',
  'detected',
  'false_slashes',
  'version',
  'trace_hash',
  'command',
] as const;

/** A link that holds the file: nothing is asked of the network. */
function download(report: CampaignReport): Html {
  const { rows, summary } = report;
  const partName = partNames(report);
  const lines = [HEADER.join(',')];
  let size = 0;
  for (const row of rows) {
    const done = row.state === 'done' ? row.result : null;
    const cells = [
      row.id,
      partName(row),
      row.seed,
      row.state,
      done?.transactions.submitted,
      done?.transactions.committed,
      done?.finality.p50,
      done?.finality.p99,
      done?.attacks.map(({ succeeded }) => outcome(succeeded)).join(' '),
      done?.detection.offenders,
      done?.detection.truePositives,
      done?.detection.falseSlashes,
      row.version,
      done?.traceHash,
      row.command,
    ];
    const line = cells.map((value) => csvCell(value ?? '')).join(',');
    size += line.length;
    if (size > MAX_DOWNLOAD_BYTES) break;
    lines.push(line);
  }
  const csv = lines.map((line) => `${line}\r\n`).join('');
  const held = lines.length - 1;
  const more = held < rows.length ? `, the first ${amount(held)}` : '';
  const encoded = Buffer.from(csv).toString('base64');
  return html`<a download="${summary.campaign}.csv" href="data:text/csv;base64,${encoded}">Download all runs with their commands (CSV${more})</a>`;
}

/** RFC 4180; a cell that a spreadsheet would take for a formula becomes text. */
export function csvCell(value: string | number): string {
  const given = String(value);
  const harmless = typeof value === 'string' && /^[=+\-@\t\r]/.test(given) ? `'${given}` : given;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** Versions, files and the command of the whole. */
export function campaignConditions({ campaign, summary, again }: CampaignReport): Html {
  const { seeds, training, testnetFile, testnetSource } = campaign;
  const first = campaign.cells[0];
  const example = runAgain(['run', testnetFile], {
    driver: campaign.driver,
    seed: seeds[0] ?? 0,
    honest: false,
    cryptography: campaign.cryptography,
    settings: first?.settings ?? [],
  });
  return section(
    'again',
    'The same campaign again',
    html`${commandBlock(again)}${facts([
      ['campaign', summary.campaign],
      ['version', summary.versions.join(', ')],
      ['driver', summary.driver],
      ['cryptography', summary.cryptography],
      ['seeds', `${amount(seeds.length)}: ${seedsText(seeds)}`],
      ['of them choose thresholds', amount(training)],
      ['testnet', shellWord(testnetFile)],
    ])}<p class="note">One run of it, for instance:</p>${commandBlock(example)}${source('Campaign file', campaign.source)}${source('Testnet file', testnetSource)}`,
  );
}

const MAX_SEEDS = 12;

function seedsText(seeds: readonly number[]): string {
  const some = seeds.slice(0, MAX_SEEDS).join(', ');
  return seeds.length > MAX_SEEDS ? `${some}, … ${String(seeds.at(-1))}` : some;
}
