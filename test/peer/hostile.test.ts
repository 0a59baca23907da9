import { expect, test } from 'vitest';
import { MAX_PENDING } from '../../node/voting/pending.ts';
import { Hostile, knownIds } from '../support/hostile.ts';
import { expectSafe } from '../support/invariants.ts';
import { Swarm } from '../support/swarm.ts';

const SECONDS = 4;

function storedOf(swarm: Swarm, prefix: string): number {
  const counts = swarm.seated.slice(1).map(({ host }) => [...host.store.entries(prefix)].length);
  return Math.max(...counts);
}

test('a client and a member that flood all with every type of message hurt nobody’s transactions', () => {
  const swarm = new Swarm({ peers: 7, clients: 1, seed: 21, parameters: { k: 6 } });
  swarm.mesh();
  swarm.load({ transactionsPerSecond: 4 });
  swarm.network.run(1000);
  const client = new Hostile(swarm, 200, 'client');
  const member = new Hostile(swarm, 0, 'peer');
  swarm.network.run(2000);
  for (let turn = 0; turn < 5 * SECONDS; turn += 1) {
    const known = knownIds(swarm);
    client.flood(known, { submits: 3, questions: 12 });
    member.flood(known, { submits: 2, questions: 12 });
    swarm.network.run(200);
  }
  const honest = swarm.seated.slice(1);
  const pending = honest.map(({ peer }) => peer.health().pending);
  swarm.unload();
  swarm.network.run(3000);
  const rows = swarm.rows('transactions').filter(({ part }) => part === 'client');
  const committed = rows.filter(({ outcome }) => outcome === 'committed').length;
  const submitted = rows.filter(({ outcome }) => outcome === 'submitted').length;
  expect(submitted).toBeGreaterThan(20);
  expect(committed / submitted).toBeGreaterThanOrEqual(0.95);
  // Nobody honest is accused by what was made up, and no part lost its way.
  expect(swarm.rows('slashing')).toEqual([]);
  for (const { peer } of honest) expect(peer.health().banned).toBe(0);
  expectSafe(swarm, honest);
  // What they can make others keep and say is bounded, whatever they send.
  expect(Math.max(...pending)).toBeLessThan(MAX_PENDING / 2);
  expect(storedOf(swarm, 'lock/')).toBeLessThan(30 * SECONDS);
  expect(storedOf(swarm, 'member/')).toBeLessThan(10);
  for (const peer of swarm.peers.slice(1)) expect(peer.membership.size).toBeLessThan(20);
  const found = (hostile: Hostile) => hostile.told.get('found') ?? 0;
  const mostEach = (20 * SECONDS + 40) * 6 * 2500;
  expect(found(client)).toBeGreaterThan(0);
  expect(found(client)).toBeLessThan(mostEach);
  expect(found(member)).toBeLessThan(mostEach);
  // Of some 60 questions a second each peer answers what a toll of two and a bit allows.
  expect(member.told.get('standings') ?? 0).toBeLessThan(4 * (SECONDS + 1) * 6 * 600);
}, 60_000);
