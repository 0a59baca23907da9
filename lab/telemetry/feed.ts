/**
 * Named queries for whoever watches a run and looks closer at one thing in it; no truth. Form and
 * parameters as in queries.ts; `rows` bounds what comes back, of each kind.
 */
import { asMs, type NamedQuery } from './queries.ts';

const SINCE = 'run = {run:String} AND ts >= fromUnixTimestamp64Milli({from:Int64})';
const NEWEST = 'ORDER BY at_ms DESC LIMIT {rows:UInt32}';

/** What one row of the feed tells; the rest of the columns are `at_ms`, `peer`, `about`, `detail`. */
export type FeedWhat =
  | 'commit'
  | 'conflict'
  | 'statement'
  | 'evidence'
  | 'flag'
  | 'ban'
  | 'slash'
  | 'note'
  | 'phase';

export interface FeedRow {
  what: FeedWhat;
  key: string;
  at_ms: number;
  peer: string;
  subject: string;
  about: string;
  detail: string;
}

/** First reports, of the whole run: what was known before is no news. */
function firsts(what: string, key: string, table: string, where: string, detail: string): string {
  return `SELECT ${what} AS what, ${key} AS key, min(${asMs('ts')}) AS at_ms,
      toString(argMin(peer, ts)) AS peer, ${table === 'evidence' ? 'package' : 'toString(accused)'} AS subject,
      toString(any(accused)) AS about, ${detail} AS detail
    FROM lab.${table} WHERE run = {run:String} AND ${where} GROUP BY run, ${groupOf(table)}
    HAVING at_ms >= {from:Int64} ${NEWEST}`;
}

function groupOf(table: string): string {
  if (table === 'evidence') return 'package';
  return table === 'flags' ? 'accused, layer' : 'accused, event';
}

const OWN_FATES = `SELECT if(outcome = 'committed', 'commit', 'conflict') AS what,
      concat('fate:', tx, ':', outcome) AS key, ${asMs('ts')} AS at_ms, toString(peer) AS peer,
      tx AS subject, '' AS about, concat(kind, if(value_class = 'high', ' of high value', ''), ' of ',
        toString(length(tokens)), if(length(tokens) = 1, ' token ', ' tokens '), outcome,
        if(committed_at IS NULL OR submitted_at IS NULL, '', concat(' after ', toString(
          dateDiff('millisecond', assumeNotNull(submitted_at), assumeNotNull(committed_at))), ' ms'))) AS detail
    FROM lab.transactions WHERE ${SINCE} AND part = 'client' AND outcome != 'submitted' ${NEWEST}`;

const RIVALS = `SELECT 'conflict' AS what, concat('rival:', tx, ':', o) AS key,
      min(${asMs('ts')}) AS at_ms, toString(argMin(peer, ts)) AS peer, tx AS subject, '' AS about,
      if(o = 'frozen', 'frozen beside a rival: neither passed', 'a rival follows the same mapping') AS detail
    FROM (SELECT *, toString(outcome) AS o FROM lab.transactions WHERE ${SINCE}
      AND part = 'neighbour' AND outcome IN ('conflicting', 'frozen')) GROUP BY tx, o ${NEWEST}`;

const DISAGREEING = `SELECT 'statement' AS what, concat('statement:', statement, ':', peer) AS key,
      ${asMs('ts')} AS at_ms, toString(peer) AS peer, token AS subject, toString(speaker) AS about,
      if(tx = '', 'knew no owner, and others did', 'was told another owner than by others') AS detail
    FROM lab.statements WHERE ${SINCE} AND disagreed ${NEWEST}`;

const PHASES = `SELECT 'phase' AS what, concat('phase:', peer, ':', event, ':', toString(ts)) AS key,
      ${asMs('ts')} AS at_ms, toString(peer) AS peer, address AS subject, '' AS about,
      toString(event) AS detail
    FROM lab.peers WHERE ${SINCE} AND event NOT IN ('started', 'meshed') ${NEWEST}`;

const ASIDES = `SELECT 'note' AS what, concat('aside:', peer, ':', event, ':', toString(ts)) AS key,
      ${asMs('ts')} AS at_ms, toString(peer) AS peer, '' AS subject, '' AS about,
      concat('says of itself: ', event, ' ', details) AS detail
    FROM lab.asides WHERE ${SINCE} ${NEWEST}`;

export const FEED: NamedQuery<FeedRow> = {
  name: 'feed',
  meaning:
    'What happened from `from` on, for whoever watches: the fates of transactions as their clients ' +
    'saw them, rivals that a keeper saw, answers that disagreed with others, packages of evidence, ' +
    'flags, bans and steps of slashing when anybody first reported them, phases of membership, what ' +
    'adversaries say of themselves. Reports of adversaries count too. Of each kind the newest `rows`.',
  columns: {
    what: 'commit, conflict, statement, evidence, flag, ban, slash, phase or note',
    key: 'the same for the same thing',
    at_ms: 'when, ms since the epoch',
    peer: 'who (first) reported it',
    subject: 'transaction, token, package or address that it is about',
    about: "address of the speaker or accused, '' for others",
    detail: 'in words',
  },
  sql: [
    OWN_FATES,
    RIVALS,
    DISAGREEING,
    firsts(
      "'evidence'",
      "concat('evidence:', package)",
      'evidence',
      "event IN ('assembled', 'verified')",
      'toString(any(rule))',
    ),
    firsts(
      "'flag'",
      "concat('flag:', accused, ':', layer)",
      'flags',
      'true',
      "concat(toString(layer), ': ', argMin(reason, ts))",
    ),
    firsts(
      "if(event = 'banned', 'ban', 'slash')",
      "concat('slashing:', accused, ':', event)",
      'slashing',
      "event IN ('banned', 'proposed', 'executed', 'rejected')",
      'toString(event)',
    ),
    PHASES,
    ASIDES,
  ]
    .map((part) => `SELECT * FROM (${part})`)
    .join(' UNION ALL '),
};

export interface LinkRow {
  from: string;
  to: string;
  asked_rtt_ms: number;
  measured_rtt_ms: number | null;
  asked_loss: number;
  measured_loss: number | null;
  n: number;
  ok: boolean;
}

export const LINKS_MEASURED: NamedQuery<LinkRow> = {
  name: 'links_measured',
  meaning: 'The newest measurement of each ordered pair of regions, beside what was asked then.',
  columns: {
    from: 'region',
    to: 'region',
    asked_rtt_ms: 'round trip asked, ms',
    measured_rtt_ms: 'median round trip measured, null: no probe came back',
    asked_loss: 'share of probes that should be lost, 0–1',
    measured_loss: 'share that was',
    n: 'probes',
    ok: 'whether it was as asked',
  },
  sql: `SELECT from_region AS from, to_region AS to, argMax(l.asked_rtt_ms, ts) AS asked_rtt_ms,
      tupleElement(argMax(tuple(l.measured_rtt_ms), ts), 1) AS measured_rtt_ms,
      argMax(l.asked_loss, ts) AS asked_loss,
      tupleElement(argMax(tuple(l.measured_loss), ts), 1) AS measured_loss,
      argMax(l.n, ts) AS n, argMax(l.ok, ts) AS ok
    FROM lab.links AS l WHERE run = {run:String} GROUP BY from, to ORDER BY from, to`,
};

export const STATEMENTS_OF: NamedQuery<{
  at_ms: number;
  heard_by: string;
  token: string;
  owner: string;
  tx: string;
  height: number;
  epoch: number;
  disagreed: boolean;
}> = {
  name: 'statements_of',
  meaning: 'The newest statements of one identity (`address`), as others received them.',
  columns: {
    at_ms: 'when they were reported, ms since the epoch',
    heard_by: 'who received it',
    token: 'token',
    owner: "key hash of its owner, '' for unknown",
    tx: "transaction that made it so, '' for unknown",
    height: 'height of its chain that it stated',
    epoch: 'its epoch',
    disagreed: 'whether other answers to the same question differed',
  },
  sql: `SELECT ${asMs('ts')} AS at_ms, peer AS heard_by, token, owner, tx, height, epoch, disagreed
    FROM lab.statements WHERE run = {run:String} AND speaker = {address:String} ${NEWEST}`,
};

export const FLAGS_ABOUT: NamedQuery<{
  at_ms: number;
  by: string;
  layer: string;
  reason: string;
  score: number | null;
}> = {
  name: 'flags_about',
  meaning: 'The newest flags that anybody raised about one identity (`address`).',
  columns: {
    at_ms: 'when, ms since the epoch',
    by: 'who raised it',
    layer: 'detection layer',
    reason: 'its reason',
    score: 'its score, where it has one',
  },
  sql: `SELECT ${asMs('ts')} AS at_ms, peer AS by, layer, reason, score
    FROM lab.flags WHERE run = {run:String} AND accused = {address:String} ${NEWEST}`,
};

export const EVIDENCE_ABOUT: NamedQuery<{
  at_ms: number;
  package: string;
  rule: string;
  held_by: number;
}> = {
  name: 'evidence_about',
  meaning: 'Packages against one identity (`address`), the newest first.',
  columns: {
    at_ms: 'when it was first reported, ms since the epoch',
    package: 'hash of the package',
    rule: 'rule that it proves broken',
    held_by: 'members that assembled or verified it',
  },
  sql: `SELECT min(${asMs('ts')}) AS at_ms, package, any(rule) AS rule,
      uniqExactIf(peer, event IN ('assembled', 'verified')) AS held_by
    FROM lab.evidence WHERE run = {run:String} AND accused = {address:String}
    GROUP BY package ${NEWEST}`,
};

export const SLASHING_ABOUT: NamedQuery<{ at_ms: number; by: string; event: string }> = {
  name: 'slashing_about',
  meaning: 'Bans of one identity (`address`) and steps of its slashing, the newest first.',
  columns: {
    at_ms: 'when, ms since the epoch',
    by: 'who reported it of itself',
    event: 'banned, proposed, voted, executed or rejected',
  },
  sql: `SELECT ${asMs('ts')} AS at_ms, peer AS by, event
    FROM lab.slashing WHERE run = {run:String} AND accused = {address:String} ${NEWEST}`,
};

export const LIFE_OF: NamedQuery<{ at_ms: number; phase: string }> = {
  name: 'life_of',
  meaning: 'The life of one member (`peer`) and the phases of its membership, the newest first.',
  columns: { at_ms: 'when, ms since the epoch', phase: 'started, meshed, stopping, or a phase' },
  sql: `SELECT ${asMs('ts')} AS at_ms, event AS phase
    FROM lab.peers WHERE run = {run:String} AND peer = {peer:String} ${NEWEST}`,
};

export interface TransactionReport {
  at_ms: number;
  peer: string;
  part: string;
  outcome: string;
  kind: string;
  value_class: string;
  tokens: string[];
  owners: string[];
  previous: string[];
  kept: string[];
  submitted_ms: number | null;
  committed_ms: number | null;
}

export const REPORTS_OF_TRANSACTION: NamedQuery<TransactionReport> = {
  name: 'reports_of_transaction',
  meaning: 'What anybody reported of one transaction (`tx`), the newest first.',
  columns: {
    at_ms: 'when, ms since the epoch',
    peer: 'who',
    part: 'as what: client, neighbour, heir or witness',
    outcome: 'its fate there',
    kind: 'create, transfer …',
    value_class: 'low or high',
    tokens: 'tokens',
    owners: 'key hashes of their owners after it',
    previous: 'the transactions that it follows',
    kept: 'those of its tokens that the reporter keeps',
    submitted_ms: 'by the client’s clock; null: not its client',
    committed_ms: 'by the reporter’s clock; null: not committed',
  },
  sql: `SELECT ${asMs('ts')} AS at_ms, peer, part, outcome, kind, value_class, tokens, owners,
      previous, kept, if(submitted_at IS NULL, NULL, ${asMs('submitted_at')}) AS submitted_ms,
      if(committed_at IS NULL, NULL, ${asMs('committed_at')}) AS committed_ms
    FROM lab.transactions WHERE run = {run:String} AND tx = {tx:String} ${NEWEST}`,
};

export const VOTES_ON_TRANSACTION: NamedQuery<{
  at_ms: number;
  peer: string;
  token: string;
  verdict: string;
}> = {
  name: 'votes_on_transaction',
  meaning: 'Votes cast on one transaction (`tx`), as the voters reported them, the newest first.',
  columns: {
    at_ms: 'when, ms since the epoch',
    peer: 'voter',
    token: 'token that it keeps',
    verdict: 'valid, invalid or out-of-order',
  },
  sql: `SELECT ${asMs('ts')} AS at_ms, peer, token, verdict
    FROM lab.votes WHERE run = {run:String} AND tx = {tx:String} ${NEWEST}`,
};

export interface EvidenceReport {
  at_ms: number;
  peer: string;
  accused: string;
  rule: string;
  event: string;
  reason: string;
  bytes: number;
  content: string;
}

export const REPORTS_OF_EVIDENCE: NamedQuery<EvidenceReport> = {
  name: 'reports_of_evidence',
  meaning: 'What became of one evidence package (`package`), the newest first.',
  columns: {
    at_ms: 'when, ms since the epoch',
    peer: 'at whom',
    accused: 'address',
    rule: 'rule that it proves broken',
    event: 'assembled, verified or refused',
    reason: 'why it was refused',
    bytes: 'its size',
    content: "the package in hex, from who assembled it; '' from others",
  },
  sql: `SELECT ${asMs('ts')} AS at_ms, peer, accused, rule, event, reason, bytes, content
    FROM lab.evidence WHERE run = {run:String} AND package = {package:String} ${NEWEST}`,
};

export const WATCHER_QUERIES = [
  FEED,
  LINKS_MEASURED,
  STATEMENTS_OF,
  FLAGS_ABOUT,
  EVIDENCE_ABOUT,
  SLASHING_ABOUT,
  LIFE_OF,
  REPORTS_OF_TRANSACTION,
  VOTES_ON_TRANSACTION,
  REPORTS_OF_EVIDENCE,
] as const;
