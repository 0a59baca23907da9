/**
 * Named queries that join the truth: who is honest, who is not. Only the analysis asks them, and
 * what they return never goes back into the network. Same form as lab/telemetry/queries.ts.
 */
import { asMs, type NamedQuery } from '../telemetry/queries.ts';

export const HONEST =
  "(SELECT member FROM truth.roles WHERE run = {run:String} AND adversary = '')";
export const ROLES = '(SELECT * FROM truth.roles WHERE run = {run:String})';

/**
 * One row per (tx, token, honest keeper): when it committed, whether it did, whether it saw a rival.
 * A keeper is who says of itself that it keeps the token (METRICS.md, "the honest neighbourhood").
 */
function honestKeepers(rows: string): string {
  return `SELECT tx, token, peer,
      minIf(${asMs('committed_at')}, outcome = 'committed' AND committed_at IS NOT NULL) AS at_ms,
      countIf(outcome = 'committed' AND committed_at IS NOT NULL) > 0 AS did,
      countIf(outcome = 'conflicting') > 0 AS saw_rival
    FROM lab.transactions ARRAY JOIN kept AS token
    WHERE ${rows} AND part = 'neighbour' AND peer IN ${HONEST}
    GROUP BY tx, token, peer`;
}

/** One row per submitted transaction, from the honest clients' own rows. */
function submittedOnes(rows: string): string {
  return `SELECT tx, ${asMs('min(submitted_at)')} AS submitted_ms,
      length(any(tokens)) AS token_count, groupUniqArray(outcome) AS outcomes
    FROM lab.transactions WHERE ${rows} AND part = 'client'
      AND submitted_at IS NOT NULL AND peer IN ${HONEST}
    GROUP BY tx`;
}

export interface TransactionFate {
  tx: string;
  submitted_ms: number;
  class: 'committed' | 'timed-out' | 'conflicting' | 'pending';
  first_ms: number | null;
  final_ms: number | null;
  all_ms: number | null;
  short_of_keepers: boolean;
}

/** `transaction_fates` from those rows of `lab.transactions` alone for which a condition holds. */
export function fatesOf(rows: string): string {
  return `WITH keepers AS (${honestKeepers(rows)}), submitted AS (${submittedOnes(rows)}),
    tokens AS (SELECT tx, token, arraySort(groupArrayIf(at_ms, did)) AS times, count() AS asked,
        max(saw_rival) AS rival
      FROM keepers GROUP BY tx, token),
    per_tx AS (SELECT tx, countIf(length(times) > 0) AS token_first,
        countIf(length(times) >= {need:UInt32}) AS token_final,
        countIf(length(times) = asked) AS token_all,
        min(asked) AS fewest, max(rival) AS rival,
        max(times[1]) AS first_at, max(times[{need:UInt32}]) AS final_at, max(times[-1]) AS all_at
      FROM tokens GROUP BY tx)
    SELECT s.tx AS tx, s.submitted_ms AS submitted_ms,
      multiIf(p.token_first = s.token_count AND s.token_count > 0, 'committed',
        p.rival = 1 OR has(s.outcomes, 'conflicting'), 'conflicting',
        has(s.outcomes, 'timed-out'), 'timed-out', 'pending') AS class,
      if(class = 'committed', p.first_at - s.submitted_ms, NULL) AS first_ms,
      if(class = 'committed' AND p.token_final = s.token_count,
        p.final_at - s.submitted_ms, NULL) AS final_ms,
      if(class = 'committed' AND p.token_all = s.token_count,
        p.all_at - s.submitted_ms, NULL) AS all_ms,
      class = 'committed' AND p.fewest < {need:UInt32} AS short_of_keepers
    FROM submitted AS s LEFT JOIN per_tx AS p ON p.tx = s.tx ORDER BY submitted_ms, tx`;
}

export const TRANSACTION_FATES: NamedQuery<TransactionFate> = {
  name: 'transaction_fates',
  meaning:
    'Every transaction that an honest client submitted, and its finality: from the submission at the ' +
    'client to the commit at ⌈2k/3⌉ honest keepers of its slowest token. `first`: every token committed ' +
    'by one honest keeper; `all`: by every honest keeper that reported the transaction. Null when not ' +
    'reached (also where fewer than ⌈2k/3⌉ keepers are honest, since a figure over a smaller majority ' +
    'would be another figure: `short_of_keepers`). Class: committed = by at least one honest keeper of ' +
    'every token; conflicting = not committed, and an honest keeper saw two transactions follow the same ' +
    'mapping; otherwise what the client saw; pending = it saw nothing yet. Slashing transactions are ' +
    'submitted by no client, so they are none of these. Times of clients and keepers are their own ' +
    'clocks’: a clock fault shows here.',
  columns: {
    tx: 'transaction',
    submitted_ms: 'submission, ms since the epoch',
    class: 'committed, timed-out, conflicting or pending',
    first_ms: 'ms to the first honest commit of its slowest token',
    final_ms: 'finality, ms',
    all_ms: 'ms to the last honest keeper of its slowest token',
    short_of_keepers:
      'committed, and one of its tokens has fewer than ⌈2k/3⌉ honest keepers that reported it',
  },
  sql: fatesOf('run = {run:String}'),
};

export const TRANSACTION_FATE: NamedQuery<TransactionFate> = {
  name: 'transaction_fate',
  meaning:
    '`transaction_fates` of one transaction (`tx`): none of one that no honest client submitted.',
  columns: TRANSACTION_FATES.columns,
  sql: `SELECT * FROM (${TRANSACTION_FATES.sql}) WHERE tx = {tx:String}`,
};

export const SAFETY_VIOLATIONS: NamedQuery<{
  token: string;
  previous: string;
  transactions: string[];
}> = {
  name: 'safety_violations',
  meaning:
    'Pairs (token, previous transaction) on which honest keepers or heirs committed two different ' +
    'transactions: the one thing that must never happen. Slashings, lapses and `synchronised` take no ' +
    'mapping from anybody (node/voting/lock.ts): they may stand beside what its owner signed. Nor do two ' +
    'that only destroy, as a witness token, what nobody ever owned: where two of three rounds are enough ' +
    '(node/ledger/rounds.ts) the third may have served another.',
  columns: { token: 'token', previous: 'mapping both follow', transactions: 'what was committed' },
  sql: `SELECT token, prev AS previous, arraySort(groupUniqArray(tx)) AS transactions
    FROM lab.transactions ARRAY JOIN tokens AS token, previous AS prev, owners AS owner
    WHERE run = {run:String} AND part IN ('neighbour', 'heir') AND outcome = 'committed'
      AND kind NOT IN ('slash', 'lapse', 'synchronised') AND peer IN ${HONEST}
    GROUP BY token, prev
    HAVING length(transactions) > 1 AND NOT (prev = repeat('0', 64) AND max(owner) = prev)
    ORDER BY token, previous`,
};

/** What honest majorities committed: among the honest keepers that reported a tx, more than half. */
const TRUE_MAPPINGS = `SELECT token, tx, any(owner) AS owner FROM (
      SELECT tx, token, peer, any(owners[indexOf(tokens, token)]) AS owner,
        countIf(outcome = 'committed') > 0 AS did
      FROM lab.transactions ARRAY JOIN kept AS token
      WHERE run = {run:String} AND part = 'neighbour' AND peer IN ${HONEST}
      GROUP BY tx, token, peer)
    GROUP BY token, tx HAVING countIf(did) * 2 > count()`;

/** What honest identities were heard to say; the word of a liar about what it heard is none. */
const HONESTLY_TOLD = `SELECT DISTINCT token, owner, tx FROM lab.statements
    WHERE run = {run:String} AND tx != '' AND peer IN ${HONEST}
      AND speaker IN (SELECT address FROM truth.roles WHERE run = {run:String} AND adversary = '')`;

export interface Lie {
  speaker: string;
  member: string;
  heard_by: string;
  heard_kind: string;
  token: string;
  at_ms: number;
  disagreed: boolean;
}

export const LIES: NamedQuery<Lie> = {
  name: 'lies',
  meaning:
    'Provably false statements: signed by an adversarial identity, received by an honest member, about ' +
    'a (token, owner, transaction) that no majority of that token’s honest keepers ever committed and ' +
    'no honest identity was heard to state. Stale mappings are no lies, nor is "unknown". The genesis ' +
    'mappings of identity tokens are committed by nobody: a statement about one is judged only where an ' +
    'honest identity was heard about the same token.',
  columns: {
    speaker: 'address that signed',
    member: 'its name',
    heard_by: 'honest member that received it',
    heard_kind: 'peer or client',
    token: 'token lied about',
    at_ms: 'when the honest member received it',
    disagreed: 'whether another answer to the same question differed',
  },
  sql: `WITH told AS (${HONESTLY_TOLD}),
    truths AS (SELECT token, owner, tx FROM (${TRUE_MAPPINGS}) UNION ALL SELECT * FROM told)
    SELECT s.speaker AS speaker, r.member AS member, s.peer AS heard_by, h.kind AS heard_kind,
      s.token AS token, ${asMs('least(ifNull(s.received_at, s.ts), s.ts)')} AS at_ms,
      s.disagreed AS disagreed
    FROM lab.statements AS s
    INNER JOIN ${ROLES} AS r ON r.address = s.speaker
    INNER JOIN ${ROLES} AS h ON h.member = s.peer
    WHERE s.run = {run:String} AND r.adversary != '' AND h.adversary = '' AND s.tx != ''
      AND (s.token, s.owner, s.tx) NOT IN (SELECT token, owner, tx FROM truths)
      AND (s.token IN (SELECT token FROM told)
        OR s.token NOT IN (SELECT address FROM truth.roles WHERE run = {run:String} AND kind = 'peer'))
    ORDER BY at_ms, speaker, heard_by`,
};

export interface Accusation {
  accused: string;
  member: string;
  adversary: string;
  by: string;
  how: string;
  at_ms: number;
}

export const DETECTIONS: NamedQuery<Accusation> = {
  name: 'detections',
  meaning:
    'Identities against which an honest member held verifiable evidence (`evidence:<rule>`: a package ' +
    'it assembled or verified) or that a detector of an honest member flagged (`flag:<layer>`); the ' +
    'first time for each accused, honest member and way.',
  columns: {
    accused: 'address',
    member: 'its name',
    adversary: "'' when the accused is honest",
    by: 'honest member',
    how: 'evidence:<rule> or flag:<layer>',
    at_ms: 'first time',
  },
  sql: `SELECT a.accused AS accused, r.member AS member, r.adversary AS adversary, a.by AS by,
      a.how AS how, a.at_ms AS at_ms
    FROM (SELECT accused, peer AS by, concat('evidence:', rule) AS how, min(${asMs('ts')}) AS at_ms
        FROM lab.evidence WHERE run = {run:String} AND event IN ('assembled', 'verified')
          AND peer IN ${HONEST} GROUP BY accused, peer, how
      UNION ALL SELECT accused, peer AS by, concat('flag:', layer) AS how, min(${asMs('ts')}) AS at_ms
        FROM lab.flags WHERE run = {run:String} AND peer IN ${HONEST}
        GROUP BY accused, peer, how) AS a
    INNER JOIN ${ROLES} AS r ON r.address = a.accused ORDER BY at_ms, accused, by`,
};

export interface LayerCost {
  layer: string;
  checks: number;
  messages: number;
  bytes: number;
  signatures: number;
}

export const LAYER_COSTS: NamedQuery<LayerCost> = {
  name: 'layer_costs',
  meaning:
    'What each detection layer cost the honest peers over the whole run, as they counted it ' +
    '(`lab.detectors`). Whom it flagged is in `detections` (`flag:<layer>`).',
  columns: {
    layer: 'commitment, cross-check, reputation, trust',
    checks: 'comparisons made',
    messages: 'questions and answers that would not have been without it',
    bytes: 'their bytes as messages',
    signatures: 'signatures verified for it alone',
  },
  sql: `SELECT layer, sum(checks) AS checks, sum(messages) AS messages, sum(bytes) AS bytes,
      sum(signatures) AS signatures
    FROM lab.detectors WHERE run = {run:String} AND peer IN ${HONEST}
    GROUP BY layer ORDER BY layer`,
};

export const SENTENCES: NamedQuery<Accusation> = {
  name: 'sentences',
  meaning:
    'What honest members did to identities: `banned` (excluded by this member), `executed` (the ' +
    'slashing vote was committed at this member); the first time for each accused, member and event. ' +
    'A ban of an honest identity is a false slash.',
  columns: {
    accused: 'address',
    member: 'its name',
    adversary: "'' when the accused is honest",
    by: 'honest member',
    how: 'banned or executed',
    at_ms: 'first time',
  },
  sql: `SELECT s.accused AS accused, r.member AS member, r.adversary AS adversary, s.peer AS by,
      s.event AS how, min(${asMs('s.ts')}) AS at_ms
    FROM lab.slashing AS s INNER JOIN ${ROLES} AS r ON r.address = s.accused
    WHERE s.run = {run:String} AND s.event IN ('banned', 'executed') AND s.peer IN ${HONEST}
    GROUP BY accused, member, adversary, by, how ORDER BY at_ms, accused, by`,
};

export const OBSERVER_ANSWERS: NamedQuery<{ clients: number; answers: number }> = {
  name: 'observer_answers',
  meaning:
    'Signed answers that honest clients received in the window, and how many clients there are.',
  columns: { clients: 'honest clients of the run', answers: 'statements received' },
  sql: `SELECT (SELECT count() FROM truth.roles WHERE run = {run:String} AND kind = 'client'
        AND adversary = '') AS clients,
      (SELECT count() FROM lab.statements WHERE run = {run:String}
        AND ifNull(received_at, ts) >= fromUnixTimestamp64Milli({from:Int64})
        AND ifNull(received_at, ts) < fromUnixTimestamp64Milli({to:Int64})
        AND peer IN (SELECT member FROM truth.roles WHERE run = {run:String} AND kind = 'client'
          AND adversary = '')) AS answers`,
};

export const LIVE_COUNTS: NamedQuery<{
  statements: number;
  evidence: number;
  banned: number;
  slashed: number;
}> = {
  name: 'live_counts',
  meaning:
    'What a person watches: statements received, distinct packages, identities banned, slashed.',
  columns: {
    statements: 'statements received by anyone',
    evidence: 'distinct evidence packages that honest members verified or assembled',
    banned: 'identities banned by at least one honest member',
    slashed: 'identities whose slashing vote was committed at an honest member',
  },
  sql: `SELECT (SELECT count() FROM lab.statements WHERE run = {run:String}) AS statements,
      (SELECT uniqExact(package) FROM lab.evidence WHERE run = {run:String}
        AND event IN ('assembled', 'verified') AND peer IN ${HONEST}) AS evidence,
      (SELECT uniqExactIf(accused, event = 'banned') FROM lab.slashing WHERE run = {run:String}
        AND peer IN ${HONEST}) AS banned,
      (SELECT uniqExactIf(accused, event = 'executed') FROM lab.slashing WHERE run = {run:String}
        AND peer IN ${HONEST}) AS slashed`,
};

/** A member as the lab knows it; only peers have an address. */
export interface MemberRole {
  member: string;
  group: string;
  kind: 'peer' | 'client';
  region: string;
  address: string;
  adversary: string;
  join_ms: number | null;
}

export const MEMBER_ROLES: NamedQuery<MemberRole> = {
  name: 'member_roles',
  meaning:
    'Who is who and where, in the order of addresses: what the map of the ring is drawn from.',
  columns: {
    member: 'its name',
    group: 'group of the manifest',
    kind: 'peer or client',
    region: 'region',
    address: "64 hex digits, '' while it has none",
    adversary: "'' when it is honest",
    join_ms: 'when it was told of the network, ms after the load started; null: from the start',
  },
  sql: `SELECT member, group, kind, region, address, adversary, join_at_ms AS join_ms
    FROM truth.roles WHERE run = {run:String} ORDER BY address, member`,
};

export const TRUTH_QUERIES = [
  TRANSACTION_FATES,
  TRANSACTION_FATE,
  SAFETY_VIOLATIONS,
  LIES,
  DETECTIONS,
  LAYER_COSTS,
  SENTENCES,
  OBSERVER_ANSWERS,
  LIVE_COUNTS,
  MEMBER_ROLES,
] as const;

/** ⌈2k/3⌉: the parameter `need` of `transaction_fates`. */
export function finalityThreshold(k: number): number {
  return Math.ceil((2 * k) / 3);
}
