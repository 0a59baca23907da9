import { expect, test } from 'vitest';
import { create } from '../../attacks/colluding-liars/index.ts';
import type { Endpoint } from '../../node/host.ts';
import { ZERO_ID } from '../../node/id.ts';
import { conspiracy } from '../support/conspiracy.ts';
import { expectAgreement, expectBannedOnly, expectSafe } from '../support/invariants.ts';

const LIARS = 4;
const SIZE = { peers: 24, clients: 6, lossProbability: 0.02 };

for (const seed of [21, 22]) {
  test(`colluding liars are all banned and slashed, and nobody else is (seed ${seed})`, () => {
    const { swarm, members, order } = conspiracy({ ...SIZE, seed }, create, LIARS);
    swarm.mesh();
    swarm.load({ transactionsPerSecond: 0.8 });
    swarm.network.run(4000);
    order('start', { victims: 3, tokens: 20, accomplices: 1 });
    swarm.network.run(16_000);
    swarm.unload();
    swarm.network.run(15_000);

    const honest = swarm.seated.slice(0, -LIARS);
    expectBannedOnly(swarm, members);
    expectSafe(swarm, honest);
    for (const { peer } of honest) expect(peer.health().banned).toBe(LIARS);
    for (const client of swarm.clients) expect(client.health().banned).toBe(LIARS);
    const slashing = swarm.rows('slashing');
    for (const liar of members) {
      const executed = slashing.filter(
        ({ event, accused }) => event === 'executed' && accused === liar,
      );
      // Its eight keepers, who hold no rival proposals, all of them, and no heir.
      expect(new Set(executed.map(({ tx }) => tx)).size).toBe(1);
      expect(executed.length).toBeLessThanOrEqual(swarm.parameters.k);
      expect(executed.length).toBeGreaterThan((swarm.parameters.k * 2) / 3);
      const near = swarm.seated[0]?.peer.membership.near(liar, swarm.parameters.k) ?? [];
      for (const { peer } of honest.filter(({ peer: { identity } }) =>
        near.includes(identity.address),
      )) {
        expect(peer.chain.state.get(liar)?.owner).toBe(ZERO_ID);
      }
    }
    expect(slashing.filter(({ event }) => event === 'rejected')).toEqual([]);
  });
}

test('the same peers that are never ordered to lie are never accused', () => {
  const { swarm } = conspiracy({ ...SIZE, seed: 21 }, create, LIARS);
  swarm.mesh();
  swarm.load({ transactionsPerSecond: 0.8 });
  swarm.network.run(15_000);
  expect(swarm.rows('statements').length).toBeGreaterThan(100);
  expectBannedOnly(swarm, []);
});

test('a peer that was cut off while a liar was banned learns of it afterwards', () => {
  const { swarm, members, order } = conspiracy({ peers: 12, clients: 2, seed: 13 }, create, 1);
  swarm.mesh();
  swarm.load();
  swarm.network.run(6000);
  const whole = swarm.network.link;
  const lone = swarm.at(4);
  const isLone = ({ ip }: Endpoint) => ip === lone.endpoint.ip;
  swarm.network.link = (from, to) =>
    isLone(from) || isLone(to) ? { lossProbability: 1 } : whole(from, to);
  order('start', { victims: 2, tokens: 20, accomplices: 1 });
  const honest = swarm.seated.slice(0, -1);
  const aware = () => honest.filter(({ peer }) => peer.health().banned === 1).length;
  expect(swarm.network.runUntil(() => aware() === honest.length - 1, 30_000)).toBe(true);
  // No questions, no proposals any more: nothing but upkeep tells it.
  swarm.unload();
  swarm.network.run(30_000);
  swarm.network.link = whole;
  swarm.network.run(45_000);
  expect(lone.peer.health().banned).toBe(1);
  expectBannedOnly(swarm, members);
  expectSafe(swarm, honest);
  expectAgreement(swarm, honest);
});
