import { afterAll, beforeAll, expect, test } from 'vitest';
import { useCryptography } from '../../node/crypto/cryptography.ts';
import { ZERO_ID } from '../../node/id.ts';
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import { played, type PlayedTest } from './playing.ts';
import type { World } from '../../lab/simulator/world.ts';

const { k } = DEFAULT_PARAMETERS;

beforeAll(() => useCryptography('ideal'));
afterAll(() => useCryptography('real'));

/** A client and its load in a network of which these peers sleep and those don't. */
function manifest(asleep: number, awake: number, durationMs: number): string {
  return `name: sleeping
durationMs: ${durationMs}
timeScale: 1
protocol: {pow: {memoryKiB: 8, passes: 1, bits: 1}}
regions: [{name: east}, {name: west}]
links: [{default: {delayMs: 30}}]
peers:
  - {group: sleeper, count: ${asleep}, asleep: true}
${awake > 0 ? `  - {group: honest, count: ${awake}}\n` : ''}
clients: {count: 1, queryRatePerSecond: 0}
load: {transactionsPerSecond: 4, tokensPerTransaction: {1: 0.7, 2: 0.3}}
`;
}

function outcomesOf(run: PlayedTest) {
  const told = run.rows('transactions').filter(({ part }) => part === 'client');
  const of = (wanted: string) => told.filter(({ outcome }) => outcome === wanted);
  return { submitted: of('submitted'), committed: of('committed') };
}

test('a network that sleeps commits what it is asked to, and only those awake whom it concerns', async () => {
  const meshedAwake: number[] = [];
  const look = (world: World) =>
    void (world.underWay() > 0 || meshedAwake.push(world.lazy.awake.size));
  const run = await played(manifest(600, 0, 2500), { look });
  const { world, links } = run;
  expect(Math.max(...meshedAwake.slice(0, 3))).toBeLessThanOrEqual(64);
  expect(links.every(({ ok }) => ok)).toBe(true);
  const { submitted, committed } = outcomesOf(run);
  expect(submitted.length).toBeGreaterThan(4);
  expect(committed).toHaveLength(submitted.length);
  expect(world.lazy.awake.size).toBeLessThan(64 + submitted.length * 2.5 * 2 * k);
  expect(world.lazy.awake.size).toBeLessThan(500);
  const byAddress = new Map(
    [...world.lazy.awake.values()].map((peer) => [peer.identity.address, peer]),
  );
  const [any] = byAddress.values();
  for (const token of committed.flatMap(({ tokens }) => (Array.isArray(tokens) ? tokens : []))) {
    const keepers = any?.membership.near(String(token), k) ?? [];
    const held = keepers.map((id) => byAddress.get(id)?.chain.state.get(String(token))?.tx);
    expect(held).not.toContain(undefined);
    expect(new Set(held).size).toBe(1);
    expect(held).not.toContain(ZERO_ID);
  }
  expect(run.announced).toContain(`${world.lazy.awake.size} of 600 sleeping peers were reached`);
});

test('who was woken says nothing of its own accord', async () => {
  const { world } = await played(manifest(200, 0, 1500));
  const { awake } = world.lazy;
  const before = { awake: awake.size, sent: world.network.sent };
  // Storage rounds, leases, upkeep and new tickets would all have come several times.
  world.scheduler.runUntil(world.now + 70_000);
  expect(awake.size).toBe(before.awake);
  // The client renews the tickets of its connections, each of which answers.
  expect(world.network.sent - before.sent).toBeLessThan(64 * 2 * 5);
});

test('whoever sleeps and is woken, the same seed plays the same run', async () => {
  const one = await played(manifest(200, 0, 1000));
  const other = await played(manifest(200, 0, 1000), { telemetry: false });
  expect(one.traceHash).toBe(other.traceHash);
});

test('those that are awake and those that sleep are one network', async () => {
  const run = await played(manifest(150, 20, 2000));
  const { submitted, committed } = outcomesOf(run);
  expect(submitted.length).toBeGreaterThan(3);
  expect(committed).toHaveLength(submitted.length);
  expect([...run.world.members.values()].every(({ health }) => health?.members === 170)).toBe(true);
});
