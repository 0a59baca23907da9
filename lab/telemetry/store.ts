/**
 * The run's telemetry, in ClickHouse: the embedded engine (chDB, one process per directory) or a
 * server named by CLICKHOUSE_URL. Same client, same schema, same named queries.
 */

/** One row as JSON; keys are columns. Times are strings `YYYY-MM-DD hh:mm:ss.ffffff` in UTC. */
export type JsonRow = Readonly<Record<string, unknown>>;

export interface TelemetryStore {
  /** Creates or migrates databases `lab` and `truth`. */
  migrate(): Promise<void>;
  /** Inserts newline-delimited JSON rows as they came over HTTP. Bad rows are refused with the reason. */
  insertLines(table: string, lines: string): Promise<void>;
  insert(table: string, rows: readonly JsonRow[]): Promise<void>;
  query<T extends object>(
    sql: string,
    parameters?: Readonly<Record<string, unknown>>,
  ): Promise<T[]>;
  /** A person's query: the engine itself refuses everything that writes. Throws LabError. */
  readOnly(sql: string, parameters?: Readonly<Record<string, unknown>>): Promise<JsonRow[]>;
  close(): Promise<void>;
}
