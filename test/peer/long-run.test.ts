/**
 * A network that lasts longer than an identity stays fresh (30 paper days: 12 min at the default time
 * scale), as a run of an hour does: about four times as long, with leases as long as they are there.
 */
import { expect, test } from 'vitest';
import { freshMs } from '../../node/identity/freshness.ts';
import { isNewer } from '../../node/identity/record.ts';
import {
  expectAgreement,
  expectAllEnded,
  expectBannedOnly,
  expectSafe,
} from '../support/invariants.ts';
import { joined } from '../support/joiner.ts';
import { Swarm } from '../support/swarm.ts';

/** 30 days in the least time that there is, a minute; leases of 24 s, a newcomer trusted after 10 s. */
const PARAMETERS = { k: 4, timeScale: 43_200, leaseHours: 288, trustHours: 120 } as const;
const LEASE_MS = 24_000;

test('identities older than 30 paper days go on, renew, restart, lapse and come back; only a stockpiled one does not enter', () => {
  const swarm = new Swarm({ peers: 5, clients: 1, seed: 61, parameters: PARAMETERS });
  const spanMs = freshMs(swarm.parameters);
  const { network } = swarm;
  const madeMs = network.now;
  swarm.mesh();
  swarm.load({ transactionsPerSecond: 0.3, queryRatePerSecond: 0.3 });
  network.run(1.2 * spanMs);
  // A start renews the record, under the same address.
  const before = swarm.at(1).peer.identity;
  swarm.restart(1, 100);
  const after = swarm.at(1).peer.identity;
  expect([after.address, isNewer(after.record, before.record)]).toEqual([before.address, true]);
  // One that was made when the network was comes too late; one of today comes in.
  const [old, young] = [joined(swarm, 150, { madeMs }), joined(swarm, 151)];
  expect(network.runUntil(() => young.peer.health().phase === 'trusted', 1.5 * spanMs)).toBe(true);
  // Who was silent for two leases is out; its identity is old by then, and yet it comes back.
  const { endpoint, peer } = swarm.at(3);
  const { address } = peer.identity;
  const { link } = network;
  const counted = () =>
    swarm.peers.filter((one) => one !== peer && one.membership.counts(address)).length;
  network.link = (from, to) =>
    from.ip === endpoint.ip || to.ip === endpoint.ip ? { lossProbability: 1 } : link(from, to);
  expect(network.runUntil(() => counted() === 0, 4 * LEASE_MS)).toBe(true);
  network.link = link;
  expect(network.runUntil(() => counted() === 4, 2 * LEASE_MS)).toBe(true);
  expect(old.peer.health().phase).toBe('identity');
  swarm.unload();
  network.run(35_000);
  expect(network.now - madeMs).toBeGreaterThan(3 * spanMs);
  const honest = [...swarm.seated, young];
  expect(expectAllEnded(swarm).timedOut).toBe(0);
  expectSafe(swarm, honest);
  expectAgreement(swarm, honest);
  expectBannedOnly(swarm, []);
  for (const one of honest) {
    expect(one.peer.health()).toMatchObject({ meshed: true, phase: 'trusted', banned: 0 });
  }
}, 90_000);
