/**
 * Writes a run's report: one HTML file that needs nothing else, no network and no script. What it
 * shows comes from the result and the named queries; all text in it is escaped, since a manifest
 * may come from anyone, and a content policy forbids what escaping might have missed.
 */
import { rename, writeFile } from 'node:fs/promises';
import { readDetectionFacts } from '../analysis/detection.ts';
import { finalityThreshold, TRANSACTION_FATES } from '../analysis/queries.ts';
import type { RunResult } from '../analysis/result.ts';
import type { Testnet } from '../manifest/testnet.ts';
import type { RunEvent } from '../supervisor/api.ts';
import { ask, ATTACK_STATES, PHASES } from '../telemetry/queries.ts';
import type { TelemetryStore } from '../telemetry/store.ts';
import { runAgain } from '../terminal/shell.ts';
import { amount, duration, html, type Html } from './html.ts';
import { newcomersSection } from './newcomers.ts';
import * as sections from './sections.ts';
import { STYLE } from './style.ts';

/** What the network did is long; what a person reads of it is not. */
const MAX_EVENTS = 200;

export interface ReportInput {
  readonly result: RunResult;
  readonly testnet: Testnet;
  readonly store: TelemetryStore;
  readonly events: readonly RunEvent[];
}

/** Replaces the file at `path` as a whole: a reader sees the old one or the new one. */
export async function writeReport(path: string, input: ReportInput): Promise<void> {
  const temporary = `${path}.part`;
  await writeFile(temporary, await renderReport(input));
  await rename(temporary, path);
}

/** The report as text. */
export async function renderReport(input: ReportInput): Promise<string> {
  const { result, testnet, store } = input;
  const { run } = result;
  const fates = await ask(store, TRANSACTION_FATES, {
    run,
    need: finalityThreshold(testnet.protocol.k),
  });
  const facts = await readDetectionFacts(store, run);
  const data: sections.ReportData = {
    result,
    fates,
    sentences: facts.sentences,
    originMs: await originOf(store, result, fates[0]?.submitted_ms ?? 0),
  };
  const phases = await ask(store, PHASES, { run });
  const attacks = result.attacks.map((attack) => sections.attackSection(data, attack));
  return page(
    `${testnet.name} · ${run}`,
    html`${heading(input)}${sections.verdictSection(result)}${sections.tilesSection(data)}${sections.finalitySection(
      data,
    )}${attacks}<div class="grid2">${sections.detectionSection(data)}${sections.messagesSection(
      data,
    )}</div>${newcomersSection(testnet, phases, data.originMs)}${sections.linksSection(data)}${sections.expectationsSection(data)}${conditions(input)}`,
  );
}

/** When the load started: an attack's strike is known on both axes; else the first submission. */
async function originOf(
  store: TelemetryStore,
  result: RunResult,
  firstSubmissionMs: number,
): Promise<number> {
  const states = await ask(store, ATTACK_STATES, { run: result.run });
  for (const attack of result.attacks) {
    const started = states.find((state) => state.attack_id === attack.id);
    if (started !== undefined && attack.strikeMs !== null) return started.at_ms - attack.strikeMs;
  }
  return firstSubmissionMs;
}

function heading({ result, testnet }: ReportInput): Html {
  const { honest, adversarial, clients, newcomers } = result.peers;
  const later = newcomers === 0 ? '' : ` (${newcomers} of them newcomers)`;
  return html`<header><h1>${testnet.name}</h1><p>Run ${result.run} · ${result.honestControl ? 'the honest control · ' : ''}${honest} honest peers, ${adversarial}
 adversarial${later}, ${clients} clients in ${testnet.regions.length} regions · ${duration(
   result.durationMs,
 )} of load · driver ${result.driver}</p></header>`;
}

function conditions({ result, testnet, events }: ReportInput): Html {
  const rows: readonly (readonly [string, string])[] = [
    ['version', result.version],
    ['seed', String(result.seed)],
    ...(testnet.settings ?? []).map((setting) => ['instead of the file', setting] as const),
    ['driver, shaping', `${result.driver}, ${result.shaping}`],
    ['links as asked', result.shapingOk ? 'yes' : 'no'],
    ['timings to be trusted', result.fidelity.ok ? 'yes' : result.fidelity.reasons.join('; ')],
    ['commit rule, conflict rule', `${result.commitRule}, ${result.conflictRule}`],
    ['k, time scale', `${testnet.protocol.k}, ${testnet.protocol.timeScale}`],
    [
      'telemetry',
      `${amount(result.telemetry.rows)} rows, ${amount(result.telemetry.dropped)} dropped`,
    ],
    ['took', duration(result.wallMs)],
    ...(result.traceHash === null
      ? []
      : [
          ['cryptography', result.cryptography] as const,
          ['trace hash', result.traceHash] as const,
        ]),
  ];
  const notes = events.flatMap((event) =>
    event.type === 'note' || event.type === 'phase'
      ? [event.text]
      : event.type === 'attack' || event.type === 'fault'
        ? [`${event.type} ${event.id} ${event.name}: ${event.state}`]
        : [],
  );
  const { driver, seed, honestControl: honest, cryptography } = result;
  const { settings = [] } = testnet;
  const command = runAgain(['run', testnet.file], { driver, seed, honest, cryptography, settings });
  return html`<section><h2>Conditions</h2><table class="facts">${rows.map(
    ([name, value]) => html`<tr><td>${name}</td><td>${value}</td></tr>`,
  )}</table><p>The same run again:</p><pre>${command}</pre></section><section><details><summary>Manifest</summary><pre>${
    testnet.source
  }</pre></details></section>${
    notes.length === 0
      ? html``
      : html`<section><details><summary>What happened</summary><pre>${notes
          .slice(0, MAX_EVENTS)
          .join('\n')}</pre></details></section>`
  }`;
}

function page(title: string, body: Html): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">${html`<title>${title}</title>`.text}<style>${STYLE}</style></head><body><main>${body.text}</main></body></html>\n`;
}
