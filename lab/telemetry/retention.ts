/**
 * How long a server keeps rows: CLICKHOUSE_RETENTION_DAYS, counted from when a row was stored. Its
 * own time (`ts`) would not do: a simulated run's clock starts at a fixed date, and its rows would be
 * gone as they come. Only servers forget; a run's own store is removed with the run.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { EXIT, LabError } from '../errors.ts';
import { ALL_TABLES } from './schema.ts';

const MAX_DAYS = 36_500;

/** Days, 0 for ever; null: as it is. Throws a LabError when the variable is no number of days. */
export function retentionDays(
  environment: Readonly<Record<string, string | undefined>>,
): number | null {
  const text = environment['CLICKHOUSE_RETENTION_DAYS'];
  if (text === undefined || text === '') return null;
  const days = Number(text);
  if (/^\d{1,5}$/.test(text) && days <= MAX_DAYS) return days;
  throw new LabError(`CLICKHOUSE_RETENTION_DAYS is ${text}`, {
    exitCode: EXIT.badUse,
    remedy: `a whole number of days up to ${MAX_DAYS}, or 0 for ever`,
  });
}

/** What changes a table whose rule is now `engine` (system.tables.engine_full); nothing if it fits. */
export function retentionStatements(table: string, engine: string, days: number): string[] {
  const rule = `stored_at + toIntervalDay(${days})`;
  if (days === 0) {
    return engine.includes(' TTL ') ? [`ALTER TABLE ${table} REMOVE TTL`] : [];
  }
  if (engine.includes(` TTL ${rule}`)) return [];
  return [
    // Rows from before count from when their part is next written.
    `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS stored_at DateTime DEFAULT now()`,
    // Parts are not rewritten for it; merges apply it as they come.
    `ALTER TABLE ${table} MODIFY TTL ${rule} SETTINGS materialize_ttl_after_modify = 0`,
  ];
}

/** Brings the tables of a server to that rule. */
export async function keepFor(client: ClickHouseClient, days: number): Promise<void> {
  const result = await client.query({
    query: `SELECT concat(database, '.', name) AS table, engine_full FROM system.tables
      WHERE database IN ('lab', 'truth')`,
    format: 'JSONEachRow',
  });
  const present = await result.json<{ table: string; engine_full: string }>();
  for (const { table, engine_full: engine } of present) {
    if (!ALL_TABLES.includes(table)) continue;
    for (const query of retentionStatements(table, engine, days)) await client.command({ query });
  }
}
