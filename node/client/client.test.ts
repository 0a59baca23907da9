import { expect, test } from 'vitest';
import { seededRandom } from '../../test/support/network.ts';
import { LOAD } from '../../test/support/swarm.ts';
import { checkTransaction } from '../ledger/transaction.ts';
import { LoadRandom } from './random.ts';
import { Wallet } from './wallet.ts';

const network = 'ab'.repeat(32);

test('one seed draws one stream, another seed another', () => {
  const draw = (seed: string) => {
    const random = new LoadRandom(seed);
    return Array.from({ length: 20 }, () => random.word());
  };
  expect(draw('a')).toEqual(draw('a'));
  expect(draw('a')).not.toEqual(draw('b'));
});

test('numbers spread evenly, arrivals have the mean that was asked, Zipf prefers the first', () => {
  const random = new LoadRandom('spread');
  const counts = new Uint32Array(10);
  let waited = 0;
  const ranks = new Uint32Array(10);
  for (let draw = 0; draw < 20_000; draw += 1) {
    const cell = random.below(10);
    counts[cell] = (counts[cell] ?? 0) + 1;
    waited += random.intervalMs(5);
    const rank = random.zipf(10, 0.9);
    ranks[rank] = (ranks[rank] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  expect(Math.abs(waited / 20_000 - 200)).toBeLessThan(10);
  expect((ranks[0] ?? 0) / (ranks[9] ?? 1)).toBeGreaterThan(6);
});

test('a wallet draws sound transactions and leaves busy tokens alone', () => {
  const fresh = seededRandom(9);
  const wallet = new Wallet(network, new LoadRandom('wallet'), (length) =>
    Uint8Array.from({ length }, () => Math.floor(fresh() * 256)),
  );
  const busy = new Set<string>();
  const open = [];
  for (let draw = 0; draw < 200; draw += 1) {
    const draft = wallet.draw({ ...LOAD, transferShare: 0.8 }, 1000 + draw);
    const check = checkTransaction(draft.transaction, { network, nowMs: 1000 + draw });
    expect(check).toEqual({ ok: true });
    for (const { token } of draft.transaction.body.changes) {
      expect(busy.has(token)).toBe(false);
      busy.add(token);
    }
    open.push(draft);
    const done = draw % 2 === 0 ? open.shift() : undefined;
    if (done === undefined) continue;
    wallet.committed(done);
    for (const { token } of done.transaction.body.changes) busy.delete(token);
  }
  expect(wallet.tokens.length).toBeGreaterThan(0);
});
