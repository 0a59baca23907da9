/** What matrix.test.ts lets time out must not, where a quorum is back in time. */
import { expect, test } from 'vitest';
import type { Endpoint } from '../../node/host.ts';
import {
  expectAgreement,
  expectAllEnded,
  expectBannedOnly,
  expectSafe,
} from '../support/invariants.ts';
import { Swarm } from '../support/swarm.ts';

/** Longer than clients and peers wait for a transaction, and some rounds of upkeep. */
const SETTLE_MS = 45_000;

function expectSound(swarm: Swarm): { committed: number; timedOut: number } {
  swarm.unload();
  swarm.network.run(SETTLE_MS);
  expectSafe(swarm);
  expectBannedOnly(swarm, []);
  expectAgreement(swarm);
  return expectAllEnded(swarm);
}

test('two halves that hear nothing of each other for 5 s agree once they do again', () => {
  const swarm = new Swarm({ peers: 12, clients: 2, seed: 12 });
  swarm.mesh();
  swarm.load();
  swarm.network.run(4000);
  const whole = swarm.network.link;
  const isEven = ({ ip }: Endpoint) => Number(ip.split('.').at(-1)) % 2 === 0;
  swarm.network.link = (from, to) =>
    isEven(from) === isEven(to) ? whole(from, to) : { lossProbability: 1 };
  swarm.network.run(5000);
  swarm.network.link = whole;
  swarm.network.run(4000);
  expect(expectSound(swarm).timedOut).toBe(0);
});

test('two peers that are killed and come back under loss catch up', () => {
  const swarm = new Swarm({ peers: 12, clients: 2, seed: 14, lossProbability: 0.05 });
  swarm.mesh();
  swarm.load();
  swarm.network.run(4000);
  swarm.restart(3, 1500);
  swarm.restart(7, 1500);
  swarm.network.run(5000);
  expect(expectSound(swarm).timedOut).toBe(0);
  expect([3, 7].map((index) => swarm.at(index).peer.chain.session.epoch)).toEqual([2, 2]);
});
