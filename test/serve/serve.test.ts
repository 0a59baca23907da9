import { createClient } from '@clickhouse/client';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TRUTH_QUERIES } from '../../lab/analysis/queries.ts';
import { LAB_QUERIES } from '../../lab/telemetry/queries.ts';
import { RUN, sampleRows } from '../report/sample-run.ts';
import { parametersOf } from '../telemetry/parameters.ts';
import { readNative } from './native-reader.ts';
import { openOffering, TOKEN, type Offering } from './offering.ts';

/** What clickhouse-go 2.47, which is in Grafana's plug-in 4.20, calls itself. */
const GO_REVISION = 54_460;

let offering: Offering;

beforeAll(async () => {
  offering = await openOffering();
  await offering.store(RUN, sampleRows());
  const other = { run: 'other', ts: '2026-01-15 12:00:00', peer: 'p', tx: 't', token: 'x' };
  await offering.store('other', { 'lab.votes': [{ ...other, verdict: 'commit' }] });
});

afterAll(() => offering.close());

async function native(sql: string, revision: number): Promise<ReturnType<typeof readNative>> {
  const search = { default_format: 'Native', client_protocol_version: String(revision) };
  const response = await offering.ask(sql, revision === 0 ? { default_format: 'Native' } : search);
  expect(response.status, sql).toBe(200);
  return readNative(Buffer.from(await response.arrayBuffer()), revision);
}

test('all runs are behind one address, and every named query answers as it does in the store', async () => {
  const both = 'SELECT run FROM lab.votes UNION DISTINCT SELECT run FROM lab.statements';
  const response = await offering.ask(`SELECT run FROM (${both}) ORDER BY run`);
  expect(await response.text()).toBe(`other\n${RUN}\n`);
  const client = createClient({ url: offering.url, username: 'reader', password: TOKEN });
  for (const { name, sql } of [...LAB_QUERIES, ...TRUTH_QUERIES]) {
    const query_params = parametersOf(sql);
    const result = await client.query({ query: sql, format: 'JSONEachRow', query_params });
    await expect(result.json(), name).resolves.toBeInstanceOf(Array);
  }
  const settings = { output_format_json_quote_64bit_integers: 0 } as const;
  const counted = await client.query({
    query: 'SELECT count() AS n FROM lab.votes WHERE run = {run:String}',
    query_params: { run: "it's\tother\\" },
    format: 'JSONEachRow',
    clickhouse_settings: settings,
  });
  expect(await counted.json()).toEqual([{ n: 0 }]);
  expect(await client.ping()).toEqual({ success: true });
  await client.close();
}, 60_000);

test('clickhouse-go’s hand-shake and ping are answered in blocks of its protocol version', async () => {
  const hello = await native(
    'SELECT displayName(), version(), revision(), timezone()',
    GO_REVISION,
  );
  expect(hello.map(({ type }) => type)).toEqual(['String', 'String', 'UInt32', 'String']);
  expect(hello.at(1)?.values[0]).toMatch(/^2\d\.\d+\.\d+/);
  expect(hello.at(2)?.values[0]).toBeGreaterThan(GO_REVISION);
  expect(hello.at(3)?.values[0]).toMatch(/UTC/);
  const ping = await native('SELECT 1', GO_REVISION);
  expect(ping).toMatchObject([{ name: '1', values: [1] }]);
});

test('columns of every kind come over whole, whatever the version of the client', async () => {
  const sql = `SELECT number AS n, toString(number) AS s, toLowCardinality(toString(number % 7)) AS l,
    if(number % 3 = 0, NULL, number / 4) AS f, arrayMap(x -> toString(x), range(number % 4)) AS a,
    arrayMap(x -> toLowCardinality(toString(x)), range(number % 3)) AS al,
    toDateTime64(number, 6, 'UTC') AS t, toDateTime(number, 'UTC') AS d, number % 2 = 0 AS b,
    CAST(if(number % 5 = 0, NULL, 'x'), 'LowCardinality(Nullable(String))') AS ln,
    tuple(number, 'x') AS u, map('k', number) AS m, toFixedString('ab', 2) AS fs,
    CAST([], 'Array(LowCardinality(String))') AS e, toUUID('00000000-0000-0000-0000-000000000001') AS id
    FROM numbers(3000) SETTINGS max_block_size = 700`;
  const [old, now] = [await native(sql, 0), await native(sql, GO_REVISION)];
  expect(now).toEqual(old);
  const columns = Object.fromEntries(now.map(({ name, values }) => [name, values]));
  expect(columns['n']).toHaveLength(3000);
  const row = Object.fromEntries(now.map(({ name, values }) => [name, values[2999]]));
  expect(row).toMatchObject({
    n: 2999,
    s: '2999',
    l: '3',
    f: 749.75,
    a: ['0', '1', '2'],
    al: ['0', '1'],
  });
  expect(row).toMatchObject({ t: 2_999_000_000, d: 2999, ln: 'x', u: [2999, 'x'], e: [] });
  expect(row).toMatchObject({ m: [['k', 2999]], fs: 'ab' });
  expect(columns['ln']?.slice(0, 2)).toEqual([null, 'x']);
  // No block at all; clickhouse-go takes a length of 0 for no rows.
  expect(await native('SELECT run FROM lab.votes WHERE 0', GO_REVISION)).toEqual([]);
}, 120_000);

test('a real table in Native is what it is in JSON', async () => {
  const sql = 'SELECT run, peer, tx, tokens, committed_at IS NULL AS open FROM lab.transactions';
  const json = await offering.ask(`${sql} ORDER BY ALL FORMAT JSONCompactColumns`);
  const columns = await native(`${sql} ORDER BY ALL`, GO_REVISION);
  expect(columns.map(({ values }) => values)).toEqual(await json.json());
});

test('what Native cannot offer is refused with what to do', async () => {
  const search = { default_format: 'Native', client_protocol_version: String(GO_REVISION) };
  const response = await offering.ask("SELECT CAST('{\"a\":1}', 'JSON') AS j", search);
  expect(response.status).toBe(501);
  expect(await response.text()).toMatch(/Code: 48\. .*toString\(\)/);
});

test('gzip goes both ways', async () => {
  const response = await fetch(`${offering.url}/?default_format=Native`, {
    method: 'POST',
    body: gzipSync('SELECT number FROM numbers(10000)'),
    headers: {
      authorization: `Basic ${btoa(`reader:${TOKEN}`)}`,
      'content-encoding': 'gzip',
      'accept-encoding': 'gzip',
    },
  });
  expect(response.headers.get('content-encoding')).toBe('gzip');
  // fetch unpacks it.
  const [column] = readNative(Buffer.from(await response.arrayBuffer()), 0);
  expect(column?.values).toHaveLength(10_000);
});

test('errors carry ClickHouse’s code, name and status', async () => {
  const cases = [
    ['SELEC 1', 400, '62', 'SYNTAX_ERROR'],
    ['SELECT * FROM lab.nothing', 404, '60', 'UNKNOWN_TABLE'],
    ['SELECT nothing FROM lab.votes', 404, '47', 'UNKNOWN_IDENTIFIER'],
    ['SELECT sleep(3) SETTINGS max_execution_time = 1', 408, '159', 'TIMEOUT_EXCEEDED'],
    ['SELECT number FROM numbers(2000000)', 500, '396', 'TOO_MANY_ROWS_OR_BYTES'],
  ] as const;
  for (const [sql, status, code, name] of cases) {
    const response = await offering.ask(sql);
    const text = await response.text();
    expect([sql, response.status], text).toEqual([sql, status]);
    expect(response.headers.get('x-clickhouse-exception-code')).toBe(code);
    expect(text).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: .*\\(${name}\\)`, 's'));
  }
}, 60_000);

test('nobody without the token gets more than a ping', async () => {
  const auth = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;
  const headers = [
    {},
    { authorization: auth('reader', 'wrong') },
    { authorization: auth('default', TOKEN) },
    { authorization: auth('default', '') },
    { 'x-clickhouse-user': 'reader', 'x-clickhouse-key': TOKEN.slice(1) },
  ];
  for (const given of headers) {
    const response = await fetch(`${offering.url}/?query=SELECT+1`, { headers: given });
    expect(response.status).toBe(403);
    expect(response.headers.get('x-clickhouse-exception-code')).toBe('516');
  }
  expect(await (await fetch(`${offering.url}/ping`)).text()).toBe('Ok.\n');
  const right = { 'x-clickhouse-user': 'reader', 'x-clickhouse-key': TOKEN };
  const asked = await fetch(`${offering.url}/?query=SELECT+1`, { headers: right });
  expect(await asked.text()).toBe('1\n');
});

test('a huge body is refused before it is read, more questions than have room wait or are sent away', async () => {
  // Its sender has not said all of it when the answer comes.
  const huge = request(`${offering.url}/`, {
    method: 'POST',
    auth: `reader:${TOKEN}`,
    headers: { 'transfer-encoding': 'chunked' },
  });
  huge.on('error', () => undefined);
  huge.write('x'.repeat(300 * 1024));
  const [answer]: IncomingMessage[] = await once(huge, 'response');
  expect(answer?.statusCode).toBe(413);
  huge.destroy();
  const many = Array.from({ length: 200 }, () =>
    offering.ask('SELECT sleepEachRow(0.01) FROM numbers(3)'),
  );
  const statuses = (await Promise.all(many)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200, 503]));
  // Four run and 128 wait; as places get free while the last ones arrive, a few more are taken.
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(132);
  expect((await offering.ask('SELECT 1')).status).toBe(200);
}, 120_000);

test('one query’s settings, parameters and database do not reach the next', async () => {
  await offering.ask('SELECT 1', { max_threads: '1', database: 'lab', param_x: '1' });
  await offering.ask('SET max_block_size = 77');
  const sql = "SELECT currentDatabase(), getSetting('max_block_size') = 77";
  expect(await (await offering.ask(sql)).text()).toBe('default\t0\n');
  expect((await offering.ask('SELECT {x:String}')).status).not.toBe(200);
});

test('rows stored meanwhile, and new runs, are there a little later; old copies go', async () => {
  const count = async (): Promise<string> =>
    (await offering.ask("SELECT count() FROM lab.votes WHERE run LIKE 'other%'")).text();
  expect(await count()).toBe('1\n');
  const vote = { ts: '2026-01-15 12:00:01', peer: 'q', tx: 't', token: 'x', verdict: 'commit' };
  await offering.store('other', { 'lab.votes': [{ ...vote, run: 'other' }] });
  await offering.store('other-2', { 'lab.votes': [{ ...vote, run: 'other-2' }] });
  offering.wait(4000);
  expect(await count()).toBe('1\n');
  offering.wait(6000);
  await expect.poll(count, { timeout: 60_000 }).toBe('3\n');
  await expect
    .poll(() => readdirSync(path.join(offering.home, 'serve')).length, { timeout: 30_000 })
    .toBe(1);
}, 120_000);
