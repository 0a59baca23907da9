import { createServer } from 'node:http';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import type { VoteRow } from '../telemetry.ts';
import { timestamp } from './clock.ts';
import { Telemetry, wireRow } from './telemetry.ts';

const VOTE: VoteRow = { table: 'votes', tx: 'aa', token: 'bb', verdict: 'valid' };
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** An endpoint that answers each post with the next of `statuses`, then 200. */
async function endpoint(
  statuses: readonly (readonly [status: number, body: string])[],
  whenTaken = (answer: () => void): void => answer(),
) {
  const posts: { table: string; rows: string[]; authorization: string }[] = [];
  const waiting = [...statuses];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const query = new URL(request.url ?? '', 'http://x').searchParams.get('query') ?? '';
      posts.push({
        table: /INTO (\S+)/i.exec(query)?.[1] ?? '',
        rows: body.trim().split('\n'),
        authorization: request.headers.authorization ?? '',
      });
      const [status, text] = waiting.shift() ?? [200, ''];
      whenTaken(() => response.writeHead(status).end(text));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { posts, url: `http://127.0.0.1:${address.port}` };
}

const telemetryTo = (url: string): Telemetry =>
  new Telemetry({ run: 'r', peer: 'p', url, user: 'p', password: 'secret' }, () => {});

test('rows reach the endpoint as JSON lines with run, time and peer', async () => {
  const { posts, url } = await endpoint([]);
  const telemetry = telemetryTo(url);
  telemetry.report(VOTE);
  telemetry.report(VOTE);
  await telemetry.close(5000);
  expect(posts.length).toBe(1);
  expect(posts[0]?.table).toBe('lab.votes');
  expect(posts[0]?.authorization).toBe(`Basic ${btoa('p:secret')}`);
  expect(posts[0]?.rows.length).toBe(2);
  const row: unknown = JSON.parse(posts[0]?.rows[0] ?? '');
  expect(row).toMatchObject({ run: 'r', peer: 'p', tx: 'aa', token: 'bb', verdict: 'valid' });
});

test('a batch that failed is sent again until it is acknowledged', async () => {
  const full = 'Code: 202. DB::Exception: come again. (TOO_MANY_SIMULTANEOUS_QUERIES)';
  const { posts, url } = await endpoint([
    [503, full],
    [503, full],
  ]);
  const telemetry = telemetryTo(url);
  telemetry.report(VOTE);
  await telemetry.close(5000);
  expect(posts.length).toBe(3);
  expect(new Set(posts.map(({ rows }) => rows[0])).size).toBe(1);
  expect(telemetry.dropped).toBe(0);
});

test('rows that the endpoint refuses for good are counted and do not block the others', async () => {
  const { posts, url } = await endpoint([[400, 'Code: 117. DB::Exception: bad. (INCORRECT_DATA)']]);
  const telemetry = telemetryTo(url);
  telemetry.report(VOTE);
  telemetry.report({ table: 'flags', accused: 'a', layer: 'l', reason: 'r', score: null });
  await telemetry.close(5000);
  expect(posts.map(({ table }) => table)).toEqual(['lab.votes', 'lab.flags']);
  expect(telemetry.dropped).toBe(1);
});

test('without an endpoint the queue is bounded and what is lost is counted', async () => {
  const telemetry = telemetryTo('http://127.0.0.1:1');
  for (let n = 0; n < 20_100; n += 1) telemetry.report(VOTE);
  expect(telemetry.dropped).toBe(100);
  await telemetry.close(0);
});

test('fields become columns and times become UTC text with microseconds', () => {
  expect(timestamp(1_700_000_000_123.456)).toBe('2023-11-14 22:13:20.123456');
  expect(timestamp(0)).toBe('1970-01-01 00:00:00.000000');
  const row = wireRow({
    table: 'slashing',
    accused: 'a',
    event: 'voted',
    package: 'p',
    tx: 't',
    votesFor: 3,
    votesAgainst: null,
  });
  expect(row).toEqual({
    accused: 'a',
    event: 'voted',
    package: 'p',
    tx: 't',
    votes_for: 3,
    votes_against: null,
  });
});

test("times are told as true times, but for those that another peer's clock showed", () => {
  const statement = {
    table: 'statements',
    speaker: 's',
    statement: 'x',
    token: 't',
    owner: '',
    tx: '',
    epoch: 1,
    sequence: 1,
    height: 1,
    head: 'h',
    statedAt: 1_700_000_060_000,
    receivedAt: 1_700_000_060_000,
    disagreed: false,
    bytes: 1,
  } as const;
  const row = wireRow(statement, (shownMs) => shownMs - 60_000);
  expect(row['stated_at']).toBe('2023-11-14 22:14:20.000000');
  expect(row['received_at']).toBe('2023-11-14 22:13:20.000000');
});

test('tables are posted together: one that is acknowledged late delays no other', async () => {
  const held: (() => void)[] = [];
  const { posts, url } = await endpoint([], (answer) => held.push(answer));
  const telemetry = telemetryTo(url);
  telemetry.report(VOTE);
  telemetry.report({ table: 'flags', accused: 'a', layer: 'l', reason: 'r', score: null });
  const closed = telemetry.close(10_000);
  await expect.poll(() => posts.length, { timeout: 5000 }).toBe(2);
  for (const answer of held) answer();
  await closed;
});

test('rows that keep coming while others are taken hold up no flush', async () => {
  let taken = 0;
  // Each post takes as long as it takes for the next row to come.
  const { url } = await endpoint([], (answer) => {
    taken += 1;
    if (taken < 200) telemetry.report(VOTE);
    answer();
  });
  const telemetry = telemetryTo(url);
  telemetry.report(VOTE);
  await telemetry.flush(10_000);
  expect(taken).toBe(1);
  await telemetry.close(10_000);
});
