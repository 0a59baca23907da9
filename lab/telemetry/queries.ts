/**
 * Named queries over database `lab`: one definition per figure, used by scoring, report, live view
 * and dashboards alike. Those that need to know who is who are in lab/analysis/queries.ts; both
 * kinds are documented in docs/METRICS.md, which a test holds equal to them.
 *
 * Parameters: `run`; `from`, `to` bound a window of measurement, in ms since the epoch, by the
 * host's true clock. Times come back as ms since the epoch.
 */
import type { TelemetryStore } from './store.ts';

export interface NamedQuery<Row extends object> {
  readonly name: string;
  /** What the figure means, for docs/METRICS.md. */
  readonly meaning: string;
  readonly sql: string;
  /** The row as documentation, and the tie between name and type: column → its meaning. */
  readonly columns: { readonly [Column in keyof Row]: string };
}

export interface RunParameters {
  readonly run: string;
}

export interface WindowParameters extends RunParameters {
  readonly from: number;
  readonly to: number;
}

/** Runs one of the named queries. */
export function ask<Row extends object>(
  store: TelemetryStore,
  query: NamedQuery<Row>,
  parameters: RunParameters & Readonly<Record<string, unknown>>,
): Promise<Row[]> {
  return store.query<Row>(query.sql, parameters);
}

/** A DateTime64 column as ms since the epoch. */
export function asMs(column: string): string {
  return `toUnixTimestamp64Micro(assumeNotNull(${column})) / 1000`;
}

/** The rows of a table that fall into the window. */
export const IN_WINDOW =
  'run = {run:String} AND ts >= fromUnixTimestamp64Milli({from:Int64}) ' +
  'AND ts < fromUnixTimestamp64Milli({to:Int64})';

export const MESSAGES_BY_TYPE: NamedQuery<{ type: string; count: number; bytes: number }> = {
  name: 'messages_by_type',
  meaning:
    'Messages sent in the window, by type, counted at the sender (peers and clients, honest or not). ' +
    'The datagrams that carried them are in `datagrams_by_sender`.',
  columns: { type: 'message type', count: 'messages', bytes: 'bytes of messages' },
  sql: `SELECT type, sum(count) AS count, sum(bytes) AS bytes FROM lab.messages
    WHERE ${IN_WINDOW} AND direction = 'out' AND type != '(datagram)'
    GROUP BY type ORDER BY count DESC, type`,
};

export const DATAGRAMS_BY_SENDER: NamedQuery<{
  peer: string;
  datagrams: number;
  bytes: number;
  messages: number;
}> = {
  name: 'datagrams_by_sender',
  meaning:
    'What each member sent in the window: sealed datagrams, their UDP payload, messages in them.',
  columns: {
    peer: 'member',
    datagrams: 'datagrams sent',
    bytes: 'UDP payload bytes sent',
    messages: 'messages sent',
  },
  sql: `SELECT peer, sumIf(count, type = '(datagram)') AS datagrams,
      sumIf(bytes, type = '(datagram)') AS bytes, sumIf(count, type != '(datagram)') AS messages
    FROM lab.messages WHERE ${IN_WINDOW} AND direction = 'out' GROUP BY peer ORDER BY peer`,
};

/** Every table a member reports to. */
const REPORTED_TABLES = [
  'transactions',
  'votes',
  'messages',
  'statements',
  'evidence',
  'slashing',
  'flags',
  'peers',
  'resources',
];

export const TELEMETRY_ROWS: NamedQuery<{ table: string; n: number }> = {
  name: 'telemetry_rows',
  meaning: 'Rows stored, by table.',
  columns: { table: 'table of database lab', n: 'rows' },
  sql: REPORTED_TABLES.map(
    (table) =>
      `SELECT '${table}' AS table, count() AS n FROM lab.${table} WHERE run = {run:String}`,
  ).join(' UNION ALL '),
};

export const TELEMETRY_DROPPED: NamedQuery<{ peer: string; dropped: number }> = {
  name: 'telemetry_dropped',
  meaning:
    'Rows that members had to drop: the highest count each process reported (the count starts again ' +
    'with a restart, so this is a lower bound for members that were restarted).',
  columns: { peer: 'member', dropped: 'rows dropped' },
  sql: `SELECT peer, max(telemetry_dropped) AS dropped FROM lab.resources
    WHERE run = {run:String} GROUP BY peer HAVING dropped > 0 ORDER BY peer`,
};

export const RESOURCES_BY_PEER: NamedQuery<{
  peer: string;
  resident_bytes: number;
  private_bytes: number | null;
  loop_delay_p99_ms: number;
  socket_drops: number;
}> = {
  name: 'resources_by_peer',
  meaning: 'Median memory and worst event-loop delay and socket drops of each member.',
  columns: {
    peer: 'member',
    resident_bytes: 'median resident memory',
    private_bytes: 'median private memory',
    loop_delay_p99_ms: 'worst reported p99 of the event loop’s delay',
    socket_drops: 'highest reported count of datagrams dropped at the socket',
  },
  sql: `SELECT peer, quantileExactInclusive(0.5)(resident_bytes) AS resident_bytes,
      quantileExactInclusive(0.5)(private_bytes) AS private_bytes,
      max(loop_delay_p99_ms) AS loop_delay_p99_ms, max(socket_drops) AS socket_drops
    FROM lab.resources WHERE run = {run:String} GROUP BY peer ORDER BY peer`,
};

export const MINTING: NamedQuery<{ peer: string; attempts: number }> = {
  name: 'minting',
  meaning: 'Argon2 evaluations that the identity of each peer took, as it said at its start.',
  columns: { peer: 'member', attempts: 'evaluations' },
  sql: `SELECT peer, max(mint_attempts) AS attempts FROM lab.peers
    WHERE run = {run:String} AND mint_attempts IS NOT NULL GROUP BY peer ORDER BY peer`,
};

export const PHASES: NamedQuery<{ peer: string; phase: string; at_ms: number }> = {
  name: 'phases',
  meaning:
    'When each peer first said that it had entered a phase of its membership. Founders are trusted ' +
    'from the start; a newcomer is counted as a neighbour from `trusted` on.',
  columns: {
    peer: 'member',
    phase: 'identity, synchronising, trust-building or trusted',
    at_ms: 'when, ms since the epoch',
  },
  sql: `SELECT peer, event AS phase, min(${asMs('ts')}) AS at_ms FROM lab.peers
    WHERE run = {run:String}
      AND event IN ('identity', 'synchronising', 'trust-building', 'trusted')
    GROUP BY peer, event ORDER BY peer, at_ms`,
};

export const ATTACK_STATES: NamedQuery<{
  attack_id: string;
  name: string;
  state: string;
  at_ms: number;
}> = {
  name: 'attack_states',
  meaning: 'What the supervisor ordered: every change of state of every attack.',
  columns: { attack_id: 'attack', name: 'adversary', state: 'state it entered', at_ms: 'when' },
  sql: `SELECT attack_id, name, state, ${asMs('ts')} AS at_ms
    FROM lab.attacks WHERE run = {run:String} ORDER BY at_ms`,
};

export const VIEW_OVERLAP: NamedQuery<{
  n: number;
  mean_overlap: number | null;
  p10: number | null;
}> = {
  name: 'view_overlap',
  meaning:
    'How far peers agree on who belongs to a neighbourhood: each keeper’s commit tells the mean share ' +
    '(members in both views over members in either) between its own view and those that the voters ' +
    'sent with their ballots. Adversaries’ words count too: they may tell any view.',
  columns: {
    n: 'commits at keepers that had heard a view',
    mean_overlap: 'mean of their shares, 0–1',
    p10: 'the share that a tenth of them stayed below',
  },
  sql: `SELECT count() AS n, if(n = 0, NULL, avg(view_overlap)) AS mean_overlap,
      if(n = 0, NULL, quantileExactInclusive(0.1)(assumeNotNull(view_overlap))) AS p10
    FROM lab.transactions WHERE run = {run:String} AND view_overlap IS NOT NULL`,
};

export const ROUNDS: NamedQuery<{
  outcome: string;
  rounds: number;
  keepers: number;
  transactions: number;
}> = {
  name: 'rounds',
  meaning:
    'Transactions of high value that are confirmed in three rounds: how many of these had passed when a ' +
    'keeper committed it or gave it up. Two are enough; one that passed nowhere had a silent or hostile ' +
    'neighbourhood. None with `witnesses: every`.',
  columns: {
    outcome: 'committed, timed-out or conflicting',
    rounds: 'rounds that had passed there, 0–3',
    keepers: 'fates that keepers told',
    transactions: 'distinct transactions among them',
  },
  sql: `SELECT outcome, assumeNotNull(rounds) AS rounds, count() AS keepers,
      uniqExact(tx) AS transactions
    FROM lab.transactions WHERE run = {run:String} AND transactions.rounds IS NOT NULL
    GROUP BY outcome, rounds ORDER BY outcome, rounds`,
};

export const LAB_QUERIES = [
  MESSAGES_BY_TYPE,
  DATAGRAMS_BY_SENDER,
  TELEMETRY_ROWS,
  TELEMETRY_DROPPED,
  RESOURCES_BY_PEER,
  MINTING,
  PHASES,
  ATTACK_STATES,
  VIEW_OVERLAP,
  ROUNDS,
] as const;
