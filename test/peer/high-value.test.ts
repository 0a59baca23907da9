import { expect, test } from 'vitest';
import { SUPPORTING, supportingTokens } from '../../node/ledger/supporting.ts';
import { expectSafe } from '../support/invariants.ts';
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
