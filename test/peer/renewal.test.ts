import { expect, test } from 'vitest';
import { freshMs } from '../../node/identity/freshness.ts';
import { isNewer } from '../../node/identity/record.ts';
import { Swarm } from '../support/swarm.ts';

test('a peer that starts long after its record was signed renews it, and is met as itself', () => {
  // A thousand years an hour: a record is old after the least time that there is.
  const swarm = new Swarm({ peers: 5, clients: 0, parameters: { k: 4, timeScale: 1e7 } });
  swarm.mesh();
  const before = swarm.at(1).peer.identity;
  swarm.restart(1, 100);
  expect(swarm.at(1).peer.identity.record).toEqual(before.record);
  swarm.restart(1, freshMs(swarm.parameters) + 1);
  const after = swarm.at(1).peer.identity;
  expect(after.address).toBe(before.address);
  expect(isNewer(after.record, before.record)).toBe(true);
  expect(swarm.network.runUntil(() => swarm.at(1).peer.health().meshed, 30_000)).toBe(true);
  for (const { peer } of swarm.seated) expect(peer.health().banned).toBe(0);
});
