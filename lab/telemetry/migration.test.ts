import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient, type ClickHouseClientConfigOptions } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import { expect, test } from 'vitest';
import { openStore } from './open.ts';
import { BOOTSTRAP, MIGRATIONS } from './schema.ts';

/** A store as the lab of version 1 left it. */
async function makeOldStore(directory: string): Promise<void> {
  const connection: unknown = createChdbConnection({ path: directory });
  const client = createClient({
    // As in open.ts: the same type twice, by declaration.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    connection: connection as NonNullable<ClickHouseClientConfigOptions['connection']>,
  });
  const [first] = MIGRATIONS;
  for (const query of [...BOOTSTRAP, ...(first?.statements ?? [])]) await client.command({ query });
  await client.command({ query: 'INSERT INTO lab.schema_version (version) VALUES (1)' });
  const columns = 'run, ts, peer, speaker, token, stated_at, disagreed';
  await client.command({
    query: `INSERT INTO lab.statements (${columns}) VALUES ('r', '2026-01-15 12:00:00', 'c1', 'aa', 'bb', '2026-01-15 11:59:59', true)`,
  });
  await client.close();
}

test('a store of version 1 keeps its rows and takes those of today', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'lab-migration-'));
  const file = path.join(directory, 'store');
  await makeOldStore(file);
  const store = await openStore(file, null);
  try {
    const now = { run: 'r', ts: '2026-01-15 12:00:01', peer: 'c1', speaker: 'aa', token: 'cc' };
    await store.insert('lab.statements', [{ ...now, received_at: '2026-01-15 12:00:00.500' }]);
    const rows = await store.query(
      'SELECT token, received_at IS NULL AS unknown FROM lab.statements ORDER BY ts',
    );
    expect(rows).toEqual([
      { token: 'bb', unknown: 1 },
      { token: 'cc', unknown: 0 },
    ]);
    const versions = await store.query('SELECT max(version) AS version FROM lab.schema_version');
    expect(versions).toEqual([{ version: MIGRATIONS.at(-1)?.version }]);
  } finally {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
});
