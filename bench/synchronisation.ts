/**
 * Two ways for a newcomer to catch up, on the same network in virtual time: reading the chains of its
 * neighbourhood against the papers' polling (claims Y1–Y3), and what a storage challenge costs and
 * tells at three densities (claims P1, P2).
 */
import { hash } from '../node/crypto/hash.ts';
import type { Id } from '../node/id.ts';
import { answerChallenge, CHUNKS, compareAnswers } from '../node/ledger/storage-proof.ts';
import type { ProtocolParameters } from '../node/parameters.ts';
import { seededRandom } from '../test/support/network.ts';
import { joined } from '../test/support/joiner.ts';
import { Swarm } from '../test/support/swarm.ts';
import type { Benchmark } from './run.ts';

const LOAD_MS = 60_000;
const LIMIT_MS = 180_000;
const CHALLENGES = 2000;
const TOKENS = 50_000;

type Mode = ProtocolParameters['synchronisation'];

/** One newcomer in a network at rest, after a minute of load. */
function catchUp(synchronisation: Mode) {
  const swarm = new Swarm({ peers: 9, clients: 2, seed: 41, parameters: { k: 5 } });
  swarm.mesh();
  swarm.load({ transactionsPerSecond: 4, queryRatePerSecond: 0 });
  swarm.network.run(LOAD_MS);
  swarm.unload();
  swarm.network.run(10_000);
  const { peer, endpoint } = joined(swarm, 100, { parameters: { synchronisation } });
  const from = swarm.network.now;
  let bytes = 0;
  let datagrams = 0;
  swarm.network.tap = (sender, receiver, datagram) => {
    if (sender.ip !== endpoint.ip && receiver.ip !== endpoint.ip) return;
    bytes += datagram.length;
    datagrams += 1;
  };
  const isThere = swarm.network.runUntil(
    () => peer.synchronisation.phase === 'synchronised',
    LIMIT_MS,
  );
  const { transactions, queries, blocks, density } = peer.synchronisation;
  const [range, held] = heldOfRange(swarm, peer.identity.address, (token) =>
    Boolean(peer.chain.state.get(token)),
  );
  return {
    reachedItsEnd: isThere,
    seconds: (swarm.network.now - from) / 1000,
    kilobytes: Math.round(bytes / 1000),
    datagrams,
    transactions,
    blocks,
    queries,
    tokensPerQuery: queries === 0 ? null : transactions / queries,
    saidDensity: density,
    tokensOfRange: range,
    trueDensity: held / Math.max(1, range),
  };
}

function heldOfRange(swarm: Swarm, who: Id, holds: (token: Id) => boolean): [number, number] {
  const { k } = swarm.parameters;
  const [first] = swarm.peers;
  const committed = swarm.rows('transactions').filter(({ outcome }) => outcome === 'committed');
  const tokens = [...new Set(committed.flatMap(({ tokens: some }) => some))].filter(
    (token) => first?.membership.isNear(who, token, k) === true,
  );
  return [tokens.length, tokens.filter(holds).length];
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
    const chain = catchUp('chain');
    const polling = catchUp('polling');
    return Promise.resolve({
      chain,
      polling,
      timeRatio: chain.seconds / polling.seconds,
      bytesRatio: chain.kilobytes / polling.kilobytes,
      challenges: [0.99, 0.8, 0.5].map(challenges),
    });
  },
};
