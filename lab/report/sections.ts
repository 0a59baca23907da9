/** The report's parts, each from the run's result and what the named queries return. */
import type { Accusation, TransactionFate } from '../analysis/queries.ts';
import type { AttackResult, RunResult } from '../analysis/result.ts';
import { attackDeclaration } from '../manifest/attacks.ts';
import { inWords } from '../terminal/style.ts';
import { bars, cumulative, overTime, timeline, type Mark } from './charts.ts';
import { amount, bytes, duration, html, percent, type Html } from './html.ts';

/** Everything a report shows; times of sentences are ms since the epoch. */
export interface ReportData {
  readonly result: RunResult;
  readonly fates: readonly TransactionFate[];
  readonly sentences: readonly Accusation[];
  /** When the load started, ms since the epoch: 0 of every axis. */
  readonly originMs: number;
}

export function verdictSection(result: RunResult): Html {
  const broken = result.expectations.filter((expectation) => expectation.ok === false);
  const doubts = [
    ...(result.shapingOk ? [] : ['the links were not as asked']),
    ...result.fidelity.reasons,
  ];
  const grave = [
    ...(result.transactions.safetyViolations > 0
      ? [`mappings committed twice: ${result.transactions.safetyViolations}`]
      : []),
    ...(result.detection.falseSlashes > 0
      ? [`honest identities banned: ${result.detection.falseSlashes}`]
      : []),
    ...broken.map(({ expression, value }) => `expected ${expression}, got ${shown(value)}`),
  ];
  const tone = grave.length > 0 ? 'bad' : doubts.length > 0 ? 'warn' : 'good';
  const words = { bad: 'Failed.', warn: 'Doubtful.', good: 'Passed.' }[tone];
  const { detection, transactions, finality } = result;
  const sentence =
    `${amount(transactions.committed)} of ${amount(transactions.submitted)} transactions committed, ` +
    `half of them final within ${duration(finality.p50)}. ` +
    (detection.offenders === 0
      ? 'Nobody lied.'
      : `Of ${detection.offenders} that lied, ${detection.truePositives} were found out.`);
  const list = [...grave, ...doubts];
  return html`<div class="verdict ${tone}"><strong>${words}</strong> ${sentence}${
    list.length === 0 ? html`` : html`<ul>${list.map((text) => html`<li>${text}</li>`)}</ul>`
  }</div>`;
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

function tile(label: string, figure: string, tone = ''): Html {
  return html`<div class="tile ${tone}"><b>${figure}</b><span>${label}</span></div>`;
}

export function tilesSection({ result }: ReportData): Html {
  const { transactions, finality, detection } = result;
  const slashed = result.attacks.reduce((total, attack) => total + attack.slashed, 0);
  return html`<div class="tiles">${[
    tile('transactions committed', amount(transactions.committed)),
    tile('finality, median', duration(finality.p50)),
    tile('finality, p99', duration(finality.p99)),
    tile(
      'safety violations',
      amount(transactions.safetyViolations),
      transactions.safetyViolations > 0 ? 'bad' : 'good',
    ),
    tile('liars detected', `${detection.truePositives} / ${detection.offenders}`),
    tile('slashed by vote', amount(slashed)),
    tile(
      'false slashes',
      amount(detection.falseSlashes),
      detection.falseSlashes > 0 ? 'bad' : 'good',
    ),
    tile('bytes per peer and second', bytes(result.messages.bytesPerPeerPerSecond)),
  ]}</div>`;
}

export function finalitySection(data: ReportData): Html {
  const { result, fates, originMs } = data;
  const reached = fates.flatMap((fate) =>
    fate.final_ms === null ? [] : [{ at: fate.submitted_ms, valueMs: fate.final_ms }],
  );
  if (reached.length === 0) {
    return html`<section><h2>Finality</h2><p>No transaction became final: nothing to draw.</p></section>`;
  }
  const { p50, p90, p99, n, unreached } = result.finality;
  const left =
    unreached.tooFewHonestKeepers + unreached.notInTime === 0
      ? ''
      : ` Committed without it: ${amount(unreached.tooFewHonestKeepers)} among too few honest keepers, ${amount(unreached.notInTime)} not in time.`;
  const marks: Mark[] = result.attacks.flatMap((attack): Mark[] => [
    ...(attack.strikeMs === null
      ? []
      : [{ atMs: attack.strikeMs, label: `${attack.name} strikes`, tone: 'bad' as const }]),
    ...(attack.firstDetectedMs === null
      ? []
      : [{ atMs: attack.firstDetectedMs, label: 'first evidence', tone: 'warn' as const }]),
  ]);
  return html`<div class="grid2"><section><h2>Finality</h2><p>From the client’s submission to ⌈2k/3⌉ honest
 commits of the slowest token; ${amount(n)} transactions.${left}</p>${cumulative(
   reached.map((dot) => dot.valueMs),
   [
     ['p50', p50],
     ['p90', p90],
     ['p99', p99],
   ],
 )}</section><section><h2>Finality over the run</h2><p>One dot a transaction, at the time it was
 submitted.</p>${overTime(
   reached.map((dot) => ({ atMs: dot.at - originMs, valueMs: dot.valueMs })),
   result.durationMs,
   marks,
 )}${
   marks.length === 0
     ? html``
     : legend([
         ['bad', 'attack strikes'],
         ['warn', 'first evidence'],
       ])
 }</section></div>`;
}

function legend(entries: readonly (readonly [tone: string, text: string])[]): Html {
  return html`<div class="legend">${entries.map(
    ([tone, text]) => html`<span class="${tone}"><i></i>${text}</span>`,
  )}</div>`;
}

export function attackSection({ result }: ReportData, one: AttackResult): Html {
  const lanes = one.cases.map((entry) => {
    const steps = [
      ['first lie', entry.firstLieMs, 'bad'],
      ['first evidence', entry.detectedMs, 'warn'],
      ['first ban', entry.bannedMs, 'good'],
      ['slashed by vote', entry.slashedMs, 'good'],
    ] as const;
    const marks = steps.flatMap(([label, atMs, tone]) =>
      atMs === null ? [] : [{ atMs, label, tone }],
    );
    return { name: entry.member, marks };
  });
  const judged = one.succeeded === null ? 'never struck' : one.succeeded ? 'succeeded' : 'failed';
  const goal = attackDeclaration(one.name)?.success.meaning;
  const by = one.detectedBy.length === 0 ? '' : ` by ${one.detectedBy.join(', ')}`;
  return html`<section><h2>Attack ${one.name}: ${judged}</h2><p>Strike at ${duration(
    one.strikeMs,
  )}. Of ${one.adversaries} adversaries ${one.offenders} told a provable lie; ${
    one.detected
  } of those were detected${by}, ${one.slashed} slashed by vote.${
    goal === undefined ? '' : ` What counts as its success: ${goal}`
  }</p>${
    lanes.length === 0
      ? html``
      : html`${timeline(lanes, one.strikeMs, result.durationMs)}${legend([
          ['bad', 'strike, first lie'],
          ['warn', 'first evidence'],
          ['good', 'first ban, then slashed'],
        ])}${caseTable(one.cases)}`
  }${attackFacts(one)}</section>`;
}

/** When who did what; ms after the load started, as in the result. */
function caseTable(cases: AttackResult['cases']): Html {
  const rows = cases.map(
    (entry) =>
      html`<tr><td>${entry.member}</td><td class="n">${entry.lies}</td>${[
        entry.firstLieMs,
        entry.detectedMs,
        entry.bannedMs,
        entry.slashedMs,
      ].map((atMs) => html`<td class="n">${seconds(atMs)}</td>`)}</tr>`,
  );
  return html`<div class="scroll cases"><table><tr><th>liar</th><th class="n">lies</th><th class="n">first lie</th><th
 class="n">evidence</th><th class="n">banned</th><th class="n">slashed</th></tr>${rows}</table></div>`;
}

/** All of a column with one decimal, so that they stand in line. */
function seconds(ms: number | null): string {
  return ms === null ? '–' : `${(ms / 1000).toFixed(1)} s`;
}

function attackFacts(one: AttackResult): Html {
  const { attempts, coreSeconds, usd } = one.cost;
  const cost =
    attempts === null
      ? 'not measured'
      : `${amount(attempts)} Argon2 evaluations, ${coreSeconds?.toPrecision(2) ?? '–'} core-seconds, ${
          usd?.toPrecision(2) ?? '–'
        } USD`;
  const rows: readonly (readonly [string, string])[] = [
    ...Object.entries(one.success).map(([name, value]) => [inWords(name), shown(value)] as const),
    ['from first lie to evidence (median)', duration(one.timeToDetectMs)],
    ['to the first ban', duration(one.timeToBanMs)],
    ['to the slashing vote', duration(one.timeToSlashMs)],
    ['cost of minting', cost],
  ];
  return html`<table class="facts">${rows.map(
    ([name, value]) => html`<tr><td>${name}</td><td class="n">${value}</td></tr>`,
  )}</table>`;
}

export function detectionSection({ result, sentences }: ReportData): Html {
  const { rate, rateInterval, observerQueriesPerSecond, offenders } = result.detection;
  const byAccused = Map.groupBy(
    sentences.filter((entry) => entry.how === 'banned'),
    (entry) => entry.accused,
  );
  const interval =
    rateInterval === null
      ? ''
      : ` (95 % interval ${percent(rateInterval[0])} – ${percent(rateInterval[1])})`;
  const rows = [...byAccused.values()].flatMap((bans) => {
    const [first] = bans;
    if (first === undefined) return [];
    const by = bans.map((ban) => ban.by);
    const more = by.length > 6 ? ` and ${by.length - 6} more` : '';
    return [
      html`<tr><td>${first.member}</td><td>${
        first.adversary === '' ? html`<span class="mark-no">honest</span>` : first.adversary
      }</td><td class="n">${bans.length}</td><td>${by.slice(0, 6).join(', ')}${more}</td></tr>`,
    ];
  });
  return html`<section><h2>Detection</h2><p>${
    offenders === 0
      ? 'No identity told a provable lie, so there is no rate.'
      : `${percent(rate)} of ${offenders} offenders detected${interval}`
  }; each client asked ${amount(observerQueriesPerSecond, 2)} questions a second, drawn independently of
 what was attacked.</p>${
   rows.length === 0
     ? html`<p>Nobody was banned.</p>`
     : html`<div class="scroll"><table><tr><th>banned</th><th>in truth</th><th class="n">by</th><th>members, first
 first</th></tr>${rows}</table></div>`
 }${layersTable(result)}</section>`;
}

/** What weighs less than evidence: whom each layer flagged, and at what cost. */
function layersTable({ detection }: RunResult): Html {
  if (detection.byLayer === null) return html``;
  const rows = detection.byLayer.map(
    (layer) =>
      html`<tr><td>${layer.layer}</td>${[
        layer.truePositives,
        layer.falsePositives,
        layer.checks,
        layer.messages,
        layer.bytes,
      ].map((value) => html`<td class="n">${amount(value)}</td>`)}</tr>`,
  );
  return html`<div class="scroll"><table><tr><th>layer</th><th class="n">adversaries flagged</th><th class="n">honest
 flagged</th><th class="n">checks</th><th class="n">messages</th><th class="n">bytes</th></tr>${rows}</table></div>`;
}

const SHAPED: Readonly<Record<RunResult['shaping'], string>> = {
  netem: 'by the kernel (netem)',
  userspace: 'at the sockets',
  simulated: 'in simulation',
  none: 'by nothing',
};

export function linksSection({ result }: ReportData): Html {
  const rows = result.links.map(
    (link) =>
      html`<tr><td class="pair">${link.from} → ${link.to}</td><td class="n">${duration(
        link.askedRttMs,
      )}</td><td class="n">${duration(link.measuredRttMs)}</td><td class="n">${percent(
        link.askedLoss,
      )}</td><td class="n">${percent(link.measuredLoss)}</td><td class="n">${link.n}</td><td class="${
        link.ok ? 'mark-ok' : 'mark-no'
      }">${link.ok ? '✓' : '✗'}</td></tr>`,
  );
  return html`<section><h2>Links, asked and measured</h2><p>Round trip and loss between regions, shaped ${SHAPED[result.shaping]}.</p>${
    rows.length === 0
      ? html`<p>No link was measured.</p>`
      : html`<div class="scroll"><table><tr><th>pair</th><th class="n">asked</th><th class="n">measured</th><th
 class="n">loss asked</th><th class="n">measured</th><th class="n">n</th><th></th></tr>${rows}</table></div>`
  }</section>`;
}

export function messagesSection({ result }: ReportData): Html {
  const { byType, perCommit, datagramsPerCommit } = result.messages;
  const rows = Object.entries(byType)
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([label, type]) => ({
      label,
      value: type.count,
      text: `${amount(type.count)} · ${bytes(type.bytes)}`,
    }));
  return html`<section><h2>Messages</h2><p>${amount(perCommit, 1)} messages in ${amount(
    datagramsPerCommit,
    1,
  )} datagrams for each commit, counted at the sender.</p>${
    rows.length === 0 ? html`<p>None was reported.</p>` : bars(rows)
  }</section>`;
}

export function expectationsSection({ result }: ReportData): Html {
  if (result.expectations.length === 0) return html``;
  return html`<section><h2>Expectations</h2><div class="scroll"><table>${result.expectations.map(
    ({ expression, value, ok }) =>
      html`<tr><td class="tick ${ok === null ? '' : ok ? 'mark-ok' : 'mark-no'}">${
        ok === null ? 'not judged' : ok ? '✓' : '✗'
      }</td><td><code>${expression}</code></td><td class="n">${shown(value)}</td></tr>`,
  )}</table></div></section>`;
}
