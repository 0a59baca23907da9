import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { score } from '../../lab/analysis/score.ts';
import { TRUTH_QUERIES } from '../../lab/analysis/queries.ts';
import { openStore, serverFromEnvironment } from '../../lab/telemetry/open.ts';
import { LAB_QUERIES } from '../../lab/telemetry/queries.ts';
import { MIGRATIONS } from '../../lab/telemetry/schema.ts';
import type { TelemetryStore } from '../../lab/telemetry/store.ts';
import { RUN, sampleRows, sampleTestnet, START } from '../report/sample-run.ts';
import { openBridge, type Bridge } from './bridge.ts';
import { parametersOf } from './parameters.ts';

let directory: string;
let bridge: Bridge;
let store: TelemetryStore;

function named(password: string): ReturnType<typeof serverFromEnvironment> {
  return serverFromEnvironment({
    CLICKHOUSE_URL: bridge.url,
    CLICKHOUSE_USER: 'lab',
    CLICKHOUSE_PASSWORD: password,
  });
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lab-server-'));
  bridge = await openBridge(path.join(directory, 'store'), 'secret');
  store = await openStore(path.join(directory, 'never-made'), named('secret'));
});

afterAll(async () => {
  await store.close();
  await bridge.close();
  await rm(directory, { recursive: true, force: true });
});

test('with CLICKHOUSE_URL a store is migrated, filled, asked and scored over HTTP', async () => {
  const versions = await store.query('SELECT max(version) AS version FROM lab.schema_version');
  expect(versions).toEqual([{ version: MIGRATIONS.at(-1)?.version }]);
  for (const [table, rows] of Object.entries(sampleRows())) await store.insert(table, rows);
  for (const query of [...LAB_QUERIES, ...TRUTH_QUERIES]) {
    await expect(
      store.query(query.sql, parametersOf(query.sql)),
      query.name,
    ).resolves.toBeInstanceOf(Array);
  }
  const result = await score(store, {
    run: RUN,
    testnet: sampleTestnet(),
    driver: 'process',
    shaping: 'none',
    shapingOk: true,
    links: [],
    fidelityReasons: [],
    seed: 7,
    version: 'test',
    loadStartedAtMs: START,
    loadEndedAtMs: START + 10_000,
    wallMs: 12_000,
    attacks: [],
    reportPath: null,
  });
  // The same figures as score.test.ts has from the embedded engine.
  expect(result.finality).toMatchObject({ n: 2, p50: 180 });
  expect(result.detection).toMatchObject({ offenders: 2, truePositives: 1, falseSlashes: 1 });
  expect(new Set(bridge.seen.map(({ user }) => user))).toEqual(new Set(['lab']));
  expect(bridge.seen.length).toBeGreaterThan(50);
});

test('CLICKHOUSE_RETENTION_DAYS makes a server forget by the day of storing, not by a row’s own time', async () => {
  process.env['CLICKHOUSE_RETENTION_DAYS'] = '30';
  try {
    const vote = { run: 'old', ts: '2020-01-15 12:00:00', peer: 'p', tx: 't', token: 'x' };
    await store.insert('lab.votes', [{ ...vote, verdict: 'commit' }]);
    const keeping = await openStore(path.join(directory, 'never-made'), named('secret'));
    await keeping.insert('lab.votes', [{ ...vote, run: 'new', verdict: 'commit' }]);
    const gone = { ...vote, run: 'gone', verdict: 'commit', stored_at: '2020-01-15 12:00:00' };
    await keeping.insert('lab.votes', [gone]);
    await keeping.query('OPTIMIZE TABLE lab.votes FINAL');
    const rows = await keeping.query(
      'SELECT run FROM lab.votes WHERE peer = {p:String} ORDER BY run',
      {
        p: 'p',
      },
    );
    expect(rows).toEqual([{ run: 'new' }, { run: 'old' }]);
    const changes = () =>
      bridge.seen.filter(({ statement }) => /MODIFY TTL/.test(statement)).length;
    const before = changes();
    expect(before).toBeGreaterThan(20);
    await openStore(path.join(directory, 'never-made'), named('secret'));
    expect(changes()).toBe(before);
  } finally {
    delete process.env['CLICKHOUSE_RETENTION_DAYS'];
  }
});

test('a server’s refusals are errors: a bad row, a wrong password, a query that writes', async () => {
  await expect(store.insertLines('lab.votes', '{"run": 7')).rejects.toThrow();
  await expect(openStore(directory, named('wrong'))).rejects.toThrow(
    /could not be prepared.*wrong password/,
  );
  await expect(store.readOnly('TRUNCATE TABLE lab.votes')).rejects.toThrow();
});
