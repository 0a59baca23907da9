/**
 * Named queries over time that need no truth: the same form as queries.ts, one row per step (and
 * what it is split by). Those that know who is who are in lab/analysis/series.ts.
 *
 * Parameters beside `run`, `from`, `to` (`runs` takes none): `step`, ms. Steps are counted from `from`; a row's `at_ms` is
 * where its step begins. Between the first and the last row steps in which nothing happened are
 * there too, with 0 (counts) or null (what was not measured); outside of them there are no rows.
 */
import { asMs, IN_WINDOW, type NamedQuery, type WindowParameters } from './queries.ts';

export interface SeriesParameters extends WindowParameters {
  /** Width of a step, ms. */
  readonly step: number;
}

/** Where the step begins that holds a time; both ms since the epoch. */
export function stepOf(ms: string): string {
  return `{from:Int64} + intDiv(toInt64(floor(${ms})) - {from:Int64}, {step:UInt32}) * {step:UInt32}`;
}

/** The order of a series; steps between two rows are filled, for each value of `by` on its own. */
export function inSteps(...by: readonly string[]): string {
  return `ORDER BY ${[...by, 'at_ms WITH FILL STEP {step:UInt32}'].join(', ')}`;
}

const STEP_BEGINS = 'begin of the step, ms since the epoch';

export interface RunRow {
  testnet: string;
  run: string;
  driver: string;
  shaping: string;
  seed: number;
  version: string;
  state: string;
  k: number | null;
  seen_ms: number;
  from_ms: number | null;
  to_ms: number | null;
  opens: string;
  closes: string;
}

export const RUNS: NamedQuery<RunRow> = {
  name: 'runs',
  meaning:
    'Every run in the store, the newest first: what it is a run of, and its window of measurement, ' +
    'which is from the beginning of the load to its end.',
  columns: {
    testnet: 'name of the testnet',
    run: 'the run',
    driver: 'docker, process or sim',
    shaping: 'who shapes its links',
    seed: 'seed',
    version: 'version of the lab',
    state: 'the last phase that was reached',
    k: 'size of a neighbourhood; null of runs from before it was kept',
    seen_ms: 'when it was first heard of, ms since the epoch',
    from_ms: 'when the load began, null: not yet',
    to_ms: 'when the load ended, null: not yet',
    opens: 'where a picture of it begins, ms since the epoch, as text',
    closes: 'where a picture of it ends; now while it lasts',
  },
  sql: `SELECT any(testnet) AS testnet, run, any(driver) AS driver, argMax(shaping, ts) AS shaping,
      any(seed) AS seed, any(version) AS version, argMax(state, ts) AS state, max(k) AS k,
      min(${asMs('ts')}) AS seen_ms, max(toUnixTimestamp64Micro(load_from)) / 1000 AS from_ms,
      max(toUnixTimestamp64Micro(load_to)) / 1000 AS to_ms,
      toString(toInt64(ifNull(from_ms, seen_ms)) - 3000) AS opens,
      ifNull(toString(toInt64(to_ms) + 5000), 'now') AS closes
    FROM lab.runs GROUP BY run ORDER BY seen_ms DESC, run`,
};

export const MESSAGES_OVER_TIME: NamedQuery<{
  at_ms: number;
  type: string;
  count: number;
  bytes: number;
}> = {
  name: 'messages_over_time',
  meaning:
    'Messages sent in each step, by type, counted at the sender; `messages_by_type` over time.',
  columns: {
    at_ms: STEP_BEGINS,
    type: 'message type',
    count: 'messages',
    bytes: 'bytes of messages',
  },
  sql: `SELECT ${stepOf(asMs('ts'))} AS at_ms, type, sum(count) AS count, sum(bytes) AS bytes
    FROM lab.messages WHERE ${IN_WINDOW} AND direction = 'out' AND type != '(datagram)'
    GROUP BY at_ms, type ${inSteps('type')}`,
};

export const DATAGRAMS_OVER_TIME: NamedQuery<{
  at_ms: number;
  datagrams: number;
  bytes: number;
  messages: number;
}> = {
  name: 'datagrams_over_time',
  meaning:
    'Sealed datagrams that all members sent in each step, their UDP payload, and the messages in ' +
    'them; `datagrams_by_sender` over time.',
  columns: {
    at_ms: STEP_BEGINS,
    datagrams: 'datagrams sent',
    bytes: 'UDP payload bytes sent',
    messages: 'messages sent',
  },
  sql: `SELECT ${stepOf(asMs('ts'))} AS at_ms, sumIf(count, type = '(datagram)') AS datagrams,
      sumIf(bytes, type = '(datagram)') AS bytes, sumIf(count, type != '(datagram)') AS messages
    FROM lab.messages WHERE ${IN_WINDOW} AND direction = 'out' GROUP BY at_ms ${inSteps()}`,
};

export const RESOURCES_OVER_TIME: NamedQuery<{
  at_ms: number;
  cores: number;
  resident_bytes: number;
  worst_resident_bytes: number;
  loop_delay_p99_ms: number;
}> = {
  name: 'resources_over_time',
  meaning:
    'What the processes of the members took in each step: CPU together, memory in the median and at ' +
    'most, and the worst delay of an event loop. Simulated members have no process, and no rows.',
  columns: {
    at_ms: STEP_BEGINS,
    cores: 'CPU time of all members over the step: cores kept busy',
    resident_bytes: 'median resident memory of a member',
    worst_resident_bytes: 'largest resident memory of a member',
    loop_delay_p99_ms: 'worst reported p99 of an event loop’s delay',
  },
  sql: `SELECT ${stepOf(asMs('ts'))} AS at_ms, sum(cpu_ms) / {step:UInt32} AS cores,
      quantileExactInclusive(0.5)(resident_bytes) AS resident_bytes,
      max(lab.resources.resident_bytes) AS worst_resident_bytes,
      max(lab.resources.loop_delay_p99_ms) AS loop_delay_p99_ms
    FROM lab.resources WHERE ${IN_WINDOW} GROUP BY at_ms ${inSteps()}`,
};

export const ATTACK_SPANS: NamedQuery<{
  attack_id: string;
  name: string;
  members: string[];
  state: string;
  from_ms: number;
  to_ms: number | null;
}> = {
  name: 'attack_spans',
  meaning:
    'Attacks as the supervisor ordered them: from the first order to the last, which stopped it.',
  columns: {
    attack_id: 'attack',
    name: 'adversary',
    members: 'who takes part',
    state: 'running, paused or stopped',
    from_ms: 'first order, ms since the epoch',
    to_ms: 'when it was stopped, null: it was not',
  },
  sql: `SELECT attack_id, any(name) AS name, argMax(members, ts) AS members,
      argMax(state, ts) AS state, min(${asMs('ts')}) AS from_ms,
      if(state = 'stopped', max(${asMs('ts')}), NULL) AS to_ms
    FROM lab.attacks WHERE run = {run:String} GROUP BY attack_id ORDER BY from_ms, attack_id`,
};

export const FAULT_SPANS: NamedQuery<{
  fault_id: string;
  kind: string;
  detail: string;
  from_ms: number;
  to_ms: number | null;
}> = {
  name: 'fault_spans',
  meaning: 'Faults of links, processes and clocks that the supervisor caused, and when each ended.',
  columns: {
    fault_id: 'fault',
    kind: 'partition, kill, restart, pause, clock …',
    detail: 'the fault as JSON: whom it befell',
    from_ms: 'begin, ms since the epoch',
    to_ms: 'end, null: it holds still, or it was never cleared',
  },
  sql: `SELECT fault_id, any(kind) AS kind, any(detail) AS detail,
      min(${asMs('ts')}) AS from_ms, if(countIf(state = 'cleared') = 0, NULL,
        maxIf(${asMs('ts')}, state = 'cleared')) AS to_ms
    FROM lab.faults WHERE run = {run:String} GROUP BY fault_id ORDER BY from_ms, fault_id`,
};

export const DISTURBANCES: NamedQuery<{ at_ms: number; what: string; level: number }> = {
  name: 'disturbances',
  meaning:
    'Every change of state of every attack and fault that the supervisor ordered; what holds when the ' +
    'load ends is over then.',
  columns: {
    at_ms: 'when, ms since the epoch',
    what: 'attack or fault',
    level: '2 it goes on, 1 paused, 0 over',
  },
  sql: `WITH changes AS (SELECT ${asMs('ts')} AS at_ms, attack_id AS what,
        transform(toString(state), ['running', 'paused'], [2, 1], 0) AS level
      FROM lab.attacks WHERE run = {run:String}
      UNION ALL SELECT ${asMs('ts')}, fault_id, if(state = 'active', 2, 0)
      FROM lab.faults WHERE run = {run:String})
    SELECT at_ms, what, level FROM changes
    UNION ALL SELECT c.end_ms AS at_ms, c.what AS what, 0 AS level
      FROM (SELECT what, max(at_ms) AS last_ms, assumeNotNull((SELECT
          max(toUnixTimestamp64Micro(load_to)) / 1000 FROM lab.runs WHERE run = {run:String}))
          AS end_ms FROM changes GROUP BY what) AS c
      WHERE c.end_ms > c.last_ms
    ORDER BY at_ms, what`,
};

export const LAB_SERIES = [
  RUNS,
  MESSAGES_OVER_TIME,
  DATAGRAMS_OVER_TIME,
  RESOURCES_OVER_TIME,
  ATTACK_SPANS,
  FAULT_SPANS,
  DISTURBANCES,
] as const;
