import { expect, test } from 'vitest';
import { signingKey } from '../../node/crypto/ed25519.ts';
import { hashBytes } from '../../node/crypto/hash.ts';
import { RecordChecker } from '../../node/identity/checker.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import { Transport } from '../../node/transport/transport.ts';
import { encodeMessage, kindOf } from '../../node/wire/messages.ts';
import { virtualEndpoint } from '../support/network.ts';
import { NETWORK, Swarm } from '../support/swarm.ts';

const key = (index: number) => signingKey(hashBytes('key', new Uint8Array([index])));
const owner = key(0);

function transfer(token: Id, previous: Id, to: number, timestamp: number): Transaction {
  const change = { token, previous, owner: keyHash(key(to).publicKey) };
  const body = {
    network: NETWORK,
    changes: [change],
    timestamp,
    valueClass: 'high' as const,
    extraNeighbours: 0,
    purpose: ORDINARY,
  };
  return signTransaction(body, [previous === ZERO_ID ? key(to) : owner]);
}

/** A spender who tells half of the neighbours one transfer first and half another. */
function spendTwice(seed: number, toFirst: number): Swarm & { readonly spent: readonly Id[] } {
  const swarm = new Swarm({ peers: 9, clients: 0, seed, lossProbability: 0.05 });
  swarm.mesh();
  const endpoint = virtualEndpoint(50);
  const host = swarm.network.host(endpoint);
  const transport = new Transport(
    {
      network: NETWORK,
      self: { kind: 'client', privateKey: host.random(32) },
      checker: new RecordChecker(NETWORK, swarm.parameters.pow, () => host.now()),
      batchWindowMs: swarm.parameters.batchWindowMs,
    },
    host,
    { kind: kindOf, message: () => true },
  );
  swarm.network.attach(endpoint, (from, datagram) => transport.receive(from, datagram));
  const ids = swarm.peers.map((peer) => peer.identity.address);
  for (const { peer, endpoint: at } of swarm.seated) {
    transport.learn({ ...peer.identity, endpoint: at });
  }
  const submit = (to: readonly Id[], transaction: Transaction) => {
    for (const id of to) {
      transport.send(id, 'submit', encodeMessage({ type: 'submit', transaction }));
    }
  };
  const token = host.random(32).toHex();
  const created = transfer(token, ZERO_ID, 0, swarm.network.now);
  submit(ids, created);
  swarm.network.run(5000);
  const one = transfer(token, created.id, 1, swarm.network.now);
  const two = transfer(token, created.id, 2, swarm.network.now);
  submit(ids.slice(0, toFirst), one);
  submit(ids.slice(toFirst), two);
  swarm.network.run(30_000);
  return Object.assign(swarm, { spent: [one.id, two.id] });
}

test('two transfers of one mapping never both commit, however the neighbours split', () => {
  let committedOnce = 0;
  for (const [seed, toFirst] of [0, 2, 4, 5, 7].entries()) {
    const swarm = spendTwice(seed + 1, toFirst);
    const rows = swarm.rows('transactions').filter(({ tx }) => swarm.spent.includes(tx));
    const committed = new Set(
      rows.filter(({ outcome }) => outcome === 'committed').map(({ tx }) => tx),
    );
    expect(committed.size).toBeLessThanOrEqual(1);
    committedOnce += committed.size;
    if (toFirst > 0) expect(rows.some(({ outcome }) => outcome === 'conflicting')).toBe(true);
  }
  // Where nearly all heard one of them first, that one stands.
  expect(committedOnce).toBeGreaterThan(0);
});
