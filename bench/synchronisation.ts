/**
 * Two ways for a newcomer to catch up, on the same network in virtual time: reading the chains of its
 * neighbourhood against the papers' polling (claims Y1–Y3), and what a storage challenge costs and
 * tells at three densities (claims P1, P2).
 */
import { signingKey } from '../node/crypto/ed25519.ts';
import { hash, hashBytes } from '../node/crypto/hash.ts';
import { type Id, ZERO_ID } from '../node/id.ts';
import { MAX_ENTRIES } from '../node/ledger/block.ts';
import { answerChallenge, CHUNKS, compareAnswers } from '../node/ledger/storage-proof.ts';
import {
  encodeTransaction,
  keyHash,
  ORDINARY,
  signTransaction,
} from '../node/ledger/transaction.ts';
import type { ProtocolParameters } from '../node/parameters.ts';
import { seededRandom } from '../test/support/network.ts';
import { joined } from '../test/support/joiner.ts';
import { NETWORK, Swarm } from '../test/support/swarm.ts';
import type { Benchmark } from './run.ts';

/** A newcomer keeps about half of what there is: 400 and 4,000 tokens of its range. */
const PEERS = 9;
const K = 5;
const SMALL = 740;
const LARGE = 7400;
/** Shares of its range at which both ways are compared. */
const COMPLETENESS = [0.5, 0.8, 0.95, 0.99];
const HELD_SINCE_MS = 600_000;
const LIMIT_MS = 900_000;
const BODY = {
  network: NETWORK,
  valueClass: 'low' as const,
  extraNeighbours: 0,
  purpose: ORDINARY,
};
const CHALLENGES = 2000;
const TOKENS = 50_000;

type Mode = ProtocolParameters['synchronisation'];

/** A network at rest that holds so many tokens in all, committed as its peers would have. */
function seeded(total: number): Swarm {
  const swarm = new Swarm({ peers: PEERS, clients: 0, seed: 41, parameters: { k: K } });
  swarm.mesh();
  const key = signingKey(hashBytes('key', new Uint8Array([1])));
  const owner = keyHash(key.publicKey);
  const now = swarm.network.now;
  const made = Array.from({ length: total }, (_, index) => {
    const token = hash('key', new Uint8Array([index >> 16, (index >> 8) & 255, index & 255]));
    const changes = [{ token, owner, previous: ZERO_ID }];
    return signTransaction({ ...BODY, changes, timestamp: now - HELD_SINCE_MS + index }, [key]);
  });
  for (const { host, peer } of swarm.seated) {
    const { address } = peer.identity;
    const kept = made.filter(({ body }) =>
      peer.membership.near(body.changes[0]?.token ?? '', K).includes(address),
    );
    for (const transaction of kept) {
      host.store.put(`tx/${transaction.id}`, encodeTransaction(transaction));
    }
    for (let from = 0; from < kept.length; from += MAX_ENTRIES) {
      const entries = kept.slice(from, from + MAX_ENTRIES).flatMap(({ id, body }) =>
        body.changes.map((change) => ({
          kind: 'committed' as const,
          mapping: { ...change, tx: id },
        })),
      );
      peer.chain.append(entries, now);
    }
  }
  // What they hold in memory is read from the disk again.
  swarm.restartAll(1000);
  swarm.mesh();
  swarm.network.run(10_000);
  return swarm;
}

/** One newcomer, until `completeness` of its range is in its blocks. */
function catchUp(synchronisation: Mode, total: number) {
  const swarm = seeded(total);
  const { peer, endpoint } = joined(swarm, 100, { parameters: { synchronisation } });
  const from = swarm.network.now;
  let bytes = 0;
  let datagrams = 0;
  swarm.network.tap = (sender, receiver, datagram) => {
    if (sender.ip !== endpoint.ip && receiver.ip !== endpoint.ip) return;
    bytes += datagram.length;
    datagrams += 1;
  };
  const tokens = tokensNear(swarm, peer.identity.address, total);
  const share = () =>
    tokens.filter((token) => peer.chain.state.get(token) !== undefined).length / tokens.length;
  const reached = COMPLETENESS.map((completeness) => {
    const isThere = swarm.network.runUntil(() => share() >= completeness, LIMIT_MS);
    const { transactions, queries, blocks } = peer.synchronisation;
    const seconds = (swarm.network.now - from) / 1000;
    const kilobytes = Math.round(bytes / 1000);
    return { completeness, isThere, seconds, kilobytes, datagrams, transactions, blocks, queries };
  });
  return { tokensOfRange: tokens.length, reached };
}

function tokensNear(swarm: Swarm, who: Id, total: number): readonly Id[] {
  const [first] = swarm.peers;
  return Array.from({ length: total }, (_, index) =>
    hash('key', new Uint8Array([index >> 16, (index >> 8) & 255, index & 255])),
  ).filter((token) => first?.membership.isNear(who, token, K));
}

/** Agreement with a full store, and steps of the search, at one density. */
function challenges(density: number) {
  const random = seededRandom(7);
  const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
  const all = Array.from({ length: TOKENS }, (_, index) =>
    hash('key', new Uint8Array([index >> 16, (index >> 8) & 255, index & 255])),
  ).sort();
  const stored = all.filter(() => random() < density);
  const byAgreed = Array.from({ length: CHUNKS + 1 }, () => 0);
  let steps = 0;
  for (let round = 0; round < CHALLENGES; round += 1) {
    const token = stored[Math.floor(random() * stored.length)] ?? '';
    const challenge = { key: token, token, tx: token, nonce: bytes(16), bits: 10 };
    const found = answerChallenge(stored, challenge);
    const due = answerChallenge(all, challenge).tokens;
    steps += found.steps;
    const { agreed } = compareAnswers(due, found.tokens, () => true);
    byAgreed[agreed] = (byAgreed[agreed] ?? 0) + 1;
  }
  const share = (least: number) =>
    byAgreed.slice(least).reduce((sum, count) => sum + count, 0) / CHALLENGES;
  return {
    density,
    meanSteps: Math.round(steps / CHALLENGES),
    allTenAgree: share(10),
    eightAgree: share(8),
  };
}

export const benchmark: Benchmark = {
  name: 'synchronisation',
  description: 'a newcomer that reads chains against one that polls, in virtual time',
  run() {
    const sizes = [SMALL, LARGE].map((total) => {
      const chain = catchUp('chain', total);
      const polling = catchUp('polling', total);
      return { chain, polling };
    });
    return Promise.resolve({ sizes, challenges: [0.99, 0.8, 0.5].map(challenges) });
  },
};
