/**
 * Opens the run's store: the embedded engine on a directory of the run, or the server that
 * CLICKHOUSE_URL names. Both through the same client.
 *
 * The embedded engine works in threads of its own (measured here: 5,000 rows inserted in 6 ms with
 * the event loop held for 2 ms at most, which is the time to hand over the text), so inserts are
 * batched for the engine's sake (each insert is a part on disk), not for the event loop's.
 */
import {
  createClient,
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
} from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import { EXIT, LabError } from '../errors.ts';
import { placeOf } from './place.ts';
import { keepFor, retentionDays } from './retention.ts';
import { ALL_TABLES, BOOTSTRAP, MIGRATIONS } from './schema.ts';
import type { JsonRow, TelemetryStore } from './store.ts';

type Connection = NonNullable<ClickHouseClientConfigOptions['connection']>;

/** Counts fit a double; as JSON numbers they need no second parsing. */
const SETTINGS = { output_format_json_quote_64bit_integers: 0 } as const;

export interface ServerOptions {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
}

/** The server that the environment names, or null for the embedded engine. */
export function serverFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): ServerOptions | null {
  const url = environment['CLICKHOUSE_URL'];
  if (url === undefined || url === '') return null;
  const username = environment['CLICKHOUSE_USER'];
  const password = environment['CLICKHOUSE_PASSWORD'];
  return {
    url,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

/**
 * Opens and migrates; by default the place where that store's rows are (place.ts), `null` the
 * embedded engine. Throws a LabError when another process holds the directory (the engine locks
 * it for as long as that process lives) or the server does not answer.
 */
export async function openStore(
  directory: string,
  server: ServerOptions | null = placeOf(directory, serverFromEnvironment(process.env)),
): Promise<TelemetryStore> {
  const open = (): ClickHouseClient =>
    server === null ? openEmbedded(directory) : createClient(server);
  const days = server === null ? null : retentionDays(process.env);
  const store = new ClickHouseStore(open);
  try {
    await store.migrate();
    if (days !== null) await store.keepFor(days);
  } catch (error) {
    await store.close();
    if (error instanceof LabError) throw error;
    throw new LabError(
      `the telemetry store ${server?.url ?? directory} could not be prepared: ${messageOf(error)}`,
      {
        exitCode: server === null ? EXIT.broke : EXIT.machineCannot,
        remedy:
          server === null
            ? `look at ${directory}; a damaged store can be moved away`
            : 'check CLICKHOUSE_URL, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD',
        cause: error,
      },
    );
  }
  return store;
}

function openEmbedded(directory: string): ClickHouseClient {
  try {
    const connection: unknown = createChdbConnection({ path: directory });
    // chdb is typed against @clickhouse/client-common, whose types the client carries a copy of:
    // the same by content, different declarations to the compiler. No check could tell them apart.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return createClient({ connection: connection as Connection });
  } catch (error) {
    throw new LabError(`the telemetry store ${directory} is in use by another process`, {
      exitCode: EXIT.broke,
      remedy: "ask through the run's supervisor (lab query --run RUN), or end it with lab down",
      cause: error,
    });
  }
}

/**
 * The engine writes files for whoever asks it to, even when it is told to read only. Wherever the
 * word stands: between INTO and it there may be a comment.
 */
const WRITES_A_FILE = /outfile/i;

class ClickHouseStore implements TelemetryStore {
  readonly #open: () => ClickHouseClient;
  readonly #client: ClickHouseClient;

  constructor(open: () => ClickHouseClient) {
    this.#open = open;
    this.#client = open();
  }

  async migrate(): Promise<void> {
    for (const statement of BOOTSTRAP) await this.#client.command({ query: statement });
    const [row] = await this.query<{ version: number }>(
      'SELECT max(version) AS version FROM lab.schema_version',
    );
    const present = row?.version ?? 0;
    const newest = MIGRATIONS.at(-1)?.version ?? 0;
    if (present > newest) {
      throw new LabError(
        `the telemetry store has schema version ${present}, this lab knows up to ${newest}`,
        { exitCode: EXIT.badUse, remedy: 'use the lab that wrote it, or a newer one' },
      );
    }
    for (const migration of MIGRATIONS) {
      if (migration.version <= present) continue;
      for (const statement of migration.statements) {
        await this.#client.command({ query: statement });
      }
      await this.#client.command({
        query: `INSERT INTO lab.schema_version (version) VALUES (${migration.version})`,
      });
    }
  }

  keepFor(days: number): Promise<void> {
    return keepFor(this.#client, days);
  }

  async insertLines(table: string, lines: string): Promise<void> {
    if (!ALL_TABLES.includes(table)) throw new RangeError(`no table ${table}`);
    if (lines.trim() === '') return;
    await this.#client.command({ query: `INSERT INTO ${table} FORMAT JSONEachRow\n${lines}` });
  }

  async insert(table: string, rows: readonly JsonRow[]): Promise<void> {
    await this.insertLines(table, rows.map((row) => JSON.stringify(row)).join('\n'));
  }

  async query<T extends object>(
    sql: string,
    parameters: Readonly<Record<string, unknown>> = {},
  ): Promise<T[]> {
    const result = await this.#client.query({
      query: sql,
      format: 'JSONEachRow',
      clickhouse_settings: SETTINGS,
      ...(Object.keys(parameters).length === 0 ? {} : { query_params: { ...parameters } }),
    });
    return result.json<T>();
  }

  async readOnly(
    sql: string,
    parameters: Readonly<Record<string, unknown>> = {},
  ): Promise<JsonRow[]> {
    if (WRITES_A_FILE.test(sql)) {
      throw new LabError('a query writes no files', {
        exitCode: EXIT.badUse,
        remedy: 'leave out INTO OUTFILE and redirect the output of lab query --json',
      });
    }
    // A connection for each question: the embedded engine keeps `readonly` as long as one lives, so
    // that our own inserts would be refused, and answers the next query with what a failed one left.
    const reader = this.#open();
    try {
      const result = await reader.query({
        query: sql,
        format: 'JSONEachRow',
        clickhouse_settings: { ...SETTINGS, readonly: '1' },
        ...(Object.keys(parameters).length === 0 ? {} : { query_params: { ...parameters } }),
      });
      return await result.json<JsonRow>();
    } catch (cause) {
      throw new LabError(`the store refused: ${messageOf(cause)}`, {
        exitCode: EXIT.badUse,
        remedy: 'queries only read; tables: lab query "show tables from lab"',
        cause,
      });
    } finally {
      await reader.close();
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
