/** Every rule of PROTOCOL.md 3 about transactions by name: what keeps it passes, what breaks it does not. */
import { expect, test } from 'vitest';
import { MemoryStore } from '../../test/support/network.ts';
import { type SigningKey, signingKey } from '../crypto/ed25519.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { supportingTokens } from '../ledger/supporting.ts';
import {
  checkTransaction,
  keyHash,
  MAX_AHEAD_MS,
  ORDINARY,
  signTransaction,
} from '../ledger/transaction.ts';
import type { Mapping, TokenChange, Transaction } from '../ledger/types.ts';
import { judge, type Knowledge } from './judge.ts';
import type { Identities } from './judge-identity.ts';
import { VoteLock } from './lock.ts';

const NETWORK = '11'.repeat(32);
const NOW = 50_000_000;
const id = (number: number): Id => number.toString(16).padStart(64, '0');
const key = (number: number): SigningKey => signingKey(new Uint8Array(32).fill(number));
const ownerOf = (number: number): Id => keyHash(key(number).publicKey);

/** Token 1: owned by key 1 since transaction 10 (time 1000). Token 2: destroyed by transaction 20. */
const PRESENT: ReadonlyMap<Id, Mapping> = new Map(
  [
    { token: id(1), owner: ownerOf(1), tx: id(10), previous: id(9) },
    { token: id(2), owner: ZERO_ID, tx: id(20), previous: id(19) },
    { token: id(3), owner: ownerOf(3), tx: id(30), previous: ZERO_ID },
  ].map((mapping) => [mapping.token, mapping]),
);
const TIMES: ReadonlyMap<Id, number> = new Map([
  [id(9), 900],
  [id(10), 1000],
  [id(20), 1000],
  [id(30), 3000],
]);
const STRANGERS: Identities = {
  nowMs: NOW,
  leaseMs: 1000,
  maxSynchronisedAgeMs: 1000,
  keyOf: () => undefined,
  standing: () => undefined,
  mayRegister: () => false,
  storesItsRange: () => false,
  hasLapsed: () => false,
};
const KNOWLEDGE: Knowledge = {
  mapping: (token) => PRESENT.get(token),
  isCommitted: (tx) => TIMES.has(tx),
  timestampOf: (tx) => TIMES.get(tx) ?? 0,
  isSupported: () => false,
  convicts: () => false,
  identities: STRANGERS,
};

const create = (token: number, owner: number): TokenChange => {
  return { token: id(token), owner: ownerOf(owner), previous: ZERO_ID };
};
const follow = (token: number, previous: number, owner: Id): TokenChange => {
  return { token: id(token), owner, previous: id(previous) };
};
const witness = (token: number): TokenChange => {
  return { token: id(token), owner: ZERO_ID, previous: ZERO_ID };
};

interface Draft {
  readonly changes: readonly TokenChange[];
  /** Numbers of the keys that sign, in the order of the changes. */
  readonly signers: readonly number[];
  readonly timestamp?: number;
  readonly knowledge?: Partial<Knowledge>;
}

const made = ({ changes, signers, timestamp = NOW }: Draft): Transaction =>
  signTransaction(
    {
      network: NETWORK,
      changes,
      timestamp,
      valueClass: 'high',
      extraNeighbours: 0,
      purpose: ORDINARY,
    },
    signers.map(key),
  );

/** The verdict of each change's voters; a reason where the whole is refused or can't be made. */
function fate(draft: Draft): readonly string[] {
  let transaction: Transaction;
  try {
    transaction = made(draft);
  } catch (error) {
    return [error instanceof RangeError ? error.message : 'threw'];
  }
  const check = checkTransaction(transaction, { network: NETWORK, nowMs: NOW });
  if (!check.ok) return [check.reason];
  const lock = new VoteLock(new MemoryStore());
  const knowledge = { ...KNOWLEDGE, ...draft.knowledge };
  return draft.changes.map((_, index) => judge(transaction, index, knowledge, lock).ballot);
}

const many = (count: number): Draft => ({
  changes: Array.from({ length: count }, (_, index) => create(100 + index, 5)),
  signers: Array.from({ length: count }, () => 5),
});
const MOVE: Draft = { changes: [follow(1, 10, ownerOf(7))], signers: [1] };
const supported: Partial<Knowledge> = { isSupported: () => true };
const along = (count: number): TokenChange[] =>
  supportingTokens(id(1))
    .slice(0, count)
    .map((token) => ({ token, owner: ownerOf(7), previous: ZERO_ID }))
    .sort((a, b) => (a.token < b.token ? -1 : 1));
const withSupport = (count: number): Draft => ({
  changes: [follow(1, 10, ownerOf(7)), ...along(count)],
  signers: [1, ...along(count).map(() => 7)],
  knowledge: supported,
});

const RULES: readonly (readonly [rule: string, draft: Draft, fate: readonly string[]])[] = [
  ['one mapping is enough', many(1), ['valid']],
  ['six mappings are allowed', many(6), Array.from({ length: 6 }, () => 'valid')],
  ['seven mappings are too many', many(7), ['not a transaction: 7 changes where 1..6 are allowed']],
  ['no mapping is too few', many(0), ['not a transaction: 0 changes where 1..6 are allowed']],
  [
    'a token stands in it once',
    { changes: [create(5, 5), create(5, 5)], signers: [5, 5] },
    ['not a transaction: tokens do not rise'],
  ],
  ['a creation is signed by the new key', { changes: [create(5, 5)], signers: [5] }, ['valid']],
  [
    'a creation signed by another key is refused',
    { changes: [create(5, 5)], signers: [6] },
    ['change 0 is signed by a key that may not'],
  ],
  ['what exists is not created', { changes: [create(1, 5)], signers: [5] }, ['invalid']],
  ['a later mapping is signed by the key that the previous one names', MOVE, ['valid']],
  ['nobody else moves it', { ...MOVE, signers: [7] }, ['invalid']],
  [
    'what follows an older mapping is invalid',
    { changes: [follow(1, 9, ownerOf(7))], signers: [1] },
    ['invalid'],
  ],
  [
    'what follows something unknown waits',
    { changes: [follow(1, 77, ownerOf(7))], signers: [1] },
    ['out-of-order'],
  ],
  [
    'an unknown token with a previous mapping waits',
    { changes: [follow(5, 77, ownerOf(7))], signers: [1] },
    ['out-of-order'],
  ],
  ['it is newer than the previous transaction', { ...MOVE, timestamp: 1001 }, ['valid']],
  ['it is no older than the previous transaction', { ...MOVE, timestamp: 999 }, ['invalid']],
  ['it is not of the same time as the previous one', { ...MOVE, timestamp: 1000 }, ['invalid']],
  [
    'it is newer than the previous transaction of each of its tokens',
    {
      changes: [follow(1, 10, ownerOf(7)), follow(3, 30, ownerOf(7))],
      signers: [1, 3],
      timestamp: 2000,
    },
    ['valid', 'invalid'],
  ],
  ['it may be nearly two hours ahead', { ...MOVE, timestamp: NOW + MAX_AHEAD_MS - 1 }, ['valid']],
  [
    'two hours ahead is too far',
    { ...MOVE, timestamp: NOW + MAX_AHEAD_MS },
    ['its time is too far ahead'],
  ],
  ['an owner destroys a token', { changes: [follow(1, 10, ZERO_ID)], signers: [1] }, ['valid']],
  [
    'a destroyed token stays destroyed',
    { changes: [follow(2, 20, ownerOf(7))], signers: [7] },
    ['invalid'],
  ],
  [
    'a destroyed token is not created again',
    { changes: [create(2, 5)], signers: [5] },
    ['invalid'],
  ],
  [
    'a witness token is created and destroyed at once, beside another',
    { changes: [follow(1, 10, ownerOf(7)), witness(6)], signers: [1, 1] },
    ['valid', 'valid'],
  ],
  [
    'a token that exists is no witness',
    { changes: [follow(1, 10, ownerOf(7)), witness(3)], signers: [1, 1] },
    ['valid', 'invalid'],
  ],
  [
    'witness tokens alone are no transaction',
    { changes: [witness(6)], signers: [1] },
    ['not a transaction: there are only witness tokens'],
  ],
  [
    'a witness token is signed by the key beside it',
    { changes: [follow(1, 10, ownerOf(7)), witness(6)], signers: [1, 2] },
    ['change 1 is signed by a key that may not'],
  ],
  [
    'a supported token takes three supporting tokens along',
    withSupport(3),
    ['valid', 'valid', 'valid', 'valid'],
  ],
  ['a supported token leaves no three behind', withSupport(2), ['invalid', 'valid', 'valid']],
];

test.each(RULES)('%s', (_rule, draft, expected) => {
  expect(fate(draft)).toEqual(expected);
});

test('after one valid vote a voter calls no other transaction on the same mapping valid, ever', () => {
  const store = new MemoryStore();
  const [one, two] = [made(MOVE), made({ ...MOVE, timestamp: NOW + 1 })];
  const first = judge(one, 0, KNOWLEDGE, new VoteLock(store));
  expect(first).toEqual({ ballot: 'valid', conflict: false });
  // The disk remembers: a restart changes nothing.
  const second = judge(two, 0, KNOWLEDGE, new VoteLock(store));
  expect(second).toEqual({ ballot: 'invalid', conflict: true });
  expect(judge(one, 0, KNOWLEDGE, new VoteLock(store)).ballot).toBe('valid');
});
