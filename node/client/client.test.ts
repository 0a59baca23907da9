import { expect, test } from 'vitest';
import { seededRandom } from '../../test/support/network.ts';
import { LOAD } from '../../test/support/swarm.ts';
import { ZERO_ID } from '../id.ts';
import { ROUNDS, roundsOf } from '../ledger/rounds.ts';
import { isSupported, supportingTokens, takesSupportAlong } from '../ledger/supporting.ts';
import { checkTransaction, isWitness } from '../ledger/transaction.ts';
import type { ProtocolParameters } from '../parameters.ts';
import { LoadRandom } from './random.ts';
import { type Draft, Wallet } from './wallet.ts';

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

function newWallet(
  seed: string,
  witnesses: ProtocolParameters['witnesses'] = 'two-of-three',
): Wallet {
  const fresh = seededRandom(9);
  const draw = (length: number) => Uint8Array.from({ length }, () => Math.floor(fresh() * 256));
  return new Wallet(network, new LoadRandom(seed), draw, { k: 8, witnesses });
}

test('a wallet draws sound transactions and leaves busy tokens alone', () => {
  const wallet = newWallet('wallet');
  const busy = new Set<string>();
  const open: Draft[] = [];
  const follow = (draft: Draft, nowMs: number) => {
    expect(checkTransaction(draft.transaction, { network, nowMs })).toEqual({ ok: true });
    for (const { token } of draft.transaction.body.changes) {
      expect(busy.has(token)).toBe(false);
      busy.add(token);
    }
    open.push(draft);
  };
  for (let draw = 0; draw < 300; draw += 1) {
    follow(wallet.draw({ ...LOAD, transferShare: 0.8, highValueShare: 0.3 }, 1000 + draw), 1500);
    const done = draw % 2 === 0 ? open.shift() : undefined;
    if (done === undefined) continue;
    wallet.committed(done);
    for (const { token } of done.transaction.body.changes) busy.delete(token);
    const linked = wallet.link(done, 1000 + draw);
    if (linked !== null) follow(linked, 1500);
  }
  expect(wallet.tokens.length).toBeGreaterThan(0);
});

test('where its owner chooses them, a high value has one to three witness tokens and more neighbours', () => {
  const wallet = newWallet('classes', 'every');
  const counts = new Set<number>();
  for (let draw = 0; draw < 60; draw += 1) {
    const low = wallet.draw({ ...LOAD, highValueShare: 0 }, 1000);
    expect(low.transaction.body).toMatchObject({ valueClass: 'low', extraNeighbours: 0 });
    expect([low.toSupport, low.transaction.body.changes.some(isWitness)]).toEqual([null, false]);
    const { body } = wallet.draw({ ...LOAD, highValueShare: 1 }, 1000).transaction;
    expect(body).toMatchObject({ valueClass: 'high', extraNeighbours: 4 });
    counts.add(body.changes.filter(isWitness).length);
  }
  expect(counts).toEqual(new Set([1, 2, 3]));
});

test('a high value moves one token in three rounds, with more neighbours', () => {
  const wallet = newWallet('rounds');
  const load = { ...LOAD, highValueShare: 1, destroyShare: 0, transferShare: 0.7 };
  let moves = 0;
  for (let draw = 0; draw < 40; draw += 1) {
    const draft = wallet.draw(load, 1000 + draw);
    const { transaction, toSupport } = draft;
    const { body } = transaction;
    expect(checkTransaction(transaction, { network, nowMs: 2000 })).toEqual({ ok: true });
    expect(body).toMatchObject({ valueClass: 'high', extraNeighbours: 4 });
    const rounds = roundsOf(transaction);
    expect(body.changes.filter(isWitness).map(({ token }) => token)).toEqual(rounds.toSorted());
    expect(body.changes.length).toBe(1 + ROUNDS);
    expect(body.changes.some(({ token }) => token === toSupport)).toBe(true);
    if (body.changes.some(({ previous }) => previous !== ZERO_ID)) moves += 1;
    wallet.committed(draft);
  }
  expect(moves).toBeGreaterThan(10);
});

test('a high value gets five supporting tokens at once, and takes three along ever after', () => {
  const wallet = newWallet('support');
  const create = { ...LOAD, highValueShare: 1, transferShare: 0, destroyShare: 0 };
  const first = wallet.draw({ ...create, tokensPerTransaction: { '1': 1 } }, 1000);
  const main = first.toSupport ?? '';
  expect(isSupported(first.transaction, main)).toBe(false);
  wallet.committed(first);
  let linked = wallet.link(first, 1000);
  for (let round = 0; round < 3; round += 1) {
    if (linked === null) throw new Error('there is no linked transaction');
    const tokens = linked.transaction.body.changes.map(({ token }) => token);
    expect(tokens).toEqual([main, ...supportingTokens(main)].sort());
    expect(isSupported(linked.transaction, main)).toBe(true);
    expect(checkTransaction(linked.transaction, { network, nowMs: 1000 })).toEqual({ ok: true });
    wallet.committed(linked);
    expect(wallet.link(linked, 1000)).toBeNull();
    // Whatever value the load asks for: what is supported stays so.
    const next = wallet.draw({ ...LOAD, highValueShare: 0, transferShare: 1 }, 1000);
    expect(isSupported(next.transaction, main)).toBe(true);
    expect(takesSupportAlong(next.transaction, main)).toBe(true);
    wallet.committed(next);
    linked = wallet.link(next, 1000);
  }
  if (linked !== null) wallet.committed(linked);
  const end = wallet.draw({ ...LOAD, transferShare: 0, destroyShare: 1 }, 1000);
  expect(end.changes.find(({ change }) => change.token === main)?.next).toBeNull();
  expect(isSupported(end.transaction, main)).toBe(true);
});
