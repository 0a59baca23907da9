import { expect, test } from 'vitest';
import { Swarm } from '../support/swarm.ts';

test('lamppost keys change within an epoch; what was signed under either convicts nobody', () => {
  // Ten seconds each: the shortest there is.
  const parameters = { lamppostHours: 1, k: 4 };
  const swarm = new Swarm({ peers: 5, clients: 1, seed: 71, parameters });
  swarm.mesh();
  swarm.load({ transactionsPerSecond: 1, queryRatePerSecond: 4 });
  const keys = swarm.peers.map(() => new Set<string>());
  for (let second = 0; second < 25; second += 1) {
    swarm.network.run(1000);
    for (const [index, { chain }] of swarm.peers.entries()) {
      const { epoch, certificate } = chain.session;
      expect(epoch).toBe(1);
      expect(certificate.validToMs).toBeGreaterThan(swarm.network.now);
      keys[index]?.add(certificate.lamppost.toHex());
    }
  }
  for (const seen of keys) expect(seen.size).toBe(3);
  expect(swarm.rows('evidence')).toEqual([]);
});
