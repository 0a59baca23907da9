/**
 * Makes a run's result from its telemetry and the truth. Nothing an adversary says of itself scores;
 * what was not measured is null.
 */
import { evaluateExpectation, isAboutAdversaries } from '../manifest/expectation.ts';
import type { Testnet } from '../manifest/testnet.ts';
import {
  ask,
  DATAGRAMS_BY_SENDER,
  MESSAGES_BY_TYPE,
  MINTING,
  TELEMETRY_DROPPED,
  TELEMETRY_ROWS,
  VIEW_OVERLAP,
} from '../telemetry/queries.ts';
import type { TelemetryStore } from '../telemetry/store.ts';
import { attackResult, type AttackContext, type AttackFacts } from './attacks.ts';
import { evaluationSeconds } from './cost.ts';
import { detectionOf, readDetectionFacts, type DetectionFacts } from './detection.ts';
import {
  finalityThreshold,
  OBSERVER_ANSWERS,
  SAFETY_VIOLATIONS,
  TRANSACTION_FATES,
  type TransactionFate,
} from './queries.ts';
import type { LinkMeasurement, RunResult } from './result.ts';
import { quantilesOf } from './statistics.ts';
import { judgeSuccess } from './success.ts';

/** What the supervisor knows of a run that its telemetry does not say. Times are ms since the epoch. */
export interface RunFacts {
  readonly run: string;
  readonly testnet: Testnet;
  readonly driver: string;
  readonly shaping: RunResult['shaping'];
  readonly shapingOk: boolean;
  readonly links: readonly LinkMeasurement[];
  /** Why the timings are not to be trusted; empty when they are. */
  readonly fidelityReasons: readonly string[];
  readonly seed: number;
  readonly version: string;
  readonly loadStartedAtMs: number;
  readonly loadEndedAtMs: number;
  readonly wallMs: number;
  readonly attacks: readonly AttackFacts[];
  readonly reportPath: string | null;
  /** Of a simulated run: of every event that reached a member. */
  readonly traceHash?: string;
  readonly cryptography?: RunResult['cryptography'];
  /** Seconds of one Argon2 evaluation at the network's parameters; measured here when absent. */
  readonly secondsPerAttempt?: number;
}

/** The result of a run, or of what there is of it so far. */
export async function score(store: TelemetryStore, facts: RunFacts): Promise<RunResult> {
  const { run, testnet } = facts;
  const fates = await ask(store, TRANSACTION_FATES, {
    run,
    need: finalityThreshold(testnet.protocol.k),
  });
  const violations = await ask(store, SAFETY_VIOLATIONS, { run });
  const detection = await readDetectionFacts(store, run);
  const transactions = transactionsOf(fates, violations.length);
  const peers = testnet.members.filter((member) => member.kind === 'peer');
  const result: Omit<RunResult, 'expectations'> = {
    run,
    testnet: testnet.name,
    driver: facts.driver,
    shaping: facts.shaping,
    shapingOk: facts.shapingOk,
    fidelity: { ok: facts.fidelityReasons.length === 0, reasons: facts.fidelityReasons },
    seed: facts.seed,
    honestControl: testnet.honestControl ?? false,
    version: facts.version,
    traceHash: facts.traceHash ?? null,
    cryptography: facts.cryptography ?? 'real',
    timeScale: testnet.protocol.timeScale,
    commitRule: testnet.protocol.commitRule,
    conflictRule: testnet.protocol.conflictRule,
    durationMs: Math.max(0, facts.loadEndedAtMs - facts.loadStartedAtMs),
    wallMs: facts.wallMs,
    peers: {
      honest: peers.filter((member) => member.adversary === undefined).length,
      adversarial: peers.filter((member) => member.adversary !== undefined).length,
      clients: testnet.members.length - peers.length,
      newcomers: peers.filter((member) => member.joinAtMs !== undefined).length,
    },
    transactions,
    finality: finalityOf(fates),
    messages: await messagesOf(store, facts, transactions.committed),
    views: await viewsOf(store, run),
    links: facts.links,
    attacks: await attacksOf(store, facts, detection),
    detection: detectionOf(detection, await observerRate(store, facts)),
    reportPath: facts.reportPath,
    telemetry: await telemetryOf(store, run),
  };
  const expectations = testnet.expect.map((text) => {
    const { value, ok } = evaluateExpectation(text, result);
    const isJudged = !result.honestControl || !isAboutAdversaries(text);
    return { expression: text, value, ok: isJudged ? ok : null };
  });
  return { ...result, expectations };
}

function transactionsOf(
  fates: readonly TransactionFate[],
  safetyViolations: number,
): RunResult['transactions'] {
  const count = (wanted: TransactionFate['class']): number =>
    fates.filter((fate) => fate.class === wanted).length;
  return {
    submitted: fates.length,
    committed: count('committed'),
    timedOut: count('timed-out'),
    conflicting: count('conflicting'),
    safetyViolations,
  };
}

function finalityOf(fates: readonly TransactionFate[]): RunResult['finality'] {
  const unreached = fates.filter((fate) => fate.class === 'committed' && fate.final_ms === null);
  const tooFewHonestKeepers = unreached.filter((fate) => fate.short_of_keepers).length;
  return {
    unit: 'ms',
    ...quantilesOf(fates.map((fate) => fate.final_ms)),
    atFirst: quantilesOf(fates.map((fate) => fate.first_ms)),
    atAll: quantilesOf(fates.map((fate) => fate.all_ms)),
    unreached: { tooFewHonestKeepers, notInTime: unreached.length - tooFewHonestKeepers },
  };
}

async function attacksOf(
  store: TelemetryStore,
  facts: RunFacts,
  detection: DetectionFacts,
): Promise<RunResult['attacks']> {
  const context = await attackContext(store, facts, detection);
  const judging = { run: facts.run, need: finalityThreshold(facts.testnet.protocol.k) };
  const results: RunResult['attacks'][number][] = [];
  for (const attack of facts.attacks) {
    results.push(attackResult(attack, await judgeSuccess(store, attack, judging), context));
  }
  return results;
}

async function attackContext(
  store: TelemetryStore,
  facts: RunFacts,
  detection: DetectionFacts,
): Promise<AttackContext> {
  const minting = await ask(store, MINTING, { run: facts.run });
  return {
    originMs: facts.loadStartedAtMs,
    facts: detection,
    attempts: new Map(minting.map(({ peer, attempts }) => [peer, attempts])),
    secondsPerAttempt: facts.secondsPerAttempt ?? evaluationSeconds(facts.testnet.protocol.pow),
  };
}

function windowOf(facts: RunFacts): { run: string; from: number; to: number; seconds: number } {
  const from = Math.floor(facts.loadStartedAtMs);
  const to = Math.ceil(facts.loadEndedAtMs);
  return { run: facts.run, from, to, seconds: (to - from) / 1000 };
}

async function messagesOf(
  store: TelemetryStore,
  facts: RunFacts,
  commits: number,
): Promise<RunResult['messages']> {
  const { seconds, ...window } = windowOf(facts);
  const types = await ask(store, MESSAGES_BY_TYPE, window);
  const senders = await ask(store, DATAGRAMS_BY_SENDER, window);
  const peerNames = new Set(
    facts.testnet.members.filter((member) => member.kind === 'peer').map((member) => member.name),
  );
  const ofPeers = senders.filter((sender) => peerNames.has(sender.peer));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const per = (amount: number, divisor: number): number | null =>
    senders.length === 0 || divisor <= 0 ? null : amount / divisor;
  return {
    perCommit: per(sum(senders.map((sender) => sender.messages)), commits),
    datagramsPerCommit: per(sum(senders.map((sender) => sender.datagrams)), commits),
    perPeerPerCommit: per(sum(ofPeers.map((sender) => sender.messages)), commits * peerNames.size),
    bytesPerPeerPerSecond: per(
      sum(ofPeers.map((sender) => sender.bytes)),
      seconds * peerNames.size,
    ),
    byType: Object.fromEntries(types.map(({ type, count, bytes }) => [type, { count, bytes }])),
  };
}

async function viewsOf(store: TelemetryStore, run: string): Promise<RunResult['views']> {
  const [views] = await ask(store, VIEW_OVERLAP, { run });
  const { n = 0, mean_overlap: meanOverlap = null, p10 = null } = views ?? {};
  return { n, meanOverlap, p10 };
}

/**
 * Questions per second that each honest client really put, from the answers it got: every question
 * goes to `askPeers` peers, so lost answers make it smaller than what the manifest asks for.
 */
async function observerRate(store: TelemetryStore, facts: RunFacts): Promise<number | null> {
  const { seconds, ...window } = windowOf(facts);
  const [row] = await ask(store, OBSERVER_ANSWERS, window);
  const questions = facts.testnet.load.askPeers * (row?.clients ?? 0) * seconds;
  return row === undefined || questions <= 0 ? null : row.answers / questions;
}

async function telemetryOf(store: TelemetryStore, run: string): Promise<RunResult['telemetry']> {
  const rows = await ask(store, TELEMETRY_ROWS, { run });
  const dropped = await ask(store, TELEMETRY_DROPPED, { run });
  return {
    rows: rows.reduce((total, table) => total + table.n, 0),
    dropped: dropped.reduce((total, peer) => total + peer.dropped, 0),
  };
}
