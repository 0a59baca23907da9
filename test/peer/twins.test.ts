/**
 * One identity on two machines at once: a copied disk that was started while its original goes on.
 * Nobody can tell it from a lie (docs/decisions, "An epoch is opened once"): after a minute of both
 * speaking it is convicted, and nobody beside it.
 */
import { expect, test } from 'vitest';
import { expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { Swarm } from '../support/swarm.ts';

const COPIED = 3;

function withTwin(seed: number): Swarm {
  const swarm = new Swarm({ peers: 9, clients: 1, seed, parameters: { k: 6 } });
  swarm.mesh();
  swarm.load({ queryRatePerSecond: 5 });
  swarm.network.run(3000);
  swarm.twin(COPIED);
  return swarm;
}

test('twins that both speak are convicted by what they signed in two epochs, and nobody else is', () => {
  const swarm = withTwin(45);
  const { address } = swarm.at(COPIED).peer.identity;
  swarm.network.run(30_000);
  expect(swarm.rows('slashing')).toEqual([]);
  swarm.network.run(45_000);
  expectBannedOnly(swarm, [address]);
  expect(new Set(swarm.rows('evidence').map(({ rule }) => rule))).toEqual(new Set(['old-epoch']));
  expect(swarm.rows('slashing').some(({ accused }) => accused === address)).toBe(true);
  expectSafe(swarm);
});

test('who moves to another machine and leaves the first one off is accused of nothing', () => {
  const swarm = withTwin(46);
  swarm.at(COPIED).host.kill();
  swarm.network.run(75_000);
  expect(swarm.rows('evidence')).toEqual([]);
  expectBannedOnly(swarm, []);
});
