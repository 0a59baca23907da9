import { expect, test } from 'vitest';
import { MemoryStore, VirtualNetwork, virtualEndpoint } from '../../test/support/network.ts';
import { signingKey } from '../crypto/ed25519.ts';
import { ZERO_ID } from '../id.ts';
import { authorisedBy, checkTransaction, keyHash } from '../ledger/transaction.ts';
import type { Transaction } from '../ledger/types.ts';
import { idOf, NETWORK } from '../minefield/speaker.fixture.ts';
import { LamppostToken, lamppostToken, PUBLISH_EVERY_MS } from './lamppost-token.ts';
import type { OwnOutcome } from './own-transactions.ts';

const self = idOf(1);
const keys = [1, 2, 3, 4].map((number) => signingKey(new Uint8Array(32).fill(number)));
const [one, two, three] = keys;

function publisher(store = new MemoryStore()) {
  const network = new VirtualNetwork();
  const host = network.host(virtualEndpoint(1), { store });
  const sent: { transaction: Transaction; settle: (outcome: OwnOutcome) => void }[] = [];
  const token = new LamppostToken({ network: NETWORK, self, host }, (transaction, settle) => {
    sent.push({ transaction, settle: settle ?? (() => {}) });
  });
  /** Time passes with one key in use. */
  const pass = (key: typeof one, ms: number): void => {
    for (let past = 0; past < ms; past += 5000) {
      if (key !== undefined) token.tick(key);
      network.run(5000);
    }
  };
  return { sent, pass, store, host };
}

test('a lamppost is published once at the start and moved when it has changed', () => {
  const { sent, pass, host } = publisher();
  pass(one, PUBLISH_EVERY_MS + 10_000);
  expect(sent).toHaveLength(1);
  sent[0]?.settle('committed');
  pass(one, 3 * PUBLISH_EVERY_MS);
  expect(sent).toHaveLength(1);
  pass(two, PUBLISH_EVERY_MS);
  expect(sent).toHaveLength(2);
  const [created, moved] = sent.map(({ transaction }) => transaction);
  if (created === undefined || moved === undefined || one === undefined || two === undefined)
    return;
  for (const transaction of [created, moved]) {
    expect(checkTransaction(transaction, { network: NETWORK, nowMs: host.now() }).ok).toBe(true);
  }
  const [first, second] = [keyHash(one.publicKey), keyHash(two.publicKey)];
  const token = lamppostToken(self);
  expect(created.body.changes).toEqual([{ token, owner: first, previous: ZERO_ID }]);
  expect(moved.body.changes).toEqual([{ token, owner: second, previous: created.id }]);
  expect([authorisedBy(created, 0), authorisedBy(moved, 0)]).toEqual([first, first]);
  expect(moved.body.timestamp).toBeGreaterThan(created.body.timestamp);
});

test('keys that change every half minute are published every ten minutes', () => {
  const { sent, pass } = publisher();
  const spans = 6;
  for (let turn = 0; turn < (spans * PUBLISH_EVERY_MS) / 25_000; turn += 1) {
    pass(keys[turn % keys.length], 25_000);
    sent.at(-1)?.settle('committed');
  }
  expect(sent.length).toBeGreaterThanOrEqual(spans - 1);
  expect(sent.length).toBeLessThanOrEqual(spans);
});

test('what did not pass is sent again as it was, also by the next life, and then left', () => {
  const { sent, pass, store } = publisher();
  pass(one, PUBLISH_EVERY_MS + 10_000);
  sent[0]?.settle('timed-out');
  pass(two, PUBLISH_EVERY_MS + 10_000);
  expect(sent[1]?.transaction.id).toBe(sent[0]?.transaction.id);
  const next = publisher(store);
  next.pass(three, PUBLISH_EVERY_MS + 10_000);
  expect(next.sent[0]?.transaction.id).toBe(sent[0]?.transaction.id);
  next.sent[0]?.settle('committed');
  next.pass(three, PUBLISH_EVERY_MS + 10_000);
  expect(next.sent[1]?.transaction.body.changes[0]?.previous).toBe(sent[0]?.transaction.id);
  for (let turn = 1; turn < 8; turn += 1) {
    next.sent[turn]?.settle('timed-out');
    next.pass(three, PUBLISH_EVERY_MS + 10_000);
  }
  expect(next.sent).toHaveLength(4);
});

test('a later life moves on what an earlier one published, by its key', () => {
  const first = publisher();
  first.pass(one, PUBLISH_EVERY_MS + 10_000);
  first.sent[0]?.settle('committed');
  const next = publisher(first.store);
  next.pass(two, PUBLISH_EVERY_MS + 10_000);
  const moved = next.sent[0]?.transaction;
  expect(moved?.body.changes[0]?.previous).toBe(first.sent[0]?.transaction.id);
  expect(moved === undefined || one === undefined ? '' : authorisedBy(moved, 0)).toBe(
    one === undefined ? null : keyHash(one.publicKey),
  );
});
