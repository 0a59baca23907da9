/** What a reader with the token might try beyond reading rows. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openOffering, type Offering } from './offering.ts';

const SECRET = 'a-secret-of-the-machine';
let offering: Offering;
let secret: string;
let target: string;

beforeAll(async () => {
  offering = await openOffering();
  secret = path.join(offering.home, 'secret.txt');
  target = path.join(offering.home, 'written.txt');
  writeFileSync(secret, `${SECRET}\n`);
  const vote = { run: 'r', ts: '2026-01-15 12:00:00', peer: 'p', tx: 't', token: 'x' };
  await offering.store('r', { 'lab.votes': [{ ...vote, verdict: 'commit' }] });
});

afterAll(() => offering.close());

async function refused(sql: string, search: Readonly<Record<string, string>> = {}): Promise<void> {
  const response = await offering.ask(sql, search);
  const text = await response.text();
  expect(response.status, `${sql}\n${text}`).toBeGreaterThanOrEqual(400);
  expect(text).toMatch(/^Code: \d+\. DB::Exception: /);
  expect(text, sql).not.toContain(SECRET);
  expect(existsSync(target), sql).toBe(false);
}

test('nothing that writes is done', async () => {
  const statements = [
    "INSERT INTO lab.votes (run) VALUES ('forged')",
    "INSERT INTO lab.votes (run) SELECT 'forged'",
    `INSERT INTO FUNCTION file('${target}', 'TSV', 'a String') SELECT 'x'`,
    `SELECT 1 INTO OUTFILE '${target}'`,
    `SELECT 1 INTO/**/OUTFILE '${target}'`,
    `select 1 into -- a comment\n outfile '${target}' truncate`,
    'ALTER TABLE lab.votes DELETE WHERE 1',
    "ALTER TABLE lab.votes UPDATE verdict = 'x' WHERE 1",
    'ALTER TABLE lab.votes DROP PARTITION 202601',
    'DELETE FROM lab.votes WHERE 1',
    'TRUNCATE TABLE lab.votes',
    'DROP TABLE lab.votes',
    'DROP DATABASE lab',
    'RENAME TABLE lab.votes TO lab.votes2',
    'OPTIMIZE TABLE lab.votes FINAL',
    'CREATE TABLE lab.mine (a Int8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE mine (a Int8)',
    'CREATE VIEW lab.v AS SELECT 1',
    'CREATE DATABASE mine',
    'CREATE FUNCTION f AS x -> x',
    'CREATE USER mine',
    'GRANT ALL ON *.* TO default',
    'SYSTEM STOP MERGES lab.votes',
    'SYSTEM SHUTDOWN',
    'DETACH TABLE lab.votes',
    'ATTACH TABLE lab.votes2',
    "BACKUP TABLE lab.votes TO Disk('default', 'b')",
    "SELECT 1; INSERT INTO lab.votes (run) VALUES ('forged')",
    'SET readonly = 0',
    'SET readonly = 0; DROP TABLE lab.votes',
  ];
  for (const sql of statements) await refused(sql);
  await refused('DROP TABLE lab.votes', { readonly: '0' });
  await refused("INSERT INTO lab.votes (run) VALUES ('forged')", { database: 'lab' });
  const rows = await offering.ask('SELECT run, count() FROM lab.votes GROUP BY run');
  expect(await rows.text()).toBe('r\t1\n');
}, 60_000);

test('no file and no other machine is read', async () => {
  const hex = Buffer.from('f').toString('hex');
  const sources = [
    `SELECT * FROM file('${secret}', 'LineAsString')`,
    `SELECT file('${secret}')`,
    `SELECT FILE('${secret}')`,
    `SELECT file/**/('${secret}')`,
    `SELECT * APPLY(file) FROM (SELECT '${secret}' AS x)`,
    `SELECT arrayMap(file, ['${secret}'])`,
    `SELECT "\\x${hex}ile"('${secret}')`,
    `SELECT \`fi\\Nle\`('${secret}')`,
    `SELECT * FROM eval(concat('SELECT fi', 'le(''${secret}'')'))`,
    `SELECT * FROM eval('SELECT 1') SETTINGS allow_experimental_eval_table_function = 1`,
    `SELECT * FROM filesystem('${offering.home}')`,
    `SELECT 'a' FORMAT Template SETTINGS format_template_resultset = '${secret}'`,
    `SELECT 'a' FORMAT Template SETTINGS format_template_row = '${secret}'`,
    `SELECT 'a' AS a FORMAT Protobuf SETTINGS format_schema = '${secret}:A'`,
    `SELECT * FROM sqlite('${secret}', 't')`,
    `SELECT * FROM deltaLakeLocal('${offering.home}')`,
    `SELECT * FROM icebergLocal('${offering.home}')`,
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('https://some-bucket.s3.amazonaws.com/key', 'LineAsString')",
    "SELECT * FROM azureBlobStorage('http://127.0.0.1:1', 'a', 'b')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:1/x', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1:1', 'lab', 'votes')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mongodb('127.0.0.1:1', 'a', 'b', 'c', 'd', 'a String')",
    "SELECT * FROM redis('127.0.0.1:1', 'a', 'a String')",
    "SELECT aiGenerate('x') SETTINGS allow_experimental_ai_functions = 1",
    'SELECT addressToLine(1)',
  ];
  for (const sql of sources) await refused(sql);
  await refused("SELECT 'a' FORMAT Template", { format_template_row: secret });
  await refused('SELECT {f:Identifier}(1)', { param_f: 'file' });
  await refused("SELECT * FROM merge('system', '.*') FORMAT Null", { default_format: 'a b' });
}, 60_000);

test('limits cannot be lifted', async () => {
  for (const name of [
    'max_execution_time',
    'max_memory_usage',
    'max_result_rows',
    'max_result_bytes',
  ]) {
    await refused(`SELECT 1 SETTINGS ${name} = 0`);
    await refused(`SET ${name} = 100000000000`);
  }
  await refused('SELECT 1', { max_memory_usage: '0' });
  await refused('SELECT 1', { 'max_threads = 1; DROP TABLE lab.votes; SET a': '1' });
  await refused('SELECT 1', { compress: '1' });
  await refused('SELECT 1', { database: 'lab`; DROP TABLE lab.votes' });
  await refused(
    'SELECT 1',
    Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`s${n}`, ''])),
  );
  // A client's own deadline is no wish for more.
  expect((await offering.ask('SELECT 1', { max_execution_time: '65' })).status).toBe(200);
});

test('words that only look like the forbidden ones are taken', async () => {
  const sql = "SELECT 1 AS profile, 'files' AS retrieval, 2 AS file_count";
  expect(await (await offering.ask(sql)).text()).toBe('1\tfiles\t2\n');
  expect(readFileSync(secret, 'utf8')).toBe(`${SECRET}\n`);
});
