import { expect, test } from 'vitest';
import { SUPPORTING, supportingTokens } from '../../node/ledger/supporting.ts';
import { expectSafe } from '../support/invariants.ts';
import { Spender, spending } from '../support/spender.ts';
import { Swarm } from '../support/swarm.ts';

const K = 4;

test('transactions of high value commit with witness tokens, more neighbours and supporting tokens', () => {
  const swarm = new Swarm({ peers: 12, clients: 1, seed: 8, parameters: { k: K } });
  swarm.mesh();
  swarm.load({
    transactionsPerSecond: 4,
    tokensPerTransaction: { '1': 1 },
    highValueShare: 0.5,
    transferShare: 0.7,
    destroyShare: 0,
    queryRatePerSecond: 0,
  });
  swarm.network.run(6000);
  swarm.unload();
  swarm.network.run(4000);
  const rows = swarm.rows('transactions');
  const ofClient = rows.filter(({ part }) => part === 'client');
  const high = ofClient.filter(
    ({ outcome, valueClass }) => outcome === 'submitted' && valueClass === 'high',
  );
  expect(high.length).toBeGreaterThan(5);
  const committed = new Set(
    ofClient.filter(({ outcome }) => outcome === 'committed').map(({ tx }) => tx),
  );
  for (const { tx } of high) expect([tx, committed.has(tx)]).toEqual([tx, true]);
  // More than k members committed each of its tokens.
  const [first] = high;
  const at = rows.filter(({ part, tx }) => part === 'neighbour' && tx === first?.tx);
  for (const token of first?.tokens ?? []) {
    const keepers = at.filter(
      ({ outcome, kept }) => outcome === 'committed' && kept.includes(token),
    );
    expect(keepers.length).toBe(6);
  }
  // Some token was supported by a linked transaction, and moved later with support.
  const supported = high.flatMap(({ tokens }) =>
    tokens.filter((main) => supportingTokens(main).every((token) => tokens.includes(token))),
  );
  expect(supported.length).toBeGreaterThan(2);
  const moves = high.filter(({ tokens, previous }) =>
    tokens.some((main, index) => {
      const along = supportingTokens(main).filter((token) => tokens.includes(token));
      const isLater = !(previous[index] ?? '').startsWith('0'.repeat(64));
      return isLater && along.length > 0 && along.length < SUPPORTING;
    }),
  );
  expect(moves.length).toBeGreaterThan(0);
  expectSafe(swarm);
});

test('a quorum of the many that one asks for is not enough without one of the k nearest', () => {
  const extraNeighbours = 8;
  const swarm = new Swarm({ peers: 14, clients: 0, seed: 9, parameters: { k: K } });
  swarm.mesh();
  const spender = new Spender(swarm);
  const [created] = spender.create(1);
  if (created === undefined) throw new Error('nothing was created');
  const tokens = created.body.changes.map(({ token }) => token);
  const near = swarm.at(0).peer.membership.near(tokens[0] ?? '', K + extraNeighbours);
  const terms = { tokens, previous: created.id, timestamp: swarm.network.now };
  const small = spending({ ...terms, to: 1 });
  const large = spending({ ...terms, to: 2, extraNeighbours });
  // Three of the four nearest for one; the fourth and the eight others, nine of twelve, for the other.
  spender.submit(near.slice(0, K - 1), small);
  spender.submit(near.slice(K - 1), large);
  swarm.network.run(5000);
  expectSafe(swarm);
  const committed = swarm.rows('transactions').filter(({ outcome }) => outcome === 'committed');
  const after = new Set(committed.filter(({ previous }) => previous.includes(created.id)));
  expect(new Set([...after].map(({ tx }) => tx))).toEqual(new Set([small.id]));
});
