/**
 * Every peer killed at once, between a commit and the block it would have been in: whatever had passed
 * anywhere passes everywhere once they are back, for all its tokens.
 */
import { expect, test } from 'vitest';
import { ZERO_ID } from '../../node/id.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import { expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { key, Spender } from '../support/spender.ts';
import { NETWORK, Swarm } from '../support/swarm.ts';

const K = 6;

/** Moves what `created` made and creates two more tokens elsewhere: six at most. */
function mixed(swarm: Swarm, created: Transaction): Transaction {
  const owner = keyHash(key(0).publicKey);
  const fresh = [1, 2].map(() => ({
    token: swarm.at(0).host.random(32).toHex(),
    owner,
    previous: ZERO_ID,
  }));
  const moved = created.body.changes.map(({ token }) => ({ token, owner, previous: created.id }));
  const changes = [...fresh, ...moved].toSorted((a, b) => (a.token < b.token ? -1 : 1));
  const body = {
    network: NETWORK,
    changes,
    timestamp: swarm.network.now,
    valueClass: 'low' as const,
    extraNeighbours: 0,
    purpose: ORDINARY,
  };
  return signTransaction(
    body,
    changes.map(() => key(0)),
  );
}

/** For each token of it: how many of its k keepers hold this transaction's mapping. */
function holders(swarm: Swarm, { id, body }: Transaction): readonly number[] {
  return body.changes.map(({ token }) => {
    const near = swarm.at(0).peer.membership.near(token, K);
    const keepers = swarm.peers.filter((peer) => near.includes(peer.identity.address));
    return keepers.filter((peer) => peer.chain.state.get(token)?.tx === id).length;
  });
}

test.each([110, 140])(
  'a power cut %i ms after the submission leaves no transaction half done',
  (cutMs) => {
    const swarm = new Swarm({ peers: 10, clients: 0, seed: 70 + cutMs, parameters: { k: K } });
    swarm.mesh();
    const spender = new Spender(swarm);
    const moves = spender.create(3, 2).map((created) => mixed(swarm, created));
    const random = swarm.at(0).host.random(64);
    const spread = swarm.network.link;
    swarm.network.link = (from, to) => ({
      ...spread(from, to),
      delayMs: 10 + (random[Number(from.ip.split('.').at(-1))] ?? 0) / 4,
    });
    for (const move of moves) spender.submit(spender.everybody, move);
    swarm.network.run(cutMs);
    swarm.restartAll(1000);
    swarm.network.run(20_000);
    expectSafe(swarm);
    expectBannedOnly(swarm, []);
    for (const move of moves) {
      const held = holders(swarm, move);
      // By all or by none.
      expect([move.id, held]).toEqual([move.id, held.map(() => (held.includes(0) ? 0 : K))]);
    }
  },
);
