import { expect, test } from 'vitest';
import { Swarm } from '../support/swarm.ts';

test('members learn where a member behind NAT is, from itself, and again after its router restarted', () => {
  const swarm = new Swarm({ peers: 6, clients: 0, seed: 3 });
  const { endpoint, peer } = swarm.at(0);
  const nat = swarm.network.putBehindNat(endpoint, '198.51.100.7');
  const { address } = peer.identity;
  const told = () =>
    swarm.peers
      .filter((other) => other !== peer)
      .map((other) => other.membership.get(address)?.endpoint);
  swarm.network.run(20_000);
  expect(told()).toEqual(Array.from({ length: 5 }, () => nat.outside()));
  nat.rebind();
  swarm.network.run(60_000);
  expect(told()).toEqual(Array.from({ length: 5 }, () => nat.outside()));
});
