/**
 * The figures of a run's result (result.ts) as named queries, for who has a ClickHouse and no lab
 * at hand: dashboards. Each is made of the queries that the result is made of; a test holds them equal
 * to the result of the same run (test/dashboards). Form and parameters as in queries.ts.
 */
import { DATAGRAMS_BY_SENDER, type NamedQuery } from '../telemetry/queries.ts';
import { ATTACK_SPANS } from '../telemetry/series.ts';
import { ROLES, SAFETY_VIOLATIONS, TRANSACTION_FATES } from './queries.ts';
import { quantileOf, SLASHING_STEPS, STEPS } from './series.ts';

export const TRANSACTION_FIGURES: NamedQuery<{
  submitted: number;
  committed: number;
  timed_out: number;
  conflicting: number;
  safety_violations: number;
  n: number;
  p50: number | null;
  p90: number | null;
  p99: number | null;
  max: number | null;
  too_few_honest_keepers: number;
  not_in_time: number;
}> = {
  name: 'transaction_figures',
  meaning:
    '`transactions` and `finality` of the result: what became of the transactions of honest clients, ' +
    'and how long those took that reached finality.',
  columns: {
    submitted: 'submitted',
    committed: 'committed by an honest keeper of every token',
    timed_out: 'given up by their clients',
    conflicting: 'not committed, beside a rival',
    safety_violations: 'rows of `safety_violations`: must be 0',
    n: 'reached finality',
    p50: 'median finality, ms',
    p90: '90 % took no longer, ms',
    p99: '99 % took no longer, ms',
    max: 'slowest, ms',
    too_few_honest_keepers: 'committed, and finality can’t be had for want of honest keepers',
    not_in_time: 'committed, and final at too few keepers before the end',
  },
  sql: `SELECT count() AS submitted, countIf(class = 'committed') AS committed,
      countIf(class = 'timed-out') AS timed_out, countIf(class = 'conflicting') AS conflicting,
      (SELECT count() FROM (${SAFETY_VIOLATIONS.sql})) AS safety_violations,
      countIf(final_ms IS NOT NULL) AS n, ${quantileOf(0.5, 'final_ms')} AS p50,
      ${quantileOf(0.9, 'final_ms')} AS p90, ${quantileOf(0.99, 'final_ms')} AS p99,
      ${quantileOf(1, 'final_ms')} AS max,
      countIf(class = 'committed' AND final_ms IS NULL AND short_of_keepers)
        AS too_few_honest_keepers,
      countIf(class = 'committed' AND final_ms IS NULL AND NOT short_of_keepers) AS not_in_time
    FROM (${TRANSACTION_FATES.sql})`,
};

export const MESSAGE_FIGURES: NamedQuery<{
  per_commit: number | null;
  datagrams_per_commit: number | null;
  per_peer_per_commit: number | null;
  bytes_per_peer_per_second: number | null;
}> = {
  name: 'message_figures',
  meaning:
    '`messages` of the result: what members sent while load was on (`from` to `to`), per transaction ' +
    'committed. Everything the network says counts, so a quiet network pays more per commit.',
  columns: {
    per_commit: 'messages of all members over commits',
    datagrams_per_commit: 'datagrams of all members over commits',
    per_peer_per_commit: 'messages of peers over peers and commits',
    bytes_per_peer_per_second: 'UDP payload of peers over peers and seconds',
  },
  sql: `WITH (SELECT countIf(class = 'committed') FROM (${TRANSACTION_FATES.sql})) AS commits,
      (SELECT groupArray(member) FROM ${ROLES} WHERE kind = 'peer') AS peers,
      ({to:Int64} - {from:Int64}) / 1000 AS seconds
    SELECT if(count() = 0 OR commits = 0, NULL, sum(messages) / commits) AS per_commit,
      if(count() = 0 OR commits = 0, NULL, sum(datagrams) / commits) AS datagrams_per_commit,
      if(count() = 0 OR commits * length(peers) = 0, NULL,
        sumIf(messages, has(peers, peer)) / (commits * length(peers))) AS per_peer_per_commit,
      if(count() = 0 OR seconds * length(peers) <= 0, NULL,
        sumIf(bytes, has(peers, peer)) / (seconds * length(peers))) AS bytes_per_peer_per_second
    FROM (${DATAGRAMS_BY_SENDER.sql})`,
};

export const DETECTION_FIGURES: NamedQuery<{
  offenders: number;
  true_positives: number;
  false_negatives: number;
  false_positives: number;
  false_slashes: number;
  rate: number | null;
}> = {
  name: 'detection_figures',
  meaning:
    '`detection` of the result: identities that lied, were caught, or were wronged, by their ' +
    '`slashing_steps`.',
  columns: {
    offenders: 'adversaries that lied, or against which there was evidence',
    true_positives: 'offenders found by evidence or a flag',
    false_negatives: 'offenders that were not',
    false_positives: 'honest identities flagged, convicted, banned or slashed',
    false_slashes: 'honest identities banned or slashed',
    rate: 'true positives over offenders, null without any',
  },
  sql: `SELECT countIf(guilty) AS offenders, countIf(guilty AND found) AS true_positives,
      countIf(guilty AND NOT found) AS false_negatives,
      countIf(honest AND (found OR punished)) AS false_positives,
      countIf(honest AND punished) AS false_slashes,
      if(offenders = 0, NULL, true_positives / offenders) AS rate
    FROM (SELECT adversary = '' AS honest,
        NOT honest AND (lies > 0 OR first_evidence_ms IS NOT NULL) AS guilty,
        first_evidence_ms IS NOT NULL OR first_flag_ms IS NOT NULL AS found,
        banned_ms IS NOT NULL OR slashed_ms IS NOT NULL AS punished
      FROM (${SLASHING_STEPS.sql}))`,
};

/** One row per attack and member of it that lied in it or was convicted: `cases` of the result. */
const CASES = `SELECT a.attack_id AS attack_id, e.accused AS accused,
      if(countIf(e.step = 'lie' AND e.moment_ms >= a.from_ms) = 0, NULL,
        minIf(e.moment_ms, e.step = 'lie' AND e.moment_ms >= a.from_ms)) AS lied,
      if(countIf(e.step IN ('flag', 'evidence')) = 0, NULL,
        minIf(e.moment_ms, e.step IN ('flag', 'evidence'))) AS found,
      if(countIf(e.step = 'banned') = 0, NULL, minIf(e.moment_ms, e.step = 'banned')) AS banned,
      if(countIf(e.step = 'executed') = 0, NULL, minIf(e.moment_ms, e.step = 'executed')) AS slashed
    FROM (${STEPS}) AS e INNER JOIN ${ROLES} AS r ON r.address = e.accused
    INNER JOIN (SELECT attack_id, from_ms, arrayJoin(members) AS member FROM (${ATTACK_SPANS.sql})) AS a
      ON a.member = r.member
    GROUP BY attack_id, accused
    HAVING lied IS NOT NULL OR (any(r.adversary) != '' AND countIf(e.step = 'evidence') > 0)`;

function sinceLie(column: string): string {
  return quantileOf(0.5, `if(${column} >= lied, ${column} - lied, NULL)`);
}

export const ATTACK_FIGURES: NamedQuery<{
  attack_id: string;
  name: string;
  strike_ms: number;
  adversaries: number;
  offenders: number;
  detected: number;
  slashed: number;
  first_detected_ms: number | null;
  time_to_detect_ms: number | null;
  time_to_ban_ms: number | null;
  time_to_slash_ms: number | null;
}> = {
  name: 'attack_figures',
  meaning:
    '`attacks` of the result: of each attack its offenders, how many were caught and slashed, and ' +
    'the medians over them of the time from the first lie that an honest member received.',
  columns: {
    attack_id: 'attack',
    name: 'adversary',
    strike_ms: 'when it was ordered, ms since the epoch',
    adversaries: 'members that take part',
    offenders: 'of those, who lied or was convicted',
    detected: 'offenders with evidence or a flag against them',
    slashed: 'offenders slashed by vote',
    first_detected_ms: 'first detection, ms since the epoch',
    time_to_detect_ms: 'median from the first lie to the first evidence or flag, ms',
    time_to_ban_ms: 'median from the first lie to the first ban, ms',
    time_to_slash_ms: 'median from the first lie to the committed slashing vote, ms',
  },
  sql: `SELECT s.attack_id AS attack_id, any(s.name) AS name, any(s.from_ms) AS strike_ms,
      any(length(s.members)) AS adversaries, countIf(c.accused != '') AS offenders,
      countIf(c.found IS NOT NULL) AS detected, countIf(c.slashed IS NOT NULL) AS slashed,
      min(c.found) AS first_detected_ms, ${sinceLie('c.found')} AS time_to_detect_ms,
      ${sinceLie('c.banned')} AS time_to_ban_ms, ${sinceLie('c.slashed')} AS time_to_slash_ms
    FROM (${ATTACK_SPANS.sql}) AS s LEFT JOIN (${CASES}) AS c ON c.attack_id = s.attack_id
    GROUP BY attack_id ORDER BY strike_ms, attack_id`,
};

export const TRUTH_FIGURES = [
  TRANSACTION_FIGURES,
  MESSAGE_FIGURES,
  DETECTION_FIGURES,
  ATTACK_FIGURES,
] as const;
