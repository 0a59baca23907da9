/** Starts, restarts and disks that were put back: no epoch is opened twice (PROTOCOL.md 7). */
import { expect, test } from 'vitest';
import { expectAgreement, expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { Swarm } from '../support/swarm.ts';

const RESTORED = 3;

function loaded(seed: number): Swarm {
  const swarm = new Swarm({ peers: 9, clients: 1, seed, parameters: { k: 6 } });
  swarm.mesh();
  swarm.load({ queryRatePerSecond: 5 });
  swarm.network.run(3000);
  return swarm;
}

function epochs(swarm: Swarm): number[] {
  return swarm.peers.map((peer) => peer.health().epoch);
}

function expectAllWork(swarm: Swarm): void {
  const before = swarm.peers.map(({ chain }) => chain.height);
  swarm.network.run(5000);
  swarm.unload();
  swarm.network.run(22_000);
  for (const [index, peer] of swarm.peers.entries()) {
    expect([index, peer.health().meshed]).toEqual([index, true]);
    expect([index, peer.chain.height > (before[index] ?? 0)]).toEqual([index, true]);
  }
  expectBannedOnly(swarm, []);
  expectSafe(swarm);
  expectAgreement(swarm);
}

test('a peer restored twice from one snapshot opens a higher epoch each time; nobody is accused', () => {
  const swarm = loaded(41);
  const snapshot = swarm.snapshot(RESTORED);
  swarm.network.run(4000);
  swarm.restore(RESTORED, snapshot, 1000);
  swarm.network.run(8000);
  expect(epochs(swarm)[RESTORED]).toBe(2);
  swarm.restore(RESTORED, snapshot, 1000);
  swarm.network.run(8000);
  expectBannedOnly(swarm, []);
  expect(epochs(swarm)[RESTORED]).toBe(3);
  expectAllWork(swarm);
});

test('a peer that is killed before anything of its last second leaves has committed no offence', () => {
  const swarm = loaded(42);
  const snapshot = swarm.snapshot(RESTORED);
  const { endpoint } = swarm.at(RESTORED);
  const { link } = swarm.network;
  // It signs on for a second, but nothing leaves, and its disk keeps none of it.
  swarm.network.link = (from, to) =>
    from.ip === endpoint.ip ? { lossProbability: 1 } : link(from, to);
  swarm.network.run(1000);
  swarm.network.link = link;
  swarm.restore(RESTORED, snapshot, 500);
  swarm.network.run(4000);
  expect(epochs(swarm)[RESTORED]).toBe(2);
  expectAllWork(swarm);
});

test('a whole network that was stopped comes back: all ask all, and answer before they are open', () => {
  const swarm = loaded(43);
  // What was committed but in no block yet would be lost everywhere at once.
  swarm.unload();
  swarm.network.run(1500);
  swarm.restartAll(5000);
  swarm.load({ queryRatePerSecond: 5 });
  expect(
    swarm.network.runUntil(() => swarm.peers.every((peer) => peer.health().meshed), 15_000),
  ).toBe(true);
  expect(new Set(epochs(swarm))).toEqual(new Set([2]));
  expectAllWork(swarm);
});

test('while too few neighbours answer a restarted peer says nothing, and opens when they do', () => {
  const swarm = loaded(44);
  const { peer, endpoint } = swarm.at(RESTORED);
  const near = peer.membership.near(peer.identity.address, 7).slice(1);
  const cut = new Set(near.slice(0, 3).map((id) => peer.membership.get(id)?.endpoint.ip));
  const { link } = swarm.network;
  swarm.network.link = (from, to) =>
    (from.ip === endpoint.ip && cut.has(to.ip)) || (to.ip === endpoint.ip && cut.has(from.ip))
      ? { lossProbability: 1 }
      : link(from, to);
  swarm.restart(RESTORED, 1000);
  const said = () =>
    swarm.rows('statements').filter((row) => row.speaker === peer.identity.address);
  const before = said().length;
  swarm.network.run(10_000);
  expect(swarm.at(RESTORED).peer.health()).toMatchObject({ meshed: false, epoch: 1 });
  expect(said().filter(({ epoch }) => epoch > 1)).toEqual([]);
  expect(before).toBeGreaterThan(0);
  swarm.network.link = link;
  swarm.network.run(8000);
  expect(epochs(swarm)[RESTORED]).toBe(2);
  expectAllWork(swarm);
});

test('an epoch that too few have written down is silent: a second life might not be told of it', () => {
  const swarm = loaded(47);
  const { peer, endpoint } = swarm.at(RESTORED);
  const { address } = peer.identity;
  const near = peer.membership.near(address, 7).slice(1);
  const cut = new Set(near.slice(0, 3).map((id) => peer.membership.get(id)?.endpoint.ip));
  const { link } = swarm.network;
  const said = () =>
    swarm.rows('statements').filter((row) => row.speaker === address && row.epoch === 2).length;
  swarm.restart(RESTORED, 1000);
  const isChosen = () => swarm.at(RESTORED).peer.health().epoch === 2;
  expect(swarm.network.runUntil(isChosen, 8000)).toBe(true);
  // All have answered what they knew of it; three of six it can't tell any more.
  swarm.network.link = (from, to) =>
    from.ip === endpoint.ip && cut.has(to.ip) ? { lossProbability: 1 } : link(from, to);
  swarm.network.run(8000);
  expect([swarm.at(RESTORED).peer.health().epoch, said()]).toEqual([2, 0]);
  swarm.network.link = link;
  expect(swarm.network.runUntil(() => said() > 0, 8000)).toBe(true);
  expectAllWork(swarm);
});

test('the fifth start within ten seconds waits for the next ten before anybody notes it', () => {
  const swarm = new Swarm({ peers: 5, clients: 0, seed: 48, parameters: { k: 4 } });
  swarm.mesh();
  // What was noted at the start is over.
  swarm.network.run(12_000);
  const begunAt = swarm.network.now;
  const isMeshed = () => swarm.at(0).peer.health().meshed;
  const tookMs = [1, 2, 3, 4, 5].map((start) => {
    const startedAt = swarm.network.now;
    swarm.restart(0, 100);
    expect([start, swarm.network.runUntil(isMeshed, 20_000)]).toEqual([start, true]);
    return swarm.network.now - startedAt;
  });
  const last = tookMs.pop() ?? 0;
  expect(Math.max(...tookMs)).toBeLessThan(2000);
  expect(last).toBeGreaterThan(2000);
  expect(swarm.network.now - begunAt).toBeGreaterThan(10_000);
  expect(epochs(swarm)[0]).toBe(6);
});

test('a peer that has forgotten its votes casts none before those have lost their meaning', () => {
  const swarm = loaded(46);
  const { ip } = swarm.at(RESTORED).endpoint;
  const snapshot = swarm.snapshot(RESTORED);
  swarm.network.run(8000);
  const votes = (): number =>
    swarm.network.rows.filter(({ row, endpoint }) => row.table === 'votes' && endpoint.ip === ip)
      .length;
  expect(votes()).toBeGreaterThan(0);
  swarm.restore(RESTORED, snapshot, 500);
  const before = votes();
  swarm.network.run(15_000);
  expect(swarm.at(RESTORED).peer.health().meshed).toBe(true);
  expect(votes()).toBe(before);
  swarm.network.run(12_000);
  expect(votes()).toBeGreaterThan(before);
});

test('a clock set back while it was down does not take a peer back in time', () => {
  const swarm = loaded(45);
  const { address } = swarm.at(RESTORED).peer.identity;
  const newest = (epoch: number) =>
    swarm.rows('statements').filter((row) => row.speaker === address && row.epoch === epoch);
  swarm.restart(RESTORED, 1000, { skewMs: -600_000 });
  swarm.network.run(8000);
  const [old, fresh] = [newest(1), newest(2)];
  expect(fresh.length).toBeGreaterThan(0);
  const last = Math.max(...old.map(({ statedAt }) => statedAt));
  for (const { statedAt } of fresh) expect(statedAt).toBeGreaterThanOrEqual(last);
  expectBannedOnly(swarm, []);
});
