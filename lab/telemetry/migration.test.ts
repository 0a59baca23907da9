import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createClient,
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
} from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import { expect, test } from 'vitest';
import { openStore } from './open.ts';
import { ALL_TABLES, BOOTSTRAP, MIGRATIONS } from './schema.ts';

const NEWEST = MIGRATIONS.at(-1)?.version;

async function tablesOf(client: ClickHouseClient): Promise<string[]> {
  const result = await client.query({
    query: `SELECT concat(database, '.', name) AS table FROM system.tables
      WHERE database IN ('lab', 'truth') AND name != 'schema_version'`,
    format: 'JSONEachRow',
  });
  return (await result.json<{ table: string }>()).map(({ table }) => table);
}

/** A store as the lab of that version left it, with a row in every table it had; their names. */
async function makeOldStore(directory: string, version: number): Promise<string[]> {
  const connection: unknown = createChdbConnection({ path: directory });
  const client = createClient({
    // As in open.ts: the same type twice, by declaration.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    connection: connection as NonNullable<ClickHouseClientConfigOptions['connection']>,
  });
  const past = MIGRATIONS.filter((migration) => migration.version <= version);
  const statements = past.flatMap((migration) => migration.statements);
  for (const query of [...BOOTSTRAP, ...statements]) await client.command({ query });
  await client.command({ query: `INSERT INTO lab.schema_version (version) VALUES (${version})` });
  const tables = await tablesOf(client);
  for (const table of tables) {
    await client.command({ query: `INSERT INTO ${table} (run) VALUES ('before')` });
  }
  await client.close();
  return tables;
}

/** The first one, and the last before rows had to be kept on servers. */
test.each([1, 4])(
  'a store of version %d keeps its rows and takes those of today',
  async (version) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'lab-migration-'));
    const old = await makeOldStore(path.join(directory, 'store'), version);
    const store = await openStore(path.join(directory, 'store'), null);
    try {
      expect(old.length).toBeGreaterThan(10);
      for (const table of ALL_TABLES) {
        // A column that came later: unknown of rows from before, kept of today's.
        const later = table === 'lab.statements' ? { received_at: '2026-01-15 12:00:00.5' } : {};
        await store.insert(table, [{ run: 'today', ...later }]);
        const rows = await store.query<{ run: string }>(`SELECT * FROM ${table} ORDER BY run`);
        const runs = rows.map(({ run }) => run);
        expect([table, runs]).toEqual([
          table,
          old.includes(table) ? ['before', 'today'] : ['today'],
        ]);
      }
      const sql = 'SELECT received_at IS NULL AS unknown FROM lab.statements ORDER BY run';
      expect(await store.query(sql)).toEqual([{ unknown: 1 }, { unknown: 0 }]);
      const versions = await store.query('SELECT max(version) AS version FROM lab.schema_version');
      expect(versions).toEqual([{ version: NEWEST }]);
    } finally {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
