/** A run's result as a person reads it at the end. Readable without colour. */
import type { AttackResult, LinkMeasurement, RunResult } from '../analysis/result.ts';
import { duration, grouped, harmless, inWords, paint, percent, table } from './style.ts';

/** Links shown one by one; above this, the worst ones. */
const MAX_LINKS_SHOWN = 12;

/** The summary's lines; `repeat` is the command that does the same again. */
export function summaryLines(result: RunResult, repeat: string): string[] {
  return [
    '',
    ...warnings(result),
    ...network(result),
    ...links(result.links),
    ...commits(result),
    ...result.attacks.flatMap(attackStory),
    ...detection(result),
    ...expectations(result),
    ...ending(result, repeat),
  ];
}

function heading(text: string): string {
  return paint('bold', text);
}

function warnings(result: RunResult): string[] {
  const lines: string[] = [];
  const wrong = result.links.filter(({ ok }) => !ok).length;
  if (!result.shapingOk) {
    lines.push(
      `!! LINKS ARE NOT AS ASKED: ${wrong} of ${result.links.length} are off. Don't trust any timing.`,
    );
  }
  if (!result.fidelity.ok) {
    lines.push('!! THE FIGURES ARE NOT TO BE TRUSTED:');
    lines.push(...result.fidelity.reasons.map((reason) => `!!   ${reason}`));
  }
  if (result.transactions.safetyViolations > 0) {
    lines.push(
      `!! SAFETY VIOLATED ${result.transactions.safetyViolations} times: honest peers committed opposites.`,
    );
  }
  if (result.telemetry.dropped > 0) {
    lines.push(
      `!  ${grouped(result.telemetry.dropped)} telemetry rows were dropped; counts are too low.`,
    );
  }
  return lines.length === 0 ? [] : [...lines.map((line) => paint('yellow', line)), ''];
}

function network(result: RunResult): string[] {
  const { honest, adversarial, clients, newcomers } = result.peers;
  const liars = adversarial === 0 ? '' : `, ${adversarial} of them adversarial`;
  const later = newcomers === 0 ? '' : `, ${newcomers} of them newcomers`;
  const shaped = {
    netem: 'links shaped by the kernel (netem)',
    userspace: 'links shaped at the sockets',
    simulated: 'links simulated',
    none: 'links not shaped',
  }[result.shaping];
  const wall = duration(result.wallMs);
  const took = result.traceHash === null ? `${wall} in all` : `simulated in ${wall}`;
  const control = result.honestControl ? ', the honest control: no adversary, no attack' : '';
  return [
    heading(`${result.testnet} · run ${result.run}${control}`),
    `  ${honest + adversarial} peers${liars}${later}, ${clients} clients`,
    `  driver ${result.driver}, ${shaped}`,
    `  ${duration(result.durationMs)} of load (${took}), seed ${result.seed}`,
    `  commit rule ${result.commitRule}, conflict rule ${result.conflictRule}`,
    ...(result.cryptography === 'ideal' ? ['  ideal cryptography: same sizes, no work'] : []),
    '',
  ];
}

function offBy(link: LinkMeasurement): number {
  return link.measuredRttMs === null ? Infinity : Math.abs(link.measuredRttMs - link.askedRttMs);
}

function links(all: readonly LinkMeasurement[]): string[] {
  if (all.length === 0) return [];
  const sorted = all.toSorted((a, b) => Number(a.ok) - Number(b.ok) || offBy(b) - offBy(a));
  const shown = sorted.slice(0, MAX_LINKS_SHOWN);
  const good = all.filter(({ ok }) => ok).length;
  const more = all.length > shown.length ? `, the ${shown.length} furthest off` : '';
  return [
    heading(`Links: ${good} of ${all.length} as asked${more}`),
    ...linkTable(shown).map((line) => `  ${line}`),
    '',
  ];
}

/** Asked and measured round trip and loss, a row per pair. */
export function linkTable(all: readonly LinkMeasurement[]): string[] {
  const rows = all.map((link) => [
    link.ok ? '✓' : '✗',
    `${link.from} – ${link.to}`,
    `${link.askedRttMs} ms`,
    link.measuredRttMs === null ? '–' : `${link.measuredRttMs.toFixed(1)} ms`,
    percent(link.askedLoss, 1),
    percent(link.measuredLoss, 1),
    String(link.n),
  ]);
  const header = ['', 'round trip', 'asked', 'measured', 'loss asked', 'measured', 'probes'];
  return table(header, rows, [2, 3, 4, 5, 6]);
}

function commits(result: RunResult): string[] {
  const { transactions, finality, messages } = result;
  const share =
    transactions.submitted === 0 ? null : transactions.committed / transactions.submitted;
  const per = (value: number | null) => (value === null ? '–' : value.toFixed(1));
  return [
    heading('Transactions'),
    `  ${grouped(transactions.committed)} of ${grouped(transactions.submitted)} committed (${percent(share)}), ${transactions.timedOut} timed out, ${transactions.conflicting} conflicting`,
    `  finality: half within ${duration(finality.p50)}, 90 % ${duration(finality.p90)}, 99 % ${duration(finality.p99)}, slowest ${duration(finality.max)} (n ${finality.n})`,
    ...unreachedLine(finality.unreached),
    `  per commit: ${per(messages.perCommit)} messages in ${per(messages.datagramsPerCommit)} datagrams`,
    '',
  ];
}

function unreachedLine(unreached: RunResult['finality']['unreached']): string[] {
  const { tooFewHonestKeepers, notInTime } = unreached;
  if (tooFewHonestKeepers + notInTime === 0) return [];
  return [
    `  committed, not final: ${tooFewHonestKeepers} among too few honest keepers, ${notInTime} not in time`,
  ];
}

function attackStory(attack: AttackResult): string[] {
  const { cases, cost, detectedBy, offenders, strikeMs, succeeded } = attack;
  const by = detectedBy.length === 0 ? '' : ` by ${detectedBy.join(', ')}`;
  const outcome = succeeded === null ? 'not judged' : succeeded ? 'succeeded' : 'failed';
  const lines: (readonly [string, string])[] = [
    ['outcome', `${outcome}${details(attack.success)}`],
    [
      'first evidence',
      attack.firstDetectedMs === null ? 'none' : `at ${duration(attack.firstDetectedMs)}${by}`,
    ],
    [
      'from first lie',
      `to evidence ${duration(attack.timeToDetectMs)}, to ban ${duration(attack.timeToBanMs)}, to slashing ${duration(attack.timeToSlashMs)} (medians)`,
    ],
    ['slashed by vote', `${attack.slashed} of ${offenders}`],
    ['cost of minting', costText(cost)],
  ];
  return [
    heading(`Attack: ${attack.name} (${attack.id})`),
    strikeMs === null
      ? '  never struck'
      : `  strike           at ${duration(strikeMs)}; ${offenders} of ${attack.adversaries} adversaries lied`,
    ...(strikeMs === null ? [] : lines.map(([name, text]) => `  ${name.padEnd(16)} ${text}`)),
    ...(cases.length === 0 ? [] : ['', ...caseTable(cases).map((line) => `  ${line}`)]),
    '',
  ];
}

/** `: lies told 12, victims 3`, from what the attack's judge counted. */
function details(success: AttackResult['success']): string {
  const parts = Object.entries(success).map(([name, value]) => `${inWords(name)} ${String(value)}`);
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

function costText({ attempts, coreSeconds, usd }: AttackResult['cost']): string {
  if (attempts === null) return 'not measured';
  const seconds = coreSeconds === null ? '–' : coreSeconds.toPrecision(2);
  const price = usd === null ? '–' : usd.toPrecision(2);
  return `${grouped(attempts)} Argon2 evaluations, ${seconds} core-seconds, ${price} USD`;
}

/** When who did what, a row per offender. */
function caseTable(cases: AttackResult['cases']): string[] {
  const rows = cases.map((one) => [
    one.member,
    grouped(one.lies),
    duration(one.firstLieMs),
    duration(one.detectedMs),
    duration(one.bannedMs),
    duration(one.slashedMs),
  ]);
  const header = ['liar', 'lies', 'first lie at', 'evidence at', 'banned at', 'slashed at'];
  return table(header, rows, [1, 2, 3, 4, 5]);
}

function detection(result: RunResult): string[] {
  const { detection: found } = result;
  const { observerQueriesPerSecond: rate, rateInterval: interval } = found;
  const between =
    interval === null ? '' : ` (95 % interval ${percent(interval[0])} to ${percent(interval[1])})`;
  const asked =
    rate === null
      ? 'at an unknown query rate'
      : `with every observer asking ${rate.toFixed(1)} questions a second`;
  const slashes =
    found.falseSlashes === 0
      ? paint('green', '  no honest peer was banned or slashed')
      : paint('red', `  ✗ ${found.falseSlashes} HONEST PEERS BANNED`);
  const lines =
    found.offenders === 0 && found.falsePositives === 0
      ? ['  nobody lied, nobody was accused']
      : [
          `  ${found.truePositives} of ${found.offenders} liars detected, ${percent(found.rate)}${between}`,
          `  ${asked}; ${found.falsePositives} wrongly accused`,
        ];
  return [heading('Detection'), ...lines, slashes, ''];
}

function expectations(result: RunResult): string[] {
  if (result.expectations.length === 0) return [];
  return [
    heading('Expectations'),
    ...result.expectations.map(({ expression, value, ok }) => {
      const measured = value === null || value === undefined ? 'nothing' : JSON.stringify(value);
      if (ok === null) return `  – ${expression} (not judged: nobody is adversarial)`;
      return ok
        ? paint('green', `  ✓ ${expression}`) + ` (${measured})`
        : paint('red', `  ✗ ${expression}`) + `, measured ${harmless(measured)}`;
    }),
    '',
  ];
}

function ending(result: RunResult, repeat: string): string[] {
  return [
    ...(result.traceHash === null ? [] : [`Trace    ${result.traceHash}`]),
    ...(result.reportPath === null ? [] : [`Report   ${result.reportPath}`]),
    `Again    ${repeat}`,
  ];
}
