/** Far neighbourhoods change while their old view is still in use. */
import { expect, test } from 'vitest';
import { signingKey } from '../../node/crypto/ed25519.ts';
import { hash, hashBytes } from '../../node/crypto/hash.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import { expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { joined } from '../support/joiner.ts';
import { NETWORK, type Seated, Swarm } from '../support/swarm.ts';

const K = 4;
/** Trust after 6 s; leases so long that nobody lapses, and views live for more than a minute. */
const QUICK = { k: K, timeScale: 3600, trustHours: 6, leaseHours: 250 } as const;

const nameOf = (n: number): Id => hash('key', new TextEncoder().encode(`far ${n}`));

/** Ids until one of them suits. */
function tokenWhere(suits: (token: Id) => boolean): Id {
  for (let n = 0; n < 100_000; n += 1) if (suits(nameOf(n))) return nameOf(n);
  throw new Error('no token');
}

/** A newcomer that counts, and a founding member that has not heard of it. */
function grown(seed: number): { swarm: Swarm; newcomer: Seated; far: Seated } {
  const swarm = new Swarm({ peers: 16, clients: 1, seed, parameters: QUICK });
  swarm.mesh();
  const newcomer = joined(swarm, 100);
  const counts = () => newcomer.peer.health().phase === 'trusted';
  if (!swarm.network.runUntil(counts, 60_000)) throw new Error('it does not count');
  swarm.network.run(2000);
  const { address } = newcomer.peer.identity;
  const far = swarm.seated.find(({ peer }) => !peer.membership.counts(address));
  if (far === undefined) throw new Error('everyone has heard of it');
  return { swarm, newcomer, far };
}

test('who keeps another token of a transaction counts a newcomer that it had never heard of', () => {
  const { swarm, newcomer, far } = grown(61);
  const { address } = newcomer.peer.identity;
  const { membership } = newcomer.peer;
  const there = tokenWhere((token) => membership.near(token, K).includes(address));
  const here = tokenWhere((token) => {
    const near = far.peer.membership.near(token, K);
    return near[0] === far.peer.identity.address && !membership.near(there, K).includes(near[0]);
  });
  const key = signingKey(hashBytes('key', new Uint8Array([1])));
  const owner = keyHash(key.publicKey);
  const changes = [here, there].sort().map((token) => ({ token, owner, previous: ZERO_ID }));
  const body = {
    network: NETWORK,
    changes,
    timestamp: swarm.network.now,
    valueClass: 'low' as const,
    extraNeighbours: 0,
    purpose: ORDINARY,
  };
  const transaction = signTransaction(body, [key, key]);
  expect(far.peer.membership.near(there, K)).not.toContain(address);
  for (const token of [here, there]) {
    for (const id of far.peer.membership.near(token, K)) {
      swarm.at(0).peer.send(id, { type: 'submit', transaction });
    }
  }
  const isCommitted = (seated: Seated, token: Id) =>
    seated.peer.chain.state.get(token)?.tx === transaction.id;
  expect(swarm.network.runUntil(() => isCommitted(far, here), 5000)).toBe(true);
  // It did not count the votes before it saw that neighbourhood as those there do.
  expect(far.peer.membership.near(there, K)).toEqual(membership.near(there, K));
  swarm.network.run(3000);
  expect(isCommitted(newcomer, there)).toBe(true);
  const rows = swarm.rows('transactions').filter((row) => row.tx === transaction.id);
  const kept = rows.filter(({ part }) => part === 'neighbour');
  expect(kept.length).toBe(2 * K);
  for (const row of kept) expect([row.outcome, row.viewOverlap]).toEqual(['committed', 1]);
  expectSafe(swarm, [...swarm.seated, newcomer]);
  expectBannedOnly(swarm, []);
});

test('a client finds newcomers around the tokens that it submits, and they commit and answer', () => {
  const { swarm, newcomer } = grown(62);
  const { address } = newcomer.peer.identity;
  const [client] = swarm.clients;
  // Views are old after a quarter of the lease.
  swarm.network.run(64_000);
  expect(client?.membership.counts(address)).toBe(false);
  swarm.load({ transactionsPerSecond: 4, queryRatePerSecond: 0 });
  // About one old view a second is looked at again: it may be the turn of the right one late.
  const isFound = () => client?.membership.counts(address) === true;
  expect(swarm.network.runUntil(isFound, 20_000)).toBe(true);
  swarm.network.run(4000);
  swarm.unload();
  swarm.network.run(6000);
  const rows = swarm.rows('transactions').filter(({ part }) => part === 'client');
  const idsOf = (wanted: string) =>
    rows.filter(({ outcome }) => outcome === wanted).map(({ tx }) => tx);
  const committed = new Set(idsOf('committed'));
  expect(idsOf('submitted').filter((tx) => !committed.has(tx))).toEqual([]);
  expect(committed.size).toBeGreaterThan(15);
  const kept = rows
    .filter(({ outcome }) => outcome === 'committed')
    .flatMap(({ tokens }) => tokens)
    .filter((token) => client?.membership.near(token, K).includes(address));
  expect(kept).not.toEqual([]);
  for (const token of kept) expect(newcomer.peer.chain.state.get(token)).toBeDefined();
});

test('where nobody comes or goes no view is looked up, and nobody waits', () => {
  const swarm = new Swarm({ peers: 16, clients: 1, seed: 63, parameters: QUICK });
  swarm.mesh();
  swarm.load({ transactionsPerSecond: 3, queryRatePerSecond: 0 });
  swarm.network.run(15_000);
  const asked = swarm.rows('messages').filter(({ type }) => type === 'find');
  expect(asked).toEqual([]);
  expect(swarm.rows('transactions').length).toBeGreaterThan(100);
});
