import { expect, test } from 'vitest';
import type { Id } from '../../node/id.ts';
import { Swarm } from '../support/swarm.ts';

const DELAY_MS = 40;

/** From submission until more than 2/3 of the keepers of each of its tokens have committed it. */
function finality(swarm: Swarm): readonly number[] {
  const submitted = new Map<Id, number>();
  const committed = new Map<Id, Map<Id, number[]>>();
  for (const { row, at } of swarm.network.rows) {
    if (row.table !== 'transactions') continue;
    if (row.outcome === 'submitted') {
      submitted.set(row.tx, at);
      committed.set(row.tx, new Map(row.tokens.map((token) => [token, []])));
    } else if (row.outcome === 'committed' && row.part === 'neighbour') {
      for (const token of row.kept) committed.get(row.tx)?.get(token)?.push(at);
    }
  }
  const need = Math.floor((swarm.parameters.k * 2) / 3);
  return [...committed].map(([tx, tokens]) => {
    const last = [...tokens.values()].map((times) => times.toSorted((a, b) => a - b)[need]);
    return Math.max(...last.map((at) => at ?? Infinity)) - (submitted.get(tx) ?? 0);
  });
}

test('a transaction is final after the two ways it needs and the two batches: nothing waits for a round', () => {
  const size = { peers: 9, clients: 2, seed: 17, delayMs: DELAY_MS };
  const swarm = new Swarm({ ...size, parameters: { k: 8, batchWindowMs: 10 } });
  swarm.mesh();
  swarm.load({ highValueShare: 0 });
  swarm.network.run(5000);
  swarm.unload();
  swarm.network.run(2000);
  const times = finality(swarm).toSorted((a, b) => a - b);
  expect(times.length).toBeGreaterThan(10);
  // To the keepers, and between them; each message may wait for one batch.
  expect(times.at(-1)).toBeLessThanOrEqual(2 * DELAY_MS + 2 * 10);
});
