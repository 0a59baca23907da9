import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { retentionStatements } from '../../lab/telemetry/retention.ts';
import { ALL_TABLES, BOOTSTRAP, MIGRATIONS, PEER_TABLES } from '../../lab/telemetry/schema.ts';
import { runAs, userElement, USERS_FILE, type Outcome } from './rights.ts';

const ROW = `"run":"r","ts":"2026-01-15 12:00:00","peer":"p"`;
const insertInto = (table: string) => `INSERT INTO ${table} FORMAT JSONEachRow {${ROW}}`;
const DENIED = /ACCESS_DENIED|READONLY/;

let folder: string;
let store: string;
/** What the writer did first: the lab's own statements, on an empty server. */
let migrated: Outcome[];

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lab-compose-'));
  store = path.join(folder, 'store');
  migrated = runAs('writer', store, [
    ...BOOTSTRAP,
    ...MIGRATIONS.flatMap((migration) => migration.statements),
    'INSERT INTO lab.schema_version (version) VALUES (1)',
    ...ALL_TABLES.flatMap((table) => retentionStatements(table, '', 180)),
    insertInto('lab.votes'),
    "INSERT INTO truth.roles (run, member) VALUES ('r', 'm')",
    'SELECT count() FROM lab.votes, truth.roles',
    "SELECT count() > 20 FROM system.tables WHERE database = 'lab' AND engine_full LIKE '%TTL%'",
  ]);
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function expectDenied(user: string, statements: readonly string[]): void {
  for (const [at, outcome] of runAs(user, store, statements).entries()) {
    expect([statements[at], outcome.ok], outcome.text).toEqual([statements[at], false]);
    expect(outcome.text, statements[at]).toMatch(DENIED);
  }
}

test('the writer makes, migrates and fills the lab’s tables, with a rule for how long rows stay', () => {
  const failed = migrated.filter(({ ok }) => !ok);
  expect(failed).toEqual([]);
  expect(migrated.slice(-2).map(({ text }) => text)).toEqual(['1\n', '1\n']);
});

test('the writer takes nothing away, and has no business elsewhere', () => {
  expectDenied('writer', [
    'DROP TABLE lab.votes',
    'TRUNCATE TABLE lab.votes',
    'ALTER TABLE lab.votes DELETE WHERE 1',
    'ALTER TABLE lab.votes DROP PARTITION 202601',
    'ALTER TABLE lab.votes DROP COLUMN verdict',
    'RENAME TABLE lab.votes TO lab.other',
    'DROP DATABASE truth',
    'CREATE DATABASE other',
    'CREATE TABLE default.mine (a Int8) ENGINE = MergeTree ORDER BY a',
    'CREATE FUNCTION f AS x -> x',
    'CREATE USER other',
    'GRANT SELECT ON lab.* TO default',
    'SYSTEM SHUTDOWN',
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
  ]);
});

test('the reader reads lab and truth, and writes nothing', () => {
  const reads = [
    'SELECT count() FROM lab.votes',
    'SELECT count() FROM truth.roles',
    'SELECT 1 SETTINGS max_execution_time = 65',
    "SELECT count() > 0 FROM system.columns WHERE database = 'lab'",
  ];
  expect(runAs('reader', store, reads).map(({ text }) => text)).toEqual([
    '1\n',
    '1\n',
    '1\n',
    '1\n',
  ]);
  expectDenied('reader', [
    insertInto('lab.votes'),
    'INSERT INTO truth.roles (run) VALUES (1)',
    'ALTER TABLE lab.votes ADD COLUMN a Int8',
    'CREATE TABLE lab.mine (a Int8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE mine (a Int8)',
    'DROP TABLE lab.votes',
    'SYSTEM STOP MERGES lab.votes',
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    'SET readonly = 0',
  ]);
  const [lifted] = runAs('reader', store, ['SELECT 1 SETTINGS max_execution_time = 100000']);
  expect(lifted?.text).toMatch(/SETTING_CONSTRAINT_VIOLATION/);
});

test('a volunteer adds rows to every table that peers fill, and sees none', () => {
  const tables = Object.keys(PEER_TABLES).map((table) => `lab.${table}`);
  const outcomes = runAs('volunteer', store, tables.map(insertInto));
  for (const [at, outcome] of outcomes.entries()) {
    expect([tables[at], outcome.ok], outcome.text).toEqual([tables[at], true]);
  }
  const others = ALL_TABLES.filter((table) => !tables.includes(table));
  expect(others).toContain('truth.roles');
  expectDenied('volunteer', [
    ...others.map((table) => `INSERT INTO ${table} (run) VALUES ('forged')`),
    ...ALL_TABLES.map((table) => `SELECT * FROM ${table}`),
    'INSERT INTO lab.votes SELECT * FROM lab.votes',
    'INSERT INTO lab.votes (run, tx) SELECT run, member FROM truth.roles',
    'ALTER TABLE lab.votes ADD COLUMN a Int8',
    'DROP TABLE lab.votes',
    'TRUNCATE TABLE lab.votes',
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
  ]);
  const [lifted] = runAs('volunteer', store, ['SET max_memory_usage = 0']);
  expect(lifted?.text).toMatch(/SETTING_CONSTRAINT_VIOLATION/);
}, 60_000);

test('nobody is without a password, and the server’s own user is gone', () => {
  const text = readFileSync(USERS_FILE, 'utf8');
  expect(text).toContain('<default remove="remove"/>');
  const names = ['writer', 'reader', 'volunteer'];
  const passwords = names.map(
    (name) => /<password from_env="(\w+)"\/>/.exec(userElement(name))?.[1],
  );
  expect(new Set(passwords).size).toBe(3);
  expect(text.match(/<password/g)).toHaveLength(3);
  expect(text).not.toMatch(/no_password|access_management|GRANT ALL|ON \*\.\*|GRANT OPTION/);
});
