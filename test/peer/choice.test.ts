import { expect, test } from 'vitest';
import type { Id } from '../../node/id.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import { expectAllEnded, expectSafe } from '../support/invariants.ts';
import { Swarm } from '../support/swarm.ts';

/** Fourteen peers with small neighbourhoods, so that there is somebody to choose. */
function chosen(parameters: Partial<ProtocolParameters>, clients = 2): Swarm {
  const swarm = new Swarm({ peers: 14, clients, seed: 17, parameters: { k: 4, ...parameters } });
  swarm.mesh();
  return swarm;
}

function share(swarm: Swarm): number {
  swarm.load({ transactionsPerSecond: 1 });
  swarm.network.run(12_000);
  swarm.unload();
  swarm.network.run(6_000);
  const { committed, timedOut } = expectAllEnded(swarm);
  expectSafe(swarm);
  return committed / (committed + timedOut);
}

test('with neighbours swapped every few seconds all transactions commit', () => {
  const swarm = chosen({ swapping: 'on' });
  expect(share(swarm)).toBe(1);
  const swaps = swarm.rows('swaps');
  expect(swaps.filter(({ done }) => done).length).toBeGreaterThan(swarm.peers.length / 2);
  expect(swaps.filter(({ done }) => !done)).toEqual([]);
  expect(swarm.peers.every((peer) => peer.health().meshed)).toBe(true);
});

test('with swapping off nobody is swapped, and all transactions commit too', () => {
  const swarm = chosen({ swapping: 'off' });
  expect(share(swarm)).toBe(1);
  expect(swarm.rows('swaps')).toEqual([]);
});

test('a network on the papers’ gradient meshes and commits everything', () => {
  const swarm = chosen({ topology: 'gradient' });
  expect(share(swarm)).toBe(1);
});

test('a neighbour that died is swapped out, by those that had chosen it', () => {
  const swarm = chosen({ swapping: 'on', timeScale: 1 }, 0);
  swarm.network.run(5000);
  expect(swarm.rows('swaps')).toEqual([]);
  const dead: Id = swarm.at(7).peer.identity.address;
  swarm.at(7).host.kill();
  swarm.network.run(100_000);
  const swaps = swarm.rows('swaps').filter(({ done }) => done);
  expect(swaps.length).toBeGreaterThan(0);
  for (const { out, why } of swaps) expect([out, why]).toEqual([dead, 'emergency']);
});
