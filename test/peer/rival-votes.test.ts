/** Honest networks whose votes are signed: nobody is convicted, and nothing more is said. */
import { expect, test } from 'vitest';
import type { Id } from '../../node/id.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import { expectAllEnded, expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { Spender } from '../support/spender.ts';
import { Swarm } from '../support/swarm.ts';

/** Longer than a peer keeps from voting that may have forgotten how it voted. */
const FORGOTTEN_MS = 30_000;

/** Without `voteExchange: certificates` they are sent for one reason only: a rival has passed. */
function certificates(swarm: Swarm): number {
  const sent = swarm.rows('messages').filter(({ direction }) => direction === 'out');
  const ofThem = sent.filter(({ type }) => type === 'vote-certificate');
  return ofThem.reduce((sum, { count }) => sum + count, 0);
}

/** These peers and the rest do not hear one another until the network's link is put back. */
function cut(swarm: Swarm, half: readonly number[]): void {
  const side = new Set(half.map((index) => swarm.at(index).endpoint.ip));
  const isPeer = new Set(swarm.seated.map(({ endpoint }) => endpoint.ip));
  const { link } = swarm.network;
  swarm.network.link = (from, to) => {
    const isCut = side.has(from.ip) !== side.has(to.ip) && isPeer.has(from.ip) && isPeer.has(to.ip);
    return isCut ? { lossProbability: 1 } : link(from, to);
  };
}

const HONEST: readonly Partial<ProtocolParameters>[] = [
  {},
  { commitRule: 'net', voting: 'polled' },
];

test.each(HONEST)(
  'loss, a partition, restarts and a disk put back: no vote is shown to anyone: %j',
  (parameters) => {
    const swarm = new Swarm({
      peers: 8,
      clients: 1,
      seed: 5,
      lossProbability: 0.05,
      parameters: { k: 5, votes: 'signed', ...parameters },
    });
    swarm.mesh();
    const whole = swarm.network.link;
    swarm.load({ transactionsPerSecond: 4 });
    swarm.network.run(2000);
    const disk = swarm.snapshot(2);
    swarm.network.run(1500);
    swarm.restart(1, 300);
    cut(swarm, [0, 1, 2]);
    swarm.network.run(1500);
    swarm.network.link = whole;
    swarm.restore(2, disk, 300);
    swarm.network.run(4000);
    swarm.unload();
    swarm.network.run(12_000);
    expectAllEnded(swarm);
    expectBannedOnly(swarm, []);
    expect(certificates(swarm)).toBe(0);
  },
);

test('an owner’s two transfers that one quorum cannot both pass show no vote to anyone', () => {
  const parameters = { k: 8, votes: 'signed' } as const;
  const swarm = new Swarm({ peers: 8, clients: 0, seed: 7, parameters });
  swarm.mesh();
  const spender = new Spender(swarm);
  for (const [index, created] of spender.create(3).entries()) {
    const [one, other] = spender.rivals(created);
    spender.submit(spender.everybody.slice(0, 3 + index), one);
    spender.submit(spender.everybody.slice(3 + index), other);
  }
  swarm.network.run(10_000);
  expectSafe(swarm);
  expectBannedOnly(swarm, []);
  expect(certificates(swarm)).toBe(0);
});

test('where the papers’ rule lets two sides commit rivals, what honest peers voted convicts nobody', () => {
  const parameters = { k: 8, votes: 'signed', commitRule: 'net' } as const;
  const swarm = new Swarm({ peers: 8, clients: 0, seed: 9, parameters });
  swarm.mesh();
  const spender = new Spender(swarm);
  const created = spender.create(2);
  const disk = swarm.snapshot(0);
  const rivals = created.map((one) => spender.rivals(one));
  const say = (half: 0 | 1, to: readonly number[]): void => {
    const ids = to.map((index) => spender.everybody[index] ?? '');
    for (const pair of rivals) spender.submit(ids, pair[half]);
  };
  const whole = swarm.network.link;
  cut(swarm, [0, 1, 2]);
  say(0, [0, 1, 2]);
  swarm.network.run(2000);
  // One forgets that it voted, and when that can matter no more it votes the other way.
  swarm.network.link = whole;
  cut(swarm, [1, 2]);
  swarm.restore(0, disk, 100);
  swarm.network.run(FORGOTTEN_MS);
  say(1, [0, 3, 4, 5, 6, 7]);
  swarm.network.run(2000);
  const [first] = rivals;
  const voters = swarm.network.rows.filter(({ row, endpoint }) => {
    const isVote = row.table === 'votes' && row.verdict === 'valid';
    const isOurs = endpoint.ip === swarm.at(0).endpoint.ip;
    return isVote && isOurs && first?.some(({ id }) => id === row.tx);
  });
  expect(voters.length).toBe(2);
  swarm.network.link = whole;
  swarm.restart(5, 100);
  swarm.network.run(5000);
  expect(() => expectSafe(swarm)).toThrow();
  expectBannedOnly(swarm, []);
  // Each may show each other one votes on either of two rivals, twice.
  expect(certificates(swarm)).toBeGreaterThan(0);
  expect(certificates(swarm)).toBeLessThanOrEqual(created.length * 2 * 8 * 7 * 2);
});

/** Peers with these numbers say again and again that they have committed what nobody has. */
function claimRivals(k: number, claimants: (swarm: Swarm, token: Id) => readonly number[]): Swarm {
  const swarm = new Swarm({ peers: 9, clients: 0, seed: 3, parameters: { k, votes: 'signed' } });
  swarm.mesh();
  const spender = new Spender(swarm);
  const pairs = spender.create(8).map((one) => spender.rivals(one));
  for (const [one] of pairs) spender.submit(spender.everybody, one);
  swarm.network.run(3000);
  const commit = { block: 'ab'.repeat(32), position: 0, confirmations: 0 };
  for (let turn = 0; turn < 20; turn += 1) {
    for (const [, other] of pairs) {
      for (const index of claimants(swarm, other.body.changes[0]?.token ?? '')) {
        const { peer } = swarm.at(index);
        const claim = { type: 'transaction', transaction: other, commit } as const;
        for (const id of spender.everybody) peer.send(id, claim);
      }
    }
    swarm.network.run(50);
  }
  return swarm;
}

const isKeeper = (swarm: Swarm, index: number, token: Id): boolean =>
  swarm.at(0).peer.membership.near(token, 5).includes(swarm.at(index).peer.identity.address);

test('whoever claims to have committed many rivals is shown a few votes by each keeper, and goes on', () => {
  const swarm = claimRivals(9, () => [0]);
  const inOneSecond = certificates(swarm);
  expect(inOneSecond).toBeGreaterThan(0);
  // Two windows of an allowance of four, at eight others.
  expect(inOneSecond).toBeLessThanOrEqual(2 * 4 * 8);
  expectBannedOnly(swarm, []);
});

test('whoever does not keep the token is shown nothing', () => {
  const swarm = claimRivals(5, (all, token) => [0, 1, 2].filter((at) => !isKeeper(all, at, token)));
  expect(certificates(swarm)).toBe(0);
});
