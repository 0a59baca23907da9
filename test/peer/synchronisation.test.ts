import { expect, test } from 'vitest';
import { signingKey } from '../../node/crypto/ed25519.ts';
import { hash, hashBytes } from '../../node/crypto/hash.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import {
  encodeTransaction,
  keyHash,
  ORDINARY,
  signTransaction,
} from '../../node/ledger/transaction.ts';
import type { Peer } from '../../node/peer.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import { expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { joined } from '../support/joiner.ts';
import { NETWORK, Swarm } from '../support/swarm.ts';

const LIMIT_MS = 90_000;
const ORDINARY_BODY = {
  network: NETWORK,
  valueClass: 'low' as const,
  extraNeighbours: 0,
  purpose: ORDINARY,
};

const idOf = (name: string): Id => hash('attack', new TextEncoder().encode(name));

/** For every token near `who` that the clients touched: what most of its honest keepers hold. */
function expectRangeHeld(
  swarm: Swarm,
  who: Id,
  held: (token: Id) => Id | undefined,
  honest: readonly Peer[] = swarm.peers,
): number {
  const { k } = swarm.parameters;
  const [first] = swarm.peers;
  if (first === undefined) throw new Error('no peer');
  // Identity tokens are renewed all the time: they are never at rest.
  const rows = swarm.rows('transactions').filter(({ part }) => part === 'client');
  const tokens = new Set(rows.flatMap(({ tokens: some }) => some));
  let compared = 0;
  for (const token of tokens) {
    if (!first.membership.isNear(who, token, k)) continue;
    const near = first.membership.near(token, k);
    const keepers = honest.filter(({ identity }) => near.includes(identity.address));
    const told = new Set(keepers.map(({ chain }) => chain.state.get(token)?.tx));
    expect([token, told.size]).toEqual([token, 1]);
    expect([token, held(token)]).toEqual([token, [...told][0]]);
    compared += 1;
  }
  return compared;
}

function loaded(parameters: Partial<ProtocolParameters>, lossProbability: number, seed: number) {
  const swarm = new Swarm({ peers: 9, clients: 2, seed, lossProbability, parameters });
  swarm.mesh();
  swarm.load({ transactionsPerSecond: 2, queryRatePerSecond: 0.5 });
  swarm.network.run(15_000);
  return swarm;
}

// Who has `started before` asks for its epoch first. With this seed what a source answered to one part
// of it was taken for the answer to another, that was lost.
test.each(['fresh', 'started before'])(
  'a newcomer, %s, under load and loss reaches the state of its neighbourhood',
  (start) => {
    const swarm = loaded({ k: 4 }, 0.05, 31);
    const madeMs = start === 'fresh' ? {} : { madeMs: swarm.network.now };
    const { peer } = joined(swarm, 100, madeMs);
    const isThere = () => peer.synchronisation.phase === 'synchronised';
    expect(swarm.network.runUntil(isThere, LIMIT_MS)).toBe(true);
    expect(peer.synchronisation.density).toBeGreaterThanOrEqual(0.8);
    // It goes on following what is committed while it does not count yet.
    swarm.network.run(5000);
    swarm.unload();
    swarm.network.run(30_000);
    const { chain, identity } = peer;
    const compared = expectRangeHeld(
      swarm,
      identity.address,
      (token) => chain.state.get(token)?.tx,
    );
    expect(compared).toBeGreaterThan(20);
    expectSafe(swarm);
    expectBannedOnly(swarm, []);
  },
);

test('when a source has died and lapsed, a newcomer and the heirs hold what they have become near to', () => {
  const swarm = loaded({ k: 4 }, 0, 31);
  const { peer } = joined(swarm, 100);
  const { chain, identity } = peer;
  const isThere = () => peer.synchronisation.phase === 'synchronised';
  expect(swarm.network.runUntil(isThere, LIMIT_MS)).toBe(true);
  const [, second] = swarm.at(0).peer.membership.near(identity.address, 2);
  const dead = swarm.seated.find((one) => one.peer.identity.address === second);
  if (dead === undefined) throw new Error('no source');
  dead.host.kill();
  const living = swarm.peers.filter((other) => other !== dead.peer);
  swarm.network.run(4000);
  swarm.unload();
  const { address } = dead.peer.identity;
  const isLapsed = () => living.some(({ membership }) => !membership.counts(address));
  expect(swarm.network.runUntil(isLapsed, 80_000)).toBe(true);
  swarm.network.run(25_000);
  const held = (token: Id) => chain.state.get(token)?.tx;
  expect(expectRangeHeld(swarm, identity.address, held, living)).toBeGreaterThan(20);
  expectSafe(swarm);
});

test('a minority of liars among the sources can neither plant a mapping nor hide or change one', () => {
  const refusing = { serveBlock: () => null };
  const swarm = new Swarm({
    peers: 12,
    clients: 2,
    seed: 32,
    parameters: { k: 7 },
    decisions: { 2: refusing },
  });
  swarm.mesh();
  swarm.load({ transactionsPerSecond: 4 });
  swarm.network.run(12_000);
  swarm.unload();
  swarm.network.run(5000);
  const planted = idOf('planted');
  const [stolen] = swarm.rows('transactions').flatMap(({ tokens }) => tokens);
  if (stolen === undefined) throw new Error('nothing was committed');
  // Two more say in chains that verify what never was: a token that nobody made, and that another
  // was created anew, with a transaction that its maker has signed. (A new token with a signed
  // creation would be no lie: whoever hears of it votes on it.)
  const thief = signingKey(hashBytes('attack', new Uint8Array([1])));
  const owner = keyHash(thief.publicKey);
  const changes = [{ token: stolen, owner, previous: ZERO_ID }];
  const theft = signTransaction({ ...ORDINARY_BODY, changes, timestamp: swarm.network.now }, [
    thief,
  ]);
  const lies = [
    { token: stolen, owner, tx: theft.id, previous: ZERO_ID },
    { token: planted, owner, tx: idOf('nothing'), previous: idOf('before') },
  ];
  for (const { host, peer } of [4, 8].map((index) => swarm.at(index))) {
    host.store.put(`tx/${theft.id}`, encodeTransaction(theft));
    peer.chain.append(
      lies.map((mapping) => ({ kind: 'committed' as const, mapping })),
      swarm.network.now,
    );
  }
  const { peer } = joined(swarm, 100);
  const isThere = () => peer.synchronisation.phase === 'synchronised';
  expect(swarm.network.runUntil(isThere, LIMIT_MS)).toBe(true);
  swarm.network.run(10_000);
  expect(peer.chain.state.get(planted)).toBeUndefined();
  expect(peer.chain.state.get(stolen)?.owner).not.toBe(owner);
  const liars = new Set([2, 4, 8].map((index) => swarm.at(index).peer));
  const honest = swarm.peers.filter((other) => !liars.has(other));
  const { chain, identity } = peer;
  const held = (token: Id) => chain.state.get(token)?.tx;
  expect(expectRangeHeld(swarm, identity.address, held, honest)).toBeGreaterThan(20);
});

test('a peer put back to an old snapshot reads only what came after it, led there by jumps', () => {
  const swarm = new Swarm({ peers: 7, clients: 1, seed: 33, parameters: { k: 4 } });
  swarm.mesh();
  swarm.load({ transactionsPerSecond: 2, queryRatePerSecond: 0.5 });
  swarm.network.run(50_000);
  const snapshot = swarm.snapshot(4);
  swarm.network.run(6000);
  swarm.restore(4, snapshot, 4000);
  const { peer } = swarm.at(4);
  const isDone = () => peer.synchronisation.phase === 'idle' && peer.synchronisation.complete;
  expect(swarm.network.runUntil(isDone, 30_000)).toBe(true);
  const { blocks, hops, sources } = peer.synchronisation;
  const others = swarm.peers.filter((other) => other !== peer);
  const all = others.reduce((sum, { chain }) => sum + chain.height, 0);
  expect(blocks).toBeLessThan(0.8 * all);
  expect(hops).toBeGreaterThan(sources);
  swarm.unload();
  swarm.network.run(10_000);
  const held = (token: Id) => peer.chain.state.get(token)?.tx;
  expect(expectRangeHeld(swarm, peer.identity.address, held)).toBeGreaterThan(20);
  expectSafe(swarm);
  expectBannedOnly(swarm, []);
});

test('by polling, the papers’ baseline, a newcomer comes to hold most of its range as well', () => {
  const swarm = loaded({ k: 4 }, 0, 34);
  swarm.unload();
  swarm.network.run(5000);
  const { peer } = joined(swarm, 100, { parameters: { synchronisation: 'polling' } });
  const isThere = () => peer.synchronisation.phase === 'synchronised';
  expect(swarm.network.runUntil(isThere, LIMIT_MS)).toBe(true);
  const { density, queries, transactions } = peer.synchronisation;
  expect(density).toBeGreaterThanOrEqual(0.8);
  expect(queries).toBeGreaterThan(20);
  expect(transactions).toBeGreaterThan(10);
});
