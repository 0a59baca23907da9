import { expect, test } from 'vitest';
import { create } from '../../attacks/colluding-liars/index.ts';
import type { Endpoint } from '../../node/host.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { conspiracy } from '../support/conspiracy.ts';
import { expectAgreement, expectBannedOnly, expectSafe } from '../support/invariants.ts';
import type { Seated, Swarm } from '../support/swarm.ts';

const LIARS = 4;
const SIZE = { peers: 24, clients: 6, lossProbability: 0.02 };

// 21 all lie, 22 one never gets to lie, 23 a keeper moves up while it is voted.
for (const seed of [21, 22, 23, 27]) {
  test(`liars that collude are banned and slashed, and nobody else is (seed ${seed})`, () => {
    const { swarm, members, lied, order } = conspiracy({ ...SIZE, seed }, create, LIARS);
    swarm.mesh();
    swarm.load({ transactionsPerSecond: 0.8 });
    swarm.network.run(4000);
    order('start', { victims: 3, tokens: 20, accomplices: 1 });
    swarm.network.run(16_000);
    swarm.unload();
    swarm.network.run(15_000);

    const honest = swarm.seated.slice(0, -LIARS);
    // Whom no victim has asked has not lied.
    expect(members.filter((liar) => !lied.has(liar)).length).toBeLessThanOrEqual(1);
    expectBannedOnly(swarm, [...lied]);
    expectSafe(swarm, honest);
    for (const one of [...honest.map(({ peer }) => peer), ...swarm.clients]) {
      expect(one.health().banned).toBe(lied.size);
      // Nor has anybody's lookup brought one back that others had not banned yet.
      for (const liar of lied) expect(one.membership.has(liar)).toBe(false);
    }
    for (const liar of lied) expectSlashed(swarm, honest, liar);
    expect(slashings(swarm, honest).filter(({ event }) => event === 'rejected')).toEqual([]);
  });
}

/** What honest peers report: a banned liar may wait for votes on another that it never hears. */
function slashings(swarm: Swarm, honest: readonly Seated[]) {
  const ips = new Set(honest.map(({ endpoint }) => endpoint.ip));
  return swarm.network.rows.flatMap(({ row, endpoint }) =>
    row.table === 'slashing' && ips.has(endpoint.ip) ? [{ ...row, ip: endpoint.ip }] : [],
  );
}

/** By one transaction, which each of its honest keepers has executed once, or taken over as an heir. */
function expectSlashed(swarm: Swarm, honest: readonly Seated[], liar: Id): void {
  const { k } = swarm.parameters;
  const steps = slashings(swarm, honest).filter(({ accused }) => accused === liar);
  const executed = steps.filter(({ event }) => event === 'executed');
  const voters = new Set(steps.flatMap(({ event, ip }) => (event === 'voted' ? [ip] : [])));
  expect(new Set(executed.map(({ tx }) => tx)).size).toBe(1);
  expect(new Set(executed.map(({ ip }) => ip))).toEqual(voters);
  expect(executed.length).toBe(voters.size);
  expect(executed.length).toBeGreaterThan(k / 2);
  const near = honest[0]?.peer.membership.near(liar, k) ?? [];
  for (const { peer } of honest) {
    if (!near.includes(peer.identity.address)) continue;
    expect(peer.chain.state.get(liar)?.owner).toBe(ZERO_ID);
  }
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
  // The case is on its disk: known again before anybody has said a word.
  swarm.restart(4, 300);
  expect(swarm.at(4).peer.health().banned).toBe(1);
});
