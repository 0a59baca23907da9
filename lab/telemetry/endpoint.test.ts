import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { LabError } from '../errors.ts';
import { MIGRATIONS } from './schema.ts';
import { TelemetryEndpoint } from './endpoint.ts';
import { openStore, serverFromEnvironment } from './open.ts';
import type { TelemetryStore } from './store.ts';

let directory: string;
let store: TelemetryStore;
let endpoint: TelemetryEndpoint;
let server: Server;
let base: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lab-endpoint-'));
  store = await openStore(path.join(directory, 'store'), null);
  server = createServer((request, response) => endpoint.handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  base = `http://127.0.0.1:${address.port}`;
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const NOW = () => Date.UTC(2026, 0, 15, 12);

beforeEach(async () => {
  endpoint = new TelemetryEndpoint(store, (user, password) => password === `pw-${user}`, {
    run: 'r',
    now: NOW,
  });
  await store.query('TRUNCATE TABLE lab.votes');
});

function vote(peer: string, n: number): Record<string, string> {
  const ts = '2026-01-15 12:00:00.000001';
  return { run: 'r', ts, peer, tx: String(n), token: 'bb', verdict: 'valid' };
}

function post(user: string, rows: readonly object[], table = 'votes'): Promise<Response> {
  const query = encodeURIComponent(`INSERT INTO lab.${table} FORMAT JSONEachRow`);
  return fetch(`${base}/?query=${query}`, {
    method: 'POST',
    headers: { 'x-clickhouse-user': user, 'x-clickhouse-key': `pw-${user}` },
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
  });
}

async function stored(): Promise<string[]> {
  const rows = await store.query<{ peer: string }>('SELECT peer FROM lab.votes ORDER BY peer');
  return rows.map((row) => row.peer);
}

test('the ClickHouse client inserts through the endpoint, plain and gzipped', async () => {
  for (const request of [false, true]) {
    const client = createClient({
      url: base,
      username: 'h1',
      password: 'pw-h1',
      compression: { request },
    });
    expect((await client.ping()).success).toBe(true);
    await client.insert({ table: 'lab.votes', values: [vote('h1', 1)], format: 'JSONEachRow' });
    await client.close();
  }
  expect(await stored()).toEqual(['h1', 'h1']);
  expect(endpoint.counts()).toEqual({ rows: 2, refused: 0 });
});

test('what is acknowledged is stored', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => post(`h${n}`, [vote(`h${n}`, n)])),
  );
  expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 200));
  expect((await stored()).length).toBe(20);
});

test('a post that comes again is stored once, also while the first is under way', async () => {
  const rows = [vote('h1', 1), vote('h1', 2)];
  const together = await Promise.all([post('h1', rows), post('h1', rows)]);
  const later = await post('h1', rows);
  expect([...together, later].map((answer) => answer.status)).toEqual([200, 200, 200]);
  expect(await stored()).toEqual(['h1', 'h1']);
  // Another sender's, or another post of the same one, is its own.
  await post('h2', [vote('h2', 1), vote('h2', 2)]);
  await post('h1', [vote('h1', 1), vote('h1', 3)]);
  expect(await stored()).toEqual(['h1', 'h1', 'h1', 'h1', 'h2', 'h2']);
});

test('a post that was refused is tried anew when it comes again', async () => {
  let broken = true;
  const mended: TelemetryStore = {
    ...store,
    insertLines: (table, lines) =>
      broken ? Promise.reject(new Error('no')) : store.insertLines(table, lines),
  };
  endpoint = new TelemetryEndpoint(mended, () => true, { run: 'r', now: NOW });
  expect((await post('h1', [vote('h1', 1)])).status).toBe(500);
  broken = false;
  expect((await post('h1', [vote('h1', 1)])).status).toBe(200);
  expect(await stored()).toEqual(['h1']);
});

test('nobody inserts under another’s name, or without a password', async () => {
  const forged = await post('h1', [vote('h2', 1)]);
  expect(forged.status).toBe(400);
  expect(await forged.text()).toBe(
    'Code: 117. DB::Exception: row 1: peer must be "h1". (INCORRECT_DATA)\n',
  );
  expect(forged.headers.get('x-clickhouse-exception-code')).toBe('117');
  const query = encodeURIComponent('INSERT INTO lab.votes FORMAT JSONEachRow');
  const anonymous = await fetch(`${base}/?query=${query}`, { method: 'POST', body: '{}' });
  expect(anonymous.status).toBe(403);
  expect(endpoint.counts()).toEqual({ rows: 0, refused: 2 });
  expect(await stored()).toEqual([]);
});

test('a post that the engine refuses does not take others with it', async () => {
  const picky: TelemetryStore = {
    ...store,
    insertLines: async (table, lines) => {
      if (lines.includes('"tx":"666"')) throw new Error('no');
      await store.insertLines(table, lines);
    },
  };
  endpoint = new TelemetryEndpoint(picky, () => true, { run: 'r', now: NOW });
  const statuses = await Promise.all([
    post('h1', [vote('h1', 1)]),
    post('h2', [vote('h2', 666)]),
    post('h3', [vote('h3', 3)]),
  ]);
  expect(statuses.map((answer) => answer.status)).toEqual([200, 500, 200]);
  expect(await stored()).toEqual(['h1', 'h3']);
  expect(endpoint.counts()).toEqual({ rows: 2, refused: 1 });
});

test('when more waits than memory allows, posts are sent away and come back later', async () => {
  const gate = Promise.withResolvers<void>();
  const slow: TelemetryStore = {
    ...store,
    insertLines: () => gate.promise,
  };
  endpoint = new TelemetryEndpoint(slow, () => true, { run: 'r', now: NOW });
  const row = { ...vote('h1', 1), token: 'x'.repeat(4000) };
  const big = Array.from({ length: 1800 }, () => row);
  const posts = Array.from({ length: 11 }, (_, n) => post('h1', [vote('h1', n), ...big]));
  // Nothing can be stored yet: the first answers are those that found no room.
  expect((await Promise.race(posts)).status).toBe(503);
  gate.resolve();
  const statuses = (await Promise.all(posts)).map((answer) => answer.status);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(8);
  expect(endpoint.counts().refused).toBe(0);
  expect((await post('h1', [vote('h1', 1)])).status).toBe(200);
});

test('a person may read and never write, and the lab writes on after a question', async () => {
  await store.insert('lab.flags', [{ run: 'q', ts: '2026-01-01 00:00:00', peer: 'p', score: 1 }]);
  const count = "SELECT count() AS n FROM lab.flags WHERE run = 'q'";
  expect(await store.readOnly(count)).toEqual([{ n: 1 }]);
  for (const sql of [
    'DROP TABLE lab.flags',
    'ALTER TABLE lab.flags DELETE WHERE 1',
    'INSERT INTO lab.flags SELECT * FROM lab.flags',
    'SELECT 1; DROP TABLE lab.flags',
    'SELECT 1 SETTINGS readonly = 0',
    `SELECT 1 INTO OUTFILE '${directory}/out'`,
    `SELECT 1 INTO /* a comment */ OUTFILE '${directory}/out'`,
  ]) {
    await expect(store.readOnly(sql), sql).rejects.toMatchObject({ exitCode: 2 });
  }
  await store.insert('lab.flags', [{ run: 'q', ts: '2026-01-01 00:00:00', peer: 'p', score: 1 }]);
  expect(await store.readOnly(count)).toEqual([{ n: 2 }]);
});

test('a store in use says so, and what to do', async () => {
  // In one process the engine has one directory: another one is refused the same way.
  const second = openStore(path.join(directory, 'elsewhere'), null);
  await expect(second).rejects.toBeInstanceOf(LabError);
  await expect(second).rejects.toThrow(/in use/);
});

test('the schema is applied once, however often the store is opened', async () => {
  await store.migrate();
  const rows = await store.query('SELECT version FROM lab.schema_version ORDER BY version');
  expect(rows).toEqual(MIGRATIONS.map(({ version }) => ({ version })));
});

test('a server is used when the environment names one', () => {
  expect(serverFromEnvironment({})).toBeNull();
  expect(
    serverFromEnvironment({ CLICKHOUSE_URL: 'http://db:8123', CLICKHOUSE_USER: 'lab' }),
  ).toEqual({ url: 'http://db:8123', username: 'lab' });
});
