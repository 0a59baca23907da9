/**
 * Whether an attack succeeded: a question that its own declaration puts as SQL, answered from the
 * truth. So a new adversary brings its own measure, and needs no change here. A question that the
 * engine refuses is that adversary's fault and costs only its own answer, never the run's result.
 */
import { reasonOf } from '../../node/runtime/log.ts';
import { attackDeclaration } from '../manifest/attacks.ts';
import type { TelemetryStore } from '../telemetry/store.ts';
import type { AttackFacts } from './attacks.ts';
import { DETECTIONS, LIES, SAFETY_VIOLATIONS, SENTENCES, TRANSACTION_FATES } from './queries.ts';
import type { AttackResult } from './result.ts';

export type Judgement = Pick<AttackResult, 'succeeded' | 'success'>;

/** After the end of any run: for an attack that never began. */
const NEVER_MS = Number.MAX_SAFE_INTEGER;

/** What a question may read, all of this run alone (docs/ATTACKS.md). Only what is named is computed. */
const TABLES = {
  roles: 'SELECT * FROM truth.roles WHERE run = {run:String}',
  mine: `SELECT member, address, {start:Float64} AS start_ms FROM truth.roles
    WHERE run = {run:String} AND member IN {members:Array(String)}`,
  lies: LIES.sql,
  own_lies: `SELECT * FROM lies WHERE at_ms >= {start:Float64}
    AND member IN {members:Array(String)}`,
  detections: DETECTIONS.sql,
  sentences: SENTENCES.sql,
  fates: TRANSACTION_FATES.sql,
  violations: SAFETY_VIOLATIONS.sql,
  statements: 'SELECT * FROM lab.statements WHERE run = {run:String}',
  transactions: 'SELECT * FROM lab.transactions WHERE run = {run:String}',
} as const;

export interface Judging {
  readonly run: string;
  /** ⌈2k/3⌉, for the fates. */
  readonly need: number;
}

/** By the measure that the attack declares. */
export async function judgeSuccess(
  store: TelemetryStore,
  attack: AttackFacts,
  judging: Judging,
): Promise<Judgement> {
  const sql = attackDeclaration(attack.name)?.success.sql;
  if (sql === undefined) return failed(`no attack ${attack.name} is declared any more`);
  return judgeBy(sql, store, attack, judging);
}

/** `succeeded` is null where the attack never began, or its measure cannot tell, or failed. */
export async function judgeBy(
  sql: string,
  store: TelemetryStore,
  attack: AttackFacts,
  { run, need }: Judging,
): Promise<Judgement> {
  try {
    const tables = Object.entries(TABLES).map(([name, table]) => `${name} AS (${table})`);
    const rows = await store.query<Record<string, unknown>>(
      `WITH ${tables.join(',\n')}\nSELECT * FROM (${sql})`,
      { run, need, start: attack.startedAtMs ?? NEVER_MS, members: attack.members },
    );
    return judgementOf(rows, attack);
  } catch (error) {
    return failed(reasonOf(error));
  }
}

function judgementOf(rows: readonly Record<string, unknown>[], attack: AttackFacts): Judgement {
  const [row] = rows;
  if (row === undefined || rows.length > 1) return failed(`it gave ${rows.length} rows, not one`);
  if (!('succeeded' in row)) return failed('it gave no column succeeded');
  const { succeeded, ...success } = row;
  const isTold = succeeded !== null && attack.startedAtMs !== null;
  return { succeeded: isTold ? Number(succeeded) > 0 : null, success };
}

function failed(reason: string): Judgement {
  return { succeeded: null, success: { notJudged: `the attack's measure failed: ${reason}` } };
}
