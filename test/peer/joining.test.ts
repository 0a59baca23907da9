import { expect, test } from 'vitest';
import type { Endpoint } from '../../node/host.ts';
import { joined } from '../support/joiner.ts';
import { expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { type Seated, Swarm } from '../support/swarm.ts';

/** Trust after 8 s, leases of 20 s: the paper's hours run fast. */
const QUICK = { k: 5, timeScale: 3600, trustHours: 8, leaseHours: 1 } as const;

/** For minutes in which other things matter. */
const SPARSE = { transactionsPerSecond: 0.3, queryRatePerSecond: 0.3 } as const;

function running(seed: number, peers = 9, parameters: Partial<Swarm['parameters']> = {}): Swarm {
  const swarm = new Swarm({ peers, clients: 1, seed, parameters: { ...QUICK, ...parameters } });
  swarm.mesh();
  swarm.load();
  swarm.network.run(3000);
  return swarm;
}

function phaseEvents(swarm: Swarm, { endpoint }: Seated): string[] {
  return swarm.network.rows.flatMap(({ endpoint: at, row }) =>
    at.ip === endpoint.ip && row.table === 'peers' ? [row.event] : [],
  );
}

/** Who counts, as each of them sees it. */
function views(seated: readonly Seated[]): string[] {
  return seated.map(({ peer }) =>
    [...peer.membership.counted].map((address) => address.slice(0, 8)).join(' '),
  );
}

test('a newcomer registers, is synchronised, waits for its trust period, counts for all and votes', () => {
  const swarm = running(71);
  const newcomer = joined(swarm, 100);
  const { address } = newcomer.peer.identity;
  expect(swarm.network.runUntil(() => newcomer.peer.health().phase === 'trusted', 60_000)).toBe(
    true,
  );
  swarm.network.run(5000);
  const reached = ['identity', 'synchronising', 'trust-building', 'trusted'];
  expect(phaseEvents(swarm, newcomer).filter((event) => reached.includes(event))).toEqual(reached);
  const at = swarm.network.rows.find(
    ({ endpoint, row }) =>
      endpoint.ip === newcomer.endpoint.ip && row.table === 'peers' && row.event === 'trusted',
  )?.at;
  const votes = swarm.network.rows.filter(
    ({ endpoint, row }) => endpoint.ip === newcomer.endpoint.ip && row.table === 'votes',
  );
  expect(votes.length).toBeGreaterThan(3);
  expect(Math.min(...votes.map((row) => row.at))).toBeGreaterThanOrEqual((at ?? 0) - 1000);
  expect(new Set(views([...swarm.seated, newcomer])).size).toBe(1);
  for (const peer of swarm.peers) expect(peer.membership.counts(address)).toBe(true);
  expectSafe(swarm, [...swarm.seated, newcomer]);
  expectBannedOnly(swarm, []);
});

test('neighbours report each founder they are near to, and a newcomer as it shows its record', () => {
  const swarm = running(79);
  const seen = () => swarm.rows('registrations');
  const founders = swarm.seated.map(({ peer }) => peer.identity.address);
  // Five on each side of nine are all others.
  expect(seen()).toHaveLength(9 * 8);
  for (const { address, origin, ip } of seen()) {
    expect(origin).toBe('genesis');
    expect(swarm.at(founders.indexOf(address)).endpoint.ip).toBe(ip);
  }
  const newcomer = joined(swarm, 105);
  swarm.network.run(5000);
  const { address, record } = newcomer.peer.identity;
  const own = seen().filter((row) => row.address === address);
  expect(own.length).toBeGreaterThanOrEqual(5);
  // Once each: renewed records, and those that others pass on, are no news.
  expect(own.length).toBeLessThanOrEqual(9);
  for (const row of own) {
    expect(row).toMatchObject({
      origin: 'newcomer',
      createdAt: record.createdAtMs,
      bits: record.bits,
      ip: newcomer.endpoint.ip,
    });
  }
});

test('a member that stays silent lapses by vote; back again, it counts once more without a new trust period', () => {
  const swarm = running(72);
  swarm.load(SPARSE);
  const { host, peer } = swarm.at(4);
  const { address } = peer.identity;
  host.kill();
  const others = swarm.seated.filter((_, index) => index !== 4);
  const isOut = () => others.every((one) => !one.peer.membership.counts(address));
  // Two leases and the turns of its neighbours.
  expect(swarm.network.runUntil(isOut, 90_000)).toBe(true);
  swarm.restart(4, 0);
  const isIn = () => swarm.seated.every((one) => one.peer.membership.counts(address));
  expect(swarm.network.runUntil(isIn, 60_000)).toBe(true);
  expect(new Set(views(swarm.seated)).size).toBe(1);
  expectSafe(swarm);
  expectBannedOnly(swarm, []);
});

test('a partition longer than two leases: no side drops the other without a quorum, nothing conflicts', () => {
  const swarm = running(73, 9, { k: 8 });
  swarm.load(SPARSE);
  const whole = swarm.network.link;
  const isEven = ({ ip }: Endpoint) => Number(ip.split('.').at(-1)) % 2 === 0;
  swarm.network.link = (from, to) =>
    isEven(from) === isEven(to) ? whole(from, to) : { lossProbability: 1 };
  swarm.network.run(70_000);
  for (const { peer } of swarm.seated) expect(peer.membership.countedSize).toBe(9);
  swarm.network.link = whole;
  swarm.network.run(30_000);
  const lapses = swarm.rows('transactions').filter(({ kind }) => kind === 'lapse');
  expect(lapses.filter(({ outcome }) => outcome === 'committed')).toEqual([]);
  expect(new Set(views(swarm.seated)).size).toBe(1);
  // Late as they are, all have renewed.
  const renewed = swarm.rows('transactions').filter(({ kind }) => kind === 'renewal');
  expect(new Set(renewed.map(({ tokens }) => tokens[0])).size).toBe(9);
  expectSafe(swarm);
});

test('an identity that was made too long ago is not registered', () => {
  const swarm = running(74);
  swarm.load(SPARSE);
  // Its clock showed another day when it was minted, and shows the right one now.
  const past = joined(swarm, 101, { madeMs: swarm.network.now - 40 * 24 * 3_600_000 });
  swarm.network.run(20_000);
  expect(past.peer.health().phase).toBe('identity');
  for (const { peer } of swarm.seated) {
    expect(peer.membership.counts(past.peer.identity.address)).toBe(false);
  }
  const verdicts = swarm.rows('votes').filter(({ token }) => token === past.peer.identity.address);
  expect(new Set(verdicts.map(({ verdict }) => verdict))).toEqual(new Set(['invalid']));
});

test('by the papers’ rule a newcomer counts for whoever knows it', () => {
  const swarm = running(75, 9, { membership: 'known' });
  const newcomer = joined(swarm, 102);
  swarm.network.run(10_000);
  const { address } = newcomer.peer.identity;
  for (const { peer } of swarm.seated) expect(peer.membership.counts(address)).toBe(true);
  const kinds = new Set(swarm.rows('transactions').map(({ kind }) => kind));
  expect(kinds.has('renewal')).toBe(false);
  expectSafe(swarm);
});

test('after a minute in which members come and go, all see the same ones', () => {
  const swarm = running(77);
  swarm.load(SPARSE);
  const first = joined(swarm, 103);
  swarm.at(2).host.kill();
  swarm.network.run(20_000);
  const second = joined(swarm, 104);
  const alive = [...swarm.seated.filter((_, index) => index !== 2), first, second];
  const isSettled = () =>
    alive.every(({ peer }) => peer.membership.countedSize === 10) &&
    new Set(views(alive)).size === 1;
  expect(swarm.network.runUntil(isSettled, 100_000)).toBe(true);
  expectSafe(swarm, alive);
  expectBannedOnly(swarm, []);
});

test('fewer than an honest one could hide among can’t talk a member out, nor an identity in', () => {
  const swarm = new Swarm({ peers: 12, clients: 0, seed: 78, parameters: { k: 8 } });
  swarm.mesh();
  const victim = swarm.at(5).peer.identity.address;
  const near = swarm
    .at(0)
    .peer.membership.near(victim, 8)
    .filter((id) => id !== victim);
  const say = (count: number, address: string, countedFromMs: number | null) => {
    const standing = { sinceMs: swarm.network.now, countedFromMs, trustedFromMs: 0 };
    for (const liar of swarm.peers.filter(({ identity }) =>
      near.slice(0, count).includes(identity.address),
    )) {
      for (const { peer } of swarm.seated) {
        const to = peer.identity.address;
        liar.send(to, { type: 'standings', standings: [{ address, standing }] });
      }
    }
    swarm.network.run(1000);
  };
  const counting = () => swarm.peers.filter(({ membership }) => membership.counts(victim)).length;
  // Of eight, 2q − k = 4 say it knowingly.
  say(3, victim, null);
  expect(counting()).toBe(12);
  say(5, victim, null);
  expect(counting()).toBe(0);
});
