import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_UNPACKED_BYTES, readCredentials, readInsert } from './request.ts';
import { checkRows } from './rows.ts';
import { PEER_TABLES } from './schema.ts';

const ROWS = '{"peer":"a"}\n{"peer":"b"}';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const url = (query?: string): URL =>
  new URL(query === undefined ? 'http://lab/' : `http://lab/?query=${encodeURIComponent(query)}`);

test('an insert is read from the address, from the head of the body, and gzipped', () => {
  const wanted = { ok: true, table: 'votes', rows: ROWS };
  const statement = 'INSERT INTO lab.votes FORMAT JSONEachRow';
  expect(readInsert(url(statement), {}, bytes(ROWS))).toEqual(wanted);
  expect(readInsert(url(`${statement}\n`), {}, bytes(ROWS))).toEqual(wanted);
  expect(readInsert(url('insert into `lab`.`votes` format jsoneachrow'), {}, bytes(ROWS))).toEqual(
    wanted,
  );
  for (const gap of ['\n', ' ', '\r\n']) {
    expect(readInsert(url(), {}, bytes(`${statement}${gap}${ROWS}`))).toEqual(wanted);
  }
  const packed = gzipSync(`${statement}\n${ROWS}`);
  expect(readInsert(url(), { 'content-encoding': 'gzip' }, packed)).toEqual(wanted);
});

test.each([
  ['SELECT * FROM truth.roles', 'ACCESS_DENIED'],
  ['INSERT INTO truth.roles FORMAT JSONEachRow', 'ACCESS_DENIED'],
  ['INSERT INTO lab.attacks FORMAT JSONEachRow', 'UNKNOWN_TABLE'],
  ['INSERT INTO lab.constructor FORMAT JSONEachRow', 'UNKNOWN_TABLE'],
  ['INSERT INTO lab.votes FORMAT CSV', 'UNKNOWN_FORMAT'],
  ['INSERT INTO lab.votes SELECT 1 FORMAT JSONEachRow', 'ACCESS_DENIED'],
  ['INSERT INTO lab.votes FORMAT JSONEachRow; DROP TABLE lab.votes', 'ACCESS_DENIED'],
  ['INSERT INTO lab.votes SETTINGS x=1 FORMAT JSONEachRow', 'ACCESS_DENIED'],
])('%s is refused', (statement, name) => {
  expect(readInsert(url(statement), {}, bytes(ROWS))).toMatchObject({ ok: false, name });
  expect(readInsert(url(), {}, bytes(`${statement}\n${ROWS}`))).toMatchObject({ ok: false });
});

test('a body that unpacks beyond the limit is refused without being unpacked', () => {
  const bomb = gzipSync(Buffer.alloc(MAX_UNPACKED_BYTES + 1, 32));
  expect(bomb.length).toBeLessThan(100_000);
  expect(
    readInsert(
      url('INSERT INTO lab.votes FORMAT JSONEachRow'),
      { 'content-encoding': 'gzip' },
      bomb,
    ),
  ).toMatchObject({ ok: false, name: 'CANNOT_DECOMPRESS' });
});

test('credentials come by basic auth, by ClickHouse headers or in the address', () => {
  const wanted = { user: 'honest-01', password: 'se:cret' };
  const basic = `Basic ${Buffer.from('honest-01:se:cret').toString('base64')}`;
  expect(readCredentials({ authorization: basic }, url())).toEqual(wanted);
  const headers = { 'x-clickhouse-user': 'honest-01', 'x-clickhouse-key': 'se:cret' };
  expect(readCredentials(headers, url())).toEqual(wanted);
  expect(readCredentials({}, new URL('http://lab/?user=honest-01&password=se%3Acret'))).toEqual(
    wanted,
  );
  expect(readCredentials({ authorization: 'Bearer x' }, url())).toBeNull();
  expect(readCredentials({}, url())).toBeNull();
});

test('whatever is sent is an insert or a refusal with a reason, never a throw', () => {
  const statement = fc.oneof(
    fc.string(),
    fc
      .tuple(
        fc.constantFrom('INSERT INTO ', 'insert  into', '', ' '),
        fc.constantFrom('lab.votes', 'votes', '`lab`.`votes`', '__proto__', 'lab.peers;'),
        fc.constantFrom(' FORMAT JSONEachRow', ' FORMAT ', '\n', ' VALUES FORMAT JSONEachRow\n'),
      )
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(
      statement,
      fc.boolean(),
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(undefined, 'gzip', 'identity', 'br'),
      (text, inUrl, tail, encoding) => {
        const body = Buffer.concat([bytes(inUrl ? '' : text), tail]);
        const read = readInsert(
          url(inUrl ? text : undefined),
          { 'content-encoding': encoding },
          body,
        );
        if (read.ok) expect(Object.keys(PEER_TABLES)).toContain(read.table);
        else expect(read.reason.length).toBeGreaterThan(0);
      },
    ),
  );
});

const SENDER = { peer: 'h1', run: 'r', nowMs: Date.UTC(2026, 0, 15, 12) };
const VOTE = {
  run: 'r',
  ts: '2026-01-15 12:00:00.000001',
  peer: 'h1',
  tx: 'aa',
  token: 'bb',
  verdict: 'valid',
};

test('a peer’s own rows pass, and come out as one meaning', () => {
  const twice = `${JSON.stringify(VOTE).slice(0, -1)},"verdict":"invalid"}`;
  const checked = checkRows(`${JSON.stringify(VOTE)}\n\n${twice}\n`, PEER_TABLES.votes, SENDER);
  expect(checked).toEqual({
    ok: true,
    rows: 2,
    lines: `${JSON.stringify(VOTE)}\n${JSON.stringify({ ...VOTE, verdict: 'invalid' })}`,
  });
});

test.each([
  [{ peer: 'h2' }, 'peer must be "h1"'],
  [{ run: 'other' }, 'run must be "r"'],
  [{ ts: 1768478400000 }, 'ts is not of its type'],
  [{ ts: '2026-13-15 12:00:00' }, 'ts is not of its type'],
  [{ ts: '2026-01-08 11:59:59' }, 'ts is more than 7 days from now'],
  [{ ts: '2026-01-22 12:00:01' }, 'ts is more than 7 days from now'],
  [{ verdict: 7 }, 'verdict is not of its type'],
  [{ verdict: 'x'.repeat(5000) }, 'verdict is not of its type'],
  [{ constructor: 'x' }, 'no column "constructor"'],
])('a row with %j is refused with the reason', (change, reason) => {
  const line = JSON.stringify({ ...VOTE, ...change });
  expect(checkRows(line, PEER_TABLES.votes, SENDER)).toEqual({
    ok: false,
    reason: `row 1: ${reason}`,
  });
});

test('any JSON value as a row is checked without a throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const checked = checkRows(JSON.stringify(value), PEER_TABLES.votes, SENDER);
      expect(checked.ok && checked.rows > 0).toBe(false);
    }),
  );
});
