import { afterEach, expect, test } from 'vitest';
import type { Health } from '../control.ts';
import type { Row } from '../telemetry.ts';
import { logLevel } from './log.ts';
import { Metrics } from './metrics.ts';
import { type Operations, openOperations, operationsEndpoint } from './operations.ts';
import { lineFor } from './row-log.ts';

const health = {
  meshed: false,
  connected: 3,
  wanted: 4,
  members: 5,
  banned: 0,
  epoch: 1,
  height: 7,
  tokens: 2,
  pending: 0,
  frozen: 0,
} as Health;

const vote: Row = { table: 'votes', tx: 'a', token: 'b', verdict: 'valid' };
const suspicion: Row = {
  table: 'flags',
  accused: 'c',
  layer: 'cross-check',
  reason: 'disagrees',
  score: null,
};

let open: Operations | null = null;
afterEach(() => open?.close());

test('totals are those of the rows, and a label cannot break out of its quotes', () => {
  const metrics = new Metrics();
  metrics.count(vote);
  metrics.count(vote);
  metrics.count({
    table: 'messages',
    direction: 'in',
    type: 'odd"\n\\type',
    count: 3,
    datagrams: 1,
    bytes: 70,
  });
  const text = metrics.text(health);
  expect(text).toContain('peer_votes_total{verdict="valid"} 2\n');
  expect(text).toContain(String.raw`peer_messages_total{type="odd\"\n\\type",direction="in"} 3`);
  expect(text).toContain('peer_meshed 0\n');
  expect(text).toContain('peer_height 7\n');
  // Name, labels in braces or none, one number: nothing else but comments.
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^(# (HELP|TYPE) peer_\S+ .+|peer_[a-z0-9_]+(\{.*\})? [\d.]+)$/);
  }
});

test('an operator gets health with its status, metrics, and nothing else', async () => {
  const metrics = new Metrics();
  let now = health;
  open = await openOperations({ ip: '127.0.0.1', port: 0 }, { health: () => now, metrics });
  const { ip, port } = open.local;
  const get = (path: string, method = 'GET') => fetch(`http://${ip}:${port}${path}`, { method });
  expect((await get('/health')).status).toBe(503);
  now = { ...health, meshed: true };
  const answer = await get('/health');
  expect([answer.status, await answer.json()]).toEqual([200, now]);
  expect(await (await get('/metrics')).text()).toContain('peer_meshed 1');
  expect((await get('/')).status).toBe(404);
  expect((await get('/health', 'POST')).status).toBe(405);
});

test('a wrong address and one that is taken are refused in words', async () => {
  for (const wrong of ['9100', 'localhost:9100', '127.0.0.1:99999', '127.0.0.1']) {
    expect(() => operationsEndpoint(wrong)).toThrow(/PEER_OPERATIONS/);
  }
  expect(operationsEndpoint(undefined)).toBeNull();
  const sources = { health: () => health, metrics: new Metrics() };
  open = await openOperations({ ip: '127.0.0.1', port: 0 }, sources);
  await expect(openOperations(open.local, sources)).rejects.toThrow(/cannot listen/);
});

test('the log tells what is rare and leaves the daily course to telemetry', () => {
  expect(lineFor(vote)).toBeNull();
  expect(lineFor(suspicion)).toEqual({
    level: 'info',
    event: 'flagged',
    details: { accused: 'c', layer: 'cross-check', reason: 'disagrees', score: null },
  });
  expect(['debug', 'error', 'loud', undefined].map(logLevel)).toEqual([
    'debug',
    'error',
    'info',
    'info',
  ]);
});
