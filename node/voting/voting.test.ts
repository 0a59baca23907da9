import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryStore } from '../../test/support/network.ts';
import { signingKey } from '../crypto/ed25519.ts';
import { hash, hashBytes } from '../crypto/hash.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { keyHash, ORDINARY, signTransaction } from '../ledger/transaction.ts';
import type { Mapping } from '../ledger/types.ts';
import { judge, type Knowledge } from './judge.ts';
import type { Identities } from './judge-identity.ts';
import { VoteLock } from './lock.ts';
import { MAX_UNKNOWN, Pending, PendingTable } from './pending.ts';
import { isQuorum, passes, slashPasses } from './rules.ts';

const name = (text: string): Id => hash('key', new TextEncoder().encode(text));
const owner = signingKey(hashBytes('key', new Uint8Array([1])));
const thief = signingKey(hashBytes('key', new Uint8Array([2])));
const token = name('token');
const held: Mapping = {
  token,
  owner: keyHash(owner.publicKey),
  tx: name('held'),
  previous: name('before'),
};

/** No token here is an identity's. */
const NOBODY: Identities = {
  nowMs: 0,
  leaseMs: 1000,
  maxSynchronisedAgeMs: 1000,
  keyOf: () => undefined,
  standing: () => undefined,
  mayRegister: () => false,
  storesItsRange: () => false,
  hasLapsed: () => false,
};

function knowing(mapping: Mapping | undefined, convicts = false): Knowledge {
  return {
    mapping: () => mapping,
    isCommitted: (tx) => tx === held.tx || tx === held.previous,
    timestampOf: () => 100,
    isSupported: () => false,
    convicts: () => convicts,
    identities: NOBODY,
  };
}

function transaction(
  previous: Id,
  { signer = owner, timestamp = 200, to = 'heir', evidence = null as Id | null } = {},
) {
  const next = evidence === null ? name(to) : ZERO_ID;
  return signTransaction(
    {
      network: name('network'),
      changes: [{ token, owner: next, previous }],
      timestamp,
      valueClass: 'low',
      extraNeighbours: 0,
      purpose: evidence === null ? ORDINARY : { kind: 'slashing', charge: evidence },
    },
    [signer],
  );
}

const verdict = (tx: ReturnType<typeof transaction>, knowledge: Knowledge) =>
  judge(tx, 0, knowledge, new VoteLock(new MemoryStore())).ballot;

test('only the owner, after the present mapping, with a newer time, is called valid', () => {
  expect(verdict(transaction(held.tx), knowing(held))).toBe('valid');
  expect(verdict(transaction(held.tx, { signer: thief }), knowing(held))).toBe('invalid');
  expect(verdict(transaction(held.tx, { timestamp: 100 }), knowing(held))).toBe('invalid');
  expect(verdict(transaction(held.previous), knowing(held))).toBe('invalid');
  expect(verdict(transaction(ZERO_ID), knowing(held))).toBe('invalid');
  expect(verdict(transaction(held.tx), knowing({ ...held, owner: ZERO_ID }))).toBe('invalid');
  expect(verdict(transaction(ZERO_ID), knowing(undefined))).toBe('valid');
});

test('what follows an unknown transaction is out of order, never invalid', () => {
  expect(verdict(transaction(name('unknown')), knowing(held))).toBe('out-of-order');
  expect(verdict(transaction(name('unknown')), knowing(undefined))).toBe('out-of-order');
});

test('a slashing is valid with its package and out of order without', () => {
  const slash = transaction(held.tx, { signer: thief, evidence: name('package') });
  expect(verdict(slash, knowing(held, true))).toBe('valid');
  expect(verdict(slash, knowing(held, false))).toBe('out-of-order');
});

test('a second transaction after one previous is never called valid, also after a restart', () => {
  const store = new MemoryStore();
  const first = transaction(held.tx);
  const second = transaction(held.tx, { to: 'other' });
  expect(judge(first, 0, knowing(held), new VoteLock(store)).ballot).toBe('valid');
  const judged = judge(second, 0, knowing(held), new VoteLock(store));
  expect(judged).toEqual({ ballot: 'invalid', conflict: true });
  expect(judge(first, 0, knowing(held), new VoteLock(store)).ballot).toBe('valid');
});

test('two quorums of one neighbourhood share more members than a third of it less one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), (size) => {
      let quorum = 0;
      while (!isQuorum(quorum, size)) quorum += 1;
      expect(2 * quorum - size).toBeGreaterThan(Math.ceil(size / 3) - 1);
    }),
  );
  expect(isQuorum(6, 9)).toBe(false);
});

test('the papers’ rule passes with two more for than against', () => {
  expect(passes('net', { valid: 3, committed: 0, invalid: 1, size: 8 })).toBe(true);
  expect(passes('net', { valid: 2, committed: 0, invalid: 1, size: 8 })).toBe(false);
  expect(passes('quorum', { valid: 3, committed: 0, invalid: 1, size: 8 })).toBe(false);
});

test('a slashing needs 67 % of the answers and more than half of all', () => {
  expect(slashPasses({ valid: 4, committed: 0, invalid: 1, size: 8 }, true)).toBe(true);
  expect(slashPasses({ valid: 4, committed: 0, invalid: 0, size: 8 }, true)).toBe(false);
  expect(slashPasses({ valid: 4, committed: 0, invalid: 2, size: 8 }, true)).toBe(false);
  expect(slashPasses({ valid: 5, committed: 0, invalid: 0, size: 8 }, false)).toBe(false);
  expect(slashPasses({ valid: 6, committed: 0, invalid: 0, size: 8 }, false)).toBe(true);
});

test('a voter can go from out of order to valid and back from neither valid nor invalid', () => {
  const pending = new Pending(name('tx'), 0, 100, name('by'));
  const say = (ballot: 'valid' | 'invalid' | 'out-of-order') =>
    pending.hear('a', [{ token, ballot }], false);
  say('out-of-order');
  expect(pending.isSettled('a', token)).toBe(false);
  say('valid');
  say('invalid');
  expect(pending.tally(token, ['a', 'b'])).toEqual({ valid: 1, committed: 0, invalid: 0, size: 2 });
});

test('strangers’ voices do not count', () => {
  const pending = new Pending(name('tx'), 0, 100, name('by'));
  pending.hear('stranger', [{ token, ballot: 'valid' }], true);
  expect(pending.tally(token, ['a']).valid).toBe(0);
});

test('whoever names transactions without end fills half of the table, and others go on', () => {
  const table = new PendingTable();
  for (let index = 0; index <= MAX_UNKNOWN; index += 1) {
    table.expect(name(`${index}`), 0, 100, name('floods'));
  }
  expect(table.unknown().length).toBe(MAX_UNKNOWN / 2);
  const late = transaction(held.tx);
  table.expect(late.id, 0, 100, name('by'))?.hear('a', [{ token, ballot: 'valid' }], false);
  expect(table.admit(late, 1, 100, name('by'))?.tally(token, ['a']).valid).toBe(1);
});

test('a lock ends with the block that holds its own transaction, and only then', () => {
  const lock = new VoteLock(new MemoryStore());
  const { previous } = held;
  expect(lock.claim(token, previous, name('mine'))).toBe(true);
  lock.release({ ...held, tx: name('rival') });
  expect(lock.claim(token, previous, name('rival'))).toBe(false);
  lock.release({ ...held, tx: name('mine') });
  expect(lock.holder(token, previous)).toBeUndefined();
});

test('more than a quorum tolerates liars must have seen a commit, when votes are too few', () => {
  const told = (committed: number, size: number) =>
    passes('quorum', { valid: committed, committed, invalid: 0, size });
  expect([told(3, 8), told(4, 8)]).toEqual([false, true]);
  expect([told(2, 5), told(3, 5)]).toEqual([false, true]);
  expect([told(0, 1), told(1, 1)]).toEqual([false, true]);
  // Votes alone stay bound to the quorum.
  expect(passes('quorum', { valid: 4, committed: 0, invalid: 0, size: 8 })).toBe(false);
});

test('what follows a commit on another token is out of order where the token is unknown', () => {
  expect(verdict(transaction(held.tx), knowing(undefined))).toBe('out-of-order');
});

test('a tally counts members alone: valid or committed for it, invalid against it, others not', () => {
  const pending = new Pending('aa'.repeat(32), 0, 100, 'peer');
  const ballotToken = 'bb'.repeat(32);
  const told = ['valid', 'invalid', 'out-of-order', 'valid'] as const;
  for (const [index, ballot] of told.entries()) {
    pending.hear(`voter ${index}`, [{ token: ballotToken, ballot }], index === 3);
  }
  pending.hear('stranger', [{ token: ballotToken, ballot: 'valid' }], true);
  const members = ['voter 0', 'voter 1', 'voter 2', 'voter 3', 'never heard'];
  expect(pending.tally(ballotToken, members)).toEqual({
    valid: 2,
    invalid: 1,
    committed: 1,
    size: 5,
  });
});
