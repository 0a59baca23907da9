/**
 * Named queries over time that join the truth, and the way of each offence. Form and parameters as
 * in lab/telemetry/series.ts; those about finality take `need` too (queries.ts).
 */
import { asMs, type NamedQuery } from '../telemetry/queries.ts';
import { inSteps, stepOf } from '../telemetry/series.ts';
import { DETECTIONS, fatesOf, HONEST, LIES, ROLES } from './queries.ts';

const STEP_BEGINS = 'begin of the step, ms since the epoch';

/**
 * Quantile of type 7 of a nullable column, as `quantilesOf` in statistics.ts: nulls don't count, null
 * of nothing, µs are what the clock gives.
 */
export function quantileOf(level: number, column: string): string {
  return `round(quantileExactInclusive(${level})(${column}), 3)`;
}

const OF_RUN = 'run = {run:String}';

/**
 * A window is asked for again and again while a run goes on for months: its fates come of rows since
 * its begin alone. Ten minutes before, for clocks that are off, and for what was committed late.
 */
const SINCE_WINDOW = `${OF_RUN} AND ts >= fromUnixTimestamp64Milli({from:Int64} - 600000)`;

/** Fates with the region of the client that submitted the transaction first. */
function regionalFates(rows: string): string {
  return `SELECT f.*, c.region AS region FROM (${fatesOf(rows)}) AS f
    INNER JOIN (SELECT t.tx AS tx,
        argMin(toString(r.region), assumeNotNull(t.submitted_at)) AS region
      FROM (SELECT tx, peer, submitted_at FROM lab.transactions WHERE ${rows}
        AND part = 'client' AND submitted_at IS NOT NULL) AS t
      INNER JOIN ${ROLES} AS r ON r.member = t.peer
      WHERE r.adversary = '' GROUP BY t.tx) AS c ON c.tx = f.tx`;
}

function inWindow(ms: string): string {
  return `${ms} >= {from:Int64} AND ${ms} < {to:Int64}`;
}

export interface FinalityPoint {
  at_ms: number;
  n: number;
  p50: number | null;
  p99: number | null;
}

const FINALITY_COLUMNS = {
  at_ms: STEP_BEGINS,
  n: 'transactions that reached finality',
  p50: 'median, ms',
  p99: '99 % took no longer, ms',
} as const;

const FINALITY_OF_STEP = `countIf(final_ms IS NOT NULL) AS n,
      ${quantileOf(0.5, 'final_ms')} AS p50, ${quantileOf(0.99, 'final_ms')} AS p99`;

export const FINALITY_OVER_TIME: NamedQuery<FinalityPoint> = {
  name: 'finality_over_time',
  meaning:
    'Finality (`final_ms` of `transaction_fates`) of the transactions submitted in each step.',
  columns: FINALITY_COLUMNS,
  sql: `SELECT ${stepOf('submitted_ms')} AS at_ms, ${FINALITY_OF_STEP}
    FROM (${fatesOf(SINCE_WINDOW)}) WHERE ${inWindow('submitted_ms')}
    GROUP BY at_ms ${inSteps()}`,
};

export const FINALITY_OVER_TIME_BY_REGION: NamedQuery<FinalityPoint & { region: string }> = {
  name: 'finality_over_time_by_region',
  meaning: '`finality_over_time`, by the region of the client that submitted the transaction.',
  columns: { ...FINALITY_COLUMNS, region: 'region of the client' },
  sql: `SELECT ${stepOf('submitted_ms')} AS at_ms, region, ${FINALITY_OF_STEP}
    FROM (${regionalFates(SINCE_WINDOW)}) WHERE ${inWindow('submitted_ms')}
    GROUP BY at_ms, region ${inSteps('region')}`,
};

export const FINALITY_BY_REGION: NamedQuery<{
  region: string;
  submitted: number;
  n: number;
  p50: number | null;
  p90: number | null;
  p99: number | null;
  max: number | null;
}> = {
  name: 'finality_by_region',
  meaning:
    'Finality over the whole run, by the region of the client that submitted the transaction.',
  columns: {
    region: 'region of the client',
    submitted: 'transactions submitted from it',
    n: 'those that reached finality',
    p50: 'median, ms',
    p90: '90 % took no longer, ms',
    p99: '99 % took no longer, ms',
    max: 'slowest, ms',
  },
  sql: `SELECT region, count() AS submitted, countIf(final_ms IS NOT NULL) AS n,
      ${quantileOf(0.5, 'final_ms')} AS p50, ${quantileOf(0.9, 'final_ms')} AS p90,
      ${quantileOf(0.99, 'final_ms')} AS p99, ${quantileOf(1, 'final_ms')} AS max
    FROM (${regionalFates(OF_RUN)}) GROUP BY region ORDER BY region`,
};

export const THROUGHPUT_OVER_TIME: NamedQuery<{
  at_ms: number;
  submitted: number;
  committed: number;
}> = {
  name: 'throughput_over_time',
  meaning:
    'Transactions of honest clients, of `transaction_fates`: submitted in each step, and committed in ' +
    'it (`first_ms` after the submission: by one honest keeper of every token).',
  columns: { at_ms: STEP_BEGINS, submitted: 'submitted', committed: 'committed' },
  sql: `SELECT ${stepOf('moment_ms')} AS at_ms, countIf(what = 'submitted') AS submitted,
      countIf(what = 'committed') AS committed
    FROM (SELECT arrayJoin(arrayConcat([('submitted', submitted_ms)], if(class = 'committed',
          [('committed', submitted_ms + assumeNotNull(first_ms))], []))) AS moment,
        moment.1 AS what, moment.2 AS moment_ms FROM (${fatesOf(SINCE_WINDOW)}))
    WHERE ${inWindow('moment_ms')} GROUP BY at_ms ${inSteps()}`,
};

/** First time of each thing that happened to an identity or a package, as honest members saw it. */
const HAPPENED = `SELECT 'flag' AS what, at_ms AS moment_ms FROM (${DETECTIONS.sql})
      WHERE startsWith(how, 'flag:')
    UNION ALL SELECT 'evidence', min(${asMs('ts')}) FROM lab.evidence
      WHERE run = {run:String} AND event IN ('assembled', 'verified') AND peer IN ${HONEST}
      GROUP BY package
    UNION ALL SELECT event, min(${asMs('ts')}) FROM lab.slashing
      WHERE run = {run:String} AND event IN ('banned', 'executed') AND peer IN ${HONEST}
      GROUP BY event, accused`;

export const DETECTION_OVER_TIME: NamedQuery<{
  at_ms: number;
  flags: number;
  evidence: number;
  bans: number;
  slashings: number;
}> = {
  name: 'detection_over_time',
  meaning:
    'What honest members found and did in each step, each thing when it was first seen: flags (once ' +
    'for each accused, member and layer), distinct packages of evidence, identities banned, identities ' +
    'slashed by vote. Over the whole run the last three add up to `live_counts`.',
  columns: {
    at_ms: STEP_BEGINS,
    flags: 'flags raised',
    evidence: 'packages first held',
    bans: 'identities first banned',
    slashings: 'identities first slashed by a committed vote',
  },
  sql: `SELECT ${stepOf('moment_ms')} AS at_ms, countIf(what = 'flag') AS flags,
      countIf(what = 'evidence') AS evidence, countIf(what = 'banned') AS bans,
      countIf(what = 'executed') AS slashings
    FROM (${HAPPENED}) WHERE ${inWindow('moment_ms')} GROUP BY at_ms ${inSteps()}`,
};

export interface SlashingSteps {
  accused: string;
  member: string;
  adversary: string;
  lies: number;
  strike_ms: number | null;
  first_lie_ms: number | null;
  first_flag_ms: number | null;
  first_evidence_ms: number | null;
  proposed_ms: number | null;
  banned_ms: number | null;
  slashed_ms: number | null;
}

/** Every step of every identity's way, as honest members saw it. */
export const STEPS = `SELECT speaker AS accused, 'lie' AS step, at_ms AS moment_ms FROM (${LIES.sql})
    UNION ALL SELECT accused, if(startsWith(how, 'flag:'), 'flag', 'evidence'), at_ms
      FROM (${DETECTIONS.sql})
    UNION ALL SELECT accused, event, ${asMs('ts')} FROM lab.slashing
      WHERE run = {run:String} AND event IN ('proposed', 'banned', 'executed') AND peer IN ${HONEST}`;

const STRIKES = `SELECT member, min(${asMs('ts')}) AS at_ms
    FROM lab.attacks ARRAY JOIN members AS member
    WHERE run = {run:String} AND state = 'running' GROUP BY member`;

function firstOf(step: string): string {
  return `if(countIf(e.step = '${step}') = 0, NULL, minIf(e.moment_ms, e.step = '${step}'))`;
}

export const SLASHING_STEPS: NamedQuery<SlashingSteps> = {
  name: 'slashing_steps',
  meaning:
    'The way of every identity that lied, was accused or was punished, as honest members saw it: the ' +
    'order to strike, its first lie (`lies`), the first flag and evidence against it (`detections`), the ' +
    'first proposal to slash it, the first ban, the first committed slashing vote. Null: did not ' +
    'happen. An offender is an adversary that lied or against which there was evidence.',
  columns: {
    accused: 'address',
    member: 'its name',
    adversary: "'' when it is honest",
    lies: 'lies received by honest members',
    strike_ms: 'first order to attack, ms since the epoch',
    first_lie_ms: 'first lie received',
    first_flag_ms: 'first flag of a detector',
    first_evidence_ms: 'first verified evidence',
    proposed_ms: 'first proposal to slash it',
    banned_ms: 'first ban',
    slashed_ms: 'first committed slashing vote',
  },
  sql: `SELECT e.accused AS accused, any(r.member) AS member, any(r.adversary) AS adversary,
      countIf(e.step = 'lie') AS lies, nullIf(any(a.at_ms), 0) AS strike_ms,
      ${firstOf('lie')} AS first_lie_ms, ${firstOf('flag')} AS first_flag_ms,
      ${firstOf('evidence')} AS first_evidence_ms, ${firstOf('proposed')} AS proposed_ms,
      ${firstOf('banned')} AS banned_ms, ${firstOf('executed')} AS slashed_ms
    FROM (${STEPS}) AS e INNER JOIN ${ROLES} AS r ON r.address = e.accused
    LEFT JOIN (${STRIKES}) AS a ON a.member = r.member
    GROUP BY accused ORDER BY least(ifNull(first_lie_ms, inf), ifNull(first_evidence_ms, inf),
      ifNull(first_flag_ms, inf), ifNull(banned_ms, inf)), accused`,
};

export const DETECTION_BY_WAY: NamedQuery<{
  how: string;
  true_positives: number;
  false_positives: number;
  members: number;
  first_ms: number;
}> = {
  name: 'detection_by_way',
  meaning:
    '`detections` by what found them: distinct identities against which honest members held evidence ' +
    'of that rule, or that their detector of that layer flagged.',
  columns: {
    how: 'evidence:<rule> or flag:<layer>',
    true_positives: 'adversarial identities',
    false_positives: 'honest identities',
    members: 'honest members that found one',
    first_ms: 'first time, ms since the epoch',
  },
  sql: `SELECT how, uniqExactIf(accused, adversary != '') AS true_positives,
      uniqExactIf(accused, adversary = '') AS false_positives, uniqExact(by) AS members,
      min(at_ms) AS first_ms
    FROM (${DETECTIONS.sql}) GROUP BY how ORDER BY true_positives DESC, how`,
};

export const EVIDENCE_PACKAGES: NamedQuery<{
  package: string;
  member: string;
  adversary: string;
  rule: string;
  holders: number;
  bytes: number;
  at_ms: number;
}> = {
  name: 'evidence_packages',
  meaning:
    'Every package of evidence that an honest member assembled or verified, in the order of time.',
  columns: {
    package: 'its id',
    member: 'name of the accused',
    adversary: "'' when the accused is honest",
    rule: 'rule that it proves broken',
    holders: 'honest members that held it',
    bytes: 'its size',
    at_ms: 'when the first of them did, ms since the epoch',
  },
  sql: `SELECT e.package AS package, any(r.member) AS member, any(r.adversary) AS adversary,
      any(toString(e.rule)) AS rule, uniqExact(e.peer) AS holders, max(e.bytes) AS bytes,
      min(${asMs('e.ts')}) AS at_ms
    FROM lab.evidence AS e INNER JOIN ${ROLES} AS r ON r.address = e.accused
    WHERE e.run = {run:String} AND e.event IN ('assembled', 'verified') AND e.peer IN ${HONEST}
    GROUP BY package ORDER BY at_ms, package`,
};

export const TRUTH_SERIES = [
  FINALITY_OVER_TIME,
  FINALITY_OVER_TIME_BY_REGION,
  FINALITY_BY_REGION,
  THROUGHPUT_OVER_TIME,
  DETECTION_OVER_TIME,
  SLASHING_STEPS,
  DETECTION_BY_WAY,
  EVIDENCE_PACKAGES,
] as const;
