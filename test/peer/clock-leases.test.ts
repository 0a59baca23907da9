/**
 * Why a lapse is voted (docs/decisions/2026-11-21-lapse-is-voted.md): the rule of PROTOCOL.md 1 and 3
 * taken by its word, played on a partition.
 */
import { expect, test } from 'vitest';
import { signingKey } from '../../node/crypto/ed25519.ts';
import { hashBytes } from '../../node/crypto/hash.ts';
import type { Endpoint } from '../../node/host.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import { Asker } from '../support/asker.ts';
import { NETWORK, type Seated, Swarm } from '../support/swarm.ts';

const key = (index: number) => signingKey(hashBytes('key', new Uint8Array([index])));
const isEven = ({ ip }: Endpoint) => Number(ip.split('.').at(-1)) % 2 === 0;

function mapped(token: Id, previous: Id, to: number, timestamp: number) {
  return signTransaction(
    {
      network: NETWORK,
      changes: [{ token, previous, owner: keyHash(key(to).publicKey) }],
      timestamp,
      valueClass: 'low',
      extraNeighbours: 0,
      purpose: ORDINARY,
    },
    [previous === ZERO_ID ? key(to) : key(0)],
  );
}

/** As if leases ran out by each peer's clock: whoever was not heard for one does not count. */
function dropByTheClock(seated: readonly Seated[], now: number): void {
  for (const { peer, endpoint } of seated) {
    for (const other of seated) {
      if (isEven(endpoint) === isEven(other.endpoint)) continue;
      const { address } = other.peer.identity;
      peer.membership.stand(address, { sinceMs: now, countedFromMs: null, trustedFromMs: 0 });
    }
  }
}

/** Transfers of one token that are committed, after a partition of two leases in which it is spent twice. */
function committedInPartition(rule: 'voted' | 'by the clock'): number {
  const parameters = { leaseHours: 1, k: 8 };
  const swarm = new Swarm({ peers: 10, clients: 0, seed: 81, parameters });
  swarm.mesh();
  const sides = [new Asker(swarm, 200), new Asker(swarm, 201)];
  const ids = swarm.peers.map((peer) => peer.identity.address);
  const token = swarm.at(0).host.random(32).toHex();
  const created = mapped(token, ZERO_ID, 0, swarm.network.now);
  sides[0]?.say(ids, { type: 'submit', transaction: created });
  swarm.network.run(5000);
  const whole = swarm.network.link;
  swarm.network.link = (from, to) =>
    isEven(from) === isEven(to) ? whole(from, to) : { lossProbability: 1 };
  swarm.network.run(45_000);
  if (rule === 'by the clock') dropByTheClock(swarm.seated, swarm.network.now);
  const spent = [1, 2].map((to) => mapped(token, created.id, to, swarm.network.now));
  for (const [index, transaction] of spent.entries()) {
    sides[index]?.say(ids, { type: 'submit', transaction });
  }
  swarm.network.run(15_000);
  const committed = swarm
    .rows('transactions')
    .filter(({ tx, outcome }) => outcome === 'committed' && spent.some(({ id }) => id === tx));
  return new Set(committed.map(({ tx }) => tx)).size;
}

test('were members dropped by the clock, both sides of a partition would commit their transfer', () => {
  expect(committedInPartition('by the clock')).toBe(2);
});

test('as lapses are voted, neither side of a partition in halves drops the other or commits', () => {
  expect(committedInPartition('voted')).toBe(0);
});
