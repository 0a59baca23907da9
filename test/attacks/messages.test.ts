import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signingKey } from '../../node/crypto/ed25519.ts';
import { ZERO_ID } from '../../node/id.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import { isPlan, isSightings } from '../../attacks/colluding-liars/plan.ts';
import { theftIn, theftMessage } from '../../attacks/colluding-liars/theft.ts';
import {
  areIds,
  isKind,
  transactionFromHex,
  transactionToHex,
} from '../../attacks/kit/messages.ts';
import { rivalsIn } from '../../attacks/kit/rival-spend.ts';

const key = signingKey(new Uint8Array(32).fill(3));
const transaction = signTransaction(
  {
    network: '1'.repeat(64),
    changes: [{ token: '2'.repeat(64), owner: keyHash(key.publicKey), previous: ZERO_ID }],
    timestamp: 5,
    valueClass: 'low',
    extraNeighbours: 0,
    purpose: ORDINARY,
  },
  [key],
);

test('a transaction reaches an accomplice as it was', () => {
  expect(transactionFromHex(transactionToHex(transaction))).toEqual(transaction);
  const sent: unknown = JSON.parse(JSON.stringify(theftMessage(transaction)));
  expect(theftIn(sent)).toEqual(transaction);
});

test('whatever else an accomplice says is not taken for one of its messages, and throws nothing', () => {
  const hex = transactionToHex(transaction);
  const spoilt = fc
    .tuple(fc.nat(hex.length - 1), fc.constantFrom('0', '7', '9', 'a', 'f', 'g', 'X'))
    .map(([at, digit]) => hex.slice(0, at) + digit + hex.slice(at + 1));
  const kinds = fc.constantFrom('plan', 'sightings', 'theft', 'rivals', 'phase');
  const near = fc.record(
    { kind: kinds, plan: fc.jsonValue(), sightings: fc.jsonValue(), transaction: spoilt },
    { requiredKeys: ['kind'] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), near), (message) => {
      for (const read of [isPlan, isSightings, rivalsIn]) read(message);
      const stolen = theftIn(message);
      // Another digit is another transaction, if it is one at all.
      if (stolen !== null) expect(isKind(message, 'theft')).toBe(true);
    }),
  );
  expect([areIds(['1'.repeat(64)]), areIds(['1'.repeat(63)]), areIds('1'), areIds([1])]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
