import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from './open.ts';
import { retentionDays, retentionStatements } from './retention.ts';

const RULE = 'MergeTree ORDER BY run TTL stored_at + toIntervalDay(180) SETTINGS a = 1';

test('a table is changed only when its rule is another one', () => {
  expect(retentionStatements('lab.votes', RULE, 180)).toEqual([]);
  expect(retentionStatements('lab.votes', RULE, 18)).toHaveLength(2);
  expect(retentionStatements('lab.votes', 'MergeTree ORDER BY run', 180)).toHaveLength(2);
  expect(retentionStatements('lab.votes', 'MergeTree ORDER BY run', 0)).toEqual([]);
  expect(retentionStatements('lab.votes', RULE, 0)).toEqual(['ALTER TABLE lab.votes REMOVE TTL']);
});

test('CLICKHOUSE_RETENTION_DAYS is a number of days, or nothing', () => {
  const days = (text: string) => retentionDays({ CLICKHOUSE_RETENTION_DAYS: text });
  expect([days(''), days('0'), days('180')]).toEqual([null, 0, 180]);
  expect(retentionDays({})).toBeNull();
  for (const text of ['-1', '1.5', '99999', 'x', '1; DROP']) expect(() => days(text)).toThrow();
});

test('a run’s own store forgets nothing, whatever the environment says', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lab-retention-'));
  process.env['CLICKHOUSE_RETENTION_DAYS'] = '1';
  const store = await openStore(path.join(folder, 'store'), null);
  try {
    // A simulated run's time is years ago one day.
    const vote = { run: 'r', ts: '2020-01-15 12:00:00', peer: 'p', tx: 't', token: 'x' };
    await store.insert('lab.votes', [{ ...vote, verdict: 'commit' }]);
    await store.query('OPTIMIZE TABLE lab.votes FINAL');
    expect(await store.query('SELECT count() AS n FROM lab.votes')).toEqual([{ n: 1 }]);
    const rules = await store.query(
      "SELECT name FROM system.tables WHERE engine_full LIKE '%TTL%'",
    );
    expect(rules).toEqual([]);
  } finally {
    delete process.env['CLICKHOUSE_RETENTION_DAYS'];
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
