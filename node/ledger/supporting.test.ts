import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SigningKey, signingKey } from '../crypto/ed25519.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { isSupported, SUPPORTING, supportingTokens, takesSupportAlong } from './supporting.ts';
import { keyHash, ORDINARY, signTransaction } from './transaction.ts';
import type { TransactionBody } from './types.ts';

const MAIN = '42'.repeat(32);
const FIVE = supportingTokens(MAIN);
const key = (index: number): SigningKey => signingKey(new Uint8Array(32).fill(index));
const OWNER = keyHash(key(1).publicKey);
const OTHER = keyHash(key(2).publicKey);

/** Moves the main token to `to`, and each of `along` of the five to the owner given. */
function transaction(
  to: Id,
  along: readonly (readonly [index: number, owner: Id])[],
  rest: Partial<TransactionBody> = {},
) {
  const changes = [
    [MAIN, to] as const,
    ...along.map(([index, owner]) => [FIVE[index] ?? '', owner] as const),
  ]
    .map(([token, owner]) => ({ token, owner, previous: '99'.repeat(32) }))
    .sort((a, b) => (a.token < b.token ? -1 : 1));
  const body: TransactionBody = {
    network: '11'.repeat(32),
    changes,
    timestamp: 5,
    valueClass: 'high',
    extraNeighbours: 0,
    purpose: ORDINARY,
    ...rest,
  };
  return signTransaction(
    body,
    body.changes.map(() => key(1)),
  );
}

const some = fc.subarray([0, 1, 2, 3, 4]);

test('each main token has five supporting tokens of its own', () => {
  expect(new Set(FIVE).size).toBe(SUPPORTING);
  expect(supportingTokens('43'.repeat(32)).some((token) => FIVE.includes(token))).toBe(false);
});

test('a state is supported by three of the five or more, and by no fewer', () => {
  fc.assert(
    fc.property(some, (indices) => {
      const moved = transaction(
        OWNER,
        indices.map((index) => [index, OWNER] as const),
      );
      expect(isSupported(moved, MAIN)).toBe(indices.length >= 3);
      expect(takesSupportAlong(moved, MAIN)).toBe(indices.length >= 3);
    }),
  );
});

test('after a move that takes support along, what still names the state before can restore nothing', () => {
  fc.assert(
    fc.property(some, some, (before, after) => {
      const state = transaction(
        OWNER,
        before.map((index) => [index, OWNER] as const),
      );
      const next = transaction(
        OTHER,
        after.map((index) => [index, OTHER] as const),
      );
      fc.pre(isSupported(state, MAIN) && takesSupportAlong(next, MAIN));
      const left = before.filter((index) => !after.includes(index));
      expect(left.length).toBeLessThan(3);
    }),
  );
});

test('supporting tokens that are destroyed, or of another owner, support nothing', () => {
  const along = (owner: Id) => [0, 1, 2].map((index) => [index, owner] as const);
  expect(isSupported(transaction(OWNER, along(ZERO_ID)), MAIN)).toBe(false);
  expect(isSupported(transaction(OWNER, along(OTHER)), MAIN)).toBe(false);
  expect(isSupported(transaction(OWNER, along(OWNER), { valueClass: 'low' }), MAIN)).toBe(false);
  // A destroyed token stays destroyed though all its keepers forget it.
  expect(isSupported(transaction(ZERO_ID, along(OTHER)), MAIN)).toBe(true);
  // The right supporting tokens beside the wrong token.
  expect(isSupported(transaction(OWNER, along(OWNER)), '44'.repeat(32))).toBe(false);
});
