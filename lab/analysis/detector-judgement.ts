/**
 * Network-level detectors held against the truth. They were run without it (lab/detectors/); here their
 * scores meet who was who. A threshold is chosen on training runs and judged on others, and no
 * detection rate is told without the rate of false positives.
 */
import { runDetectors } from '../detectors/detect.ts';
import {
  DETECTORS,
  type DetectorCost,
  type DetectorName,
  type DetectorReport,
  firstAbove,
  OF_NEWCOMERS,
  type Score,
} from '../detectors/report.ts';
import { ask, asMs, type NamedQuery } from '../telemetry/queries.ts';
import type { TelemetryStore } from '../telemetry/store.ts';
import { type Area, areaUnder, chooseThreshold, type Rates, ratesAt } from './roc.ts';
import type { RocPoint, ScoredCase } from './roc.ts';
import { rocCurve } from './roc.ts';
import { type Duration, kaplanMeier, type Survival } from './survival.ts';

/** A run as the detectors saw it, and who was who in it. Times are ms since the epoch. */
export interface JudgedRun {
  readonly run: string;
  readonly report: DetectorReport;
  /** All peers, by address: whether it is an adversary's. */
  readonly guilty: ReadonlyMap<string, boolean>;
  /** Those of them that the genesis does not name. */
  readonly newcomers: readonly string[];
  /** When the first attack was started; the first row where there was none. */
  readonly originMs: number;
  readonly endMs: number;
}

/** One detector over many runs. */
export interface JudgedDetector {
  readonly detector: DetectorName;
  /** Of the test runs. */
  readonly area: Area | null;
  readonly curve: readonly RocPoint[];
  /** On the runs on which the threshold was chosen; null without such runs. */
  readonly training: Rates | null;
  /** On the others, at that threshold. */
  readonly test: Rates | null;
  /**
   * From the start of the attack until the score of a guilty identity was above the threshold, 0 for one
   * that was suspected before; who never was is censored at its run's end. Null without a threshold.
   */
  readonly timeToDetection: Survival | null;
  /** Sums over the test runs. */
  readonly cost: Omit<DetectorCost, 'detector'>;
}

export const IDENTITY_ROLES: NamedQuery<{
  address: string;
  adversary: string;
  joined: boolean;
}> = {
  name: 'identity_roles',
  meaning: 'Whose identity each is, to judge detectors by.',
  columns: {
    address: 'identity',
    adversary: "'' when it is honest",
    joined: 'it came while load was on',
  },
  sql: `SELECT address, adversary, join_at_ms IS NOT NULL AS joined FROM truth.roles
    WHERE run = {run:String} AND kind = 'peer' AND address != '' ORDER BY address`,
};

export const RUN_SPAN: NamedQuery<{ origin_ms: number; end_ms: number }> = {
  name: 'run_span',
  meaning: 'The time over which detectors are judged.',
  columns: {
    origin_ms: 'when the first attack was started, or the first member where there was none',
    end_ms: 'when the last statement was heard, or the last transaction told',
  },
  sql: `SELECT if(attacks.n > 0, attacks.first_ms, started.first_ms) AS origin_ms,
      greatest(started.last_ms, told.last_ms) AS end_ms
    FROM (SELECT count() AS n, min(${asMs('ts')}) AS first_ms FROM lab.attacks
        WHERE run = {run:String}) AS attacks,
      (SELECT min(${asMs('ts')}) AS first_ms, max(${asMs('ts')}) AS last_ms FROM lab.peers
        WHERE run = {run:String}) AS started,
      (SELECT max(${asMs('ts')}) AS last_ms FROM lab.statements WHERE run = {run:String}) AS told`,
};

export const JUDGEMENT_QUERIES = [IDENTITY_ROLES, RUN_SPAN] as const;

/** Runs the detectors over a stored run, then looks who was who. */
export async function judgedRun(store: TelemetryStore, run: string): Promise<JudgedRun> {
  const report = await runDetectors(store, run);
  const roles = await ask(store, IDENTITY_ROLES, { run });
  const [span] = await ask(store, RUN_SPAN, { run });
  return {
    run,
    report,
    guilty: new Map(roles.map(({ address, adversary }) => [address, adversary !== ''])),
    newcomers: roles.flatMap(({ address, joined }) => (joined ? [address] : [])),
    originMs: span?.origin_ms ?? 0,
    endMs: span?.end_ms ?? 0,
  };
}

/**
 * Every detector judged on `test`, at a threshold that flags at most this share of the honest
 * identities of `training`. Honest controls belong into both: most of their identities are innocent.
 */
export function judgeDetectors(
  training: readonly JudgedRun[],
  test: readonly JudgedRun[],
  maxFalsePositiveRate: number,
): readonly JudgedDetector[] {
  return DETECTORS.map((detector) => {
    const learnt = training.flatMap((run) => casesOf(run, detector));
    const cases = test.flatMap((run) => casesOf(run, detector));
    const threshold = chooseThreshold(learnt, maxFalsePositiveRate);
    const at = (those: readonly ScoredCase[]): Rates | null =>
      threshold === null ? null : ratesAt(those, threshold);
    return {
      detector,
      area: areaUnder(cases),
      curve: rocCurve(cases),
      training: at(learnt),
      test: at(cases),
      timeToDetection:
        threshold === null
          ? null
          : kaplanMeier(test.flatMap((run) => durationsOf(run, detector, threshold))),
      cost: costOf(test, detector),
    };
  });
}

/**
 * Every peer of the run that the detector looks at; whom it saw nothing of has score 0. Founders are no
 * cases of detectors of newcomers: they would be innocents that nobody can mistake.
 */
export function casesOf(judged: JudgedRun, detector: DetectorName): ScoredCase[] {
  const scores = scoresOf(judged.report, detector);
  return subjectsOf(judged, detector).map(([address, guilty]) => ({
    score: scores.get(address)?.score ?? 0,
    guilty,
    cluster: judged.run,
  }));
}

function subjectsOf(
  { guilty, newcomers }: JudgedRun,
  detector: DetectorName,
): (readonly [address: string, isGuilty: boolean])[] {
  if (!OF_NEWCOMERS.has(detector)) return [...guilty];
  const came = new Set(newcomers);
  return [...guilty].filter(([address]) => came.has(address));
}

function durationsOf(judged: JudgedRun, detector: DetectorName, threshold: number): Duration[] {
  const { report, originMs, endMs } = judged;
  const scores = scoresOf(report, detector);
  return subjectsOf(judged, detector).flatMap(([address, isGuilty]) => {
    if (!isGuilty) return [];
    const score = scores.get(address);
    const atMs = score === undefined ? null : firstAbove(score, threshold);
    const timeMs = Math.max(0, (atMs ?? endMs) - originMs);
    return [{ timeMs, observed: atMs !== null }];
  });
}

function scoresOf(report: DetectorReport, detector: DetectorName): ReadonlyMap<string, Score> {
  const own = report.scores.filter((score) => score.detector === detector);
  return new Map(own.map((score) => [score.subject, score]));
}

function costOf(runs: readonly JudgedRun[], detector: DetectorName): JudgedDetector['cost'] {
  const total = { looks: 0, ms: 0, comparisons: 0, subjects: 0 };
  for (const cost of runs.flatMap(({ report }) => report.costs)) {
    if (cost.detector !== detector) continue;
    total.looks += cost.looks;
    total.ms += cost.ms;
    total.comparisons += cost.comparisons;
    total.subjects += cost.subjects;
  }
  return total;
}
