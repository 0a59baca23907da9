import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SigningKey, signingKey } from '../crypto/ed25519.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { passedRounds, passesWith, ROUNDS, roundsOf, roundTokens } from './rounds.ts';
import { checkTransaction, keyHash, ORDINARY, signTransaction } from './transaction.ts';
import type { Transaction, TransactionBody } from './types.ts';

const NETWORK = '11'.repeat(32);
const MAIN = '42'.repeat(32);
const key = (index: number): SigningKey => signingKey(new Uint8Array(32).fill(index));

interface Move {
  readonly token?: Id;
  readonly previous?: Id;
  readonly signer?: SigningKey;
  readonly to?: SigningKey;
  readonly witnesses?: readonly Id[];
  readonly rest?: Partial<TransactionBody>;
}

/** Moves a token with the witness tokens that it should have, or others. */
function move({
  token = MAIN,
  previous = '99'.repeat(32),
  signer = key(1),
  to = key(2),
  witnesses = roundTokens({ token, previous }, signer.publicKey),
  rest = {},
}: Move = {}): Transaction {
  const changes = [
    { token, previous, owner: keyHash(to.publicKey) },
    ...witnesses.map((witness) => ({ token: witness, previous: ZERO_ID, owner: ZERO_ID })),
  ].sort((a, b) => (a.token < b.token ? -1 : 1));
  const body: TransactionBody = {
    network: NETWORK,
    changes,
    timestamp: 5,
    valueClass: 'high',
    extraNeighbours: 0,
    purpose: ORDINARY,
    ...rest,
  };
  return signTransaction(
    body,
    changes.map(() => signer),
  );
}

const TWO = { witnesses: 'two-of-three' } as const;
const passing = (tokens: readonly Id[]) => (token: Id) => tokens.includes(token);

test('whoever follows one mapping with one key has the same three places, whatever else it says', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 250 }), fc.nat(), fc.nat(64), (to, timestamp, extra) => {
      const rest = { timestamp, extraNeighbours: extra };
      const transaction = move({ to: key(to), rest });
      expect(checkTransaction(transaction, { network: NETWORK, nowMs: timestamp }).ok).toBe(true);
      expect(roundsOf(transaction)).toEqual(roundsOf(move()));
      expect(new Set(roundsOf(transaction)).size).toBe(ROUNDS);
    }),
    { numRuns: 20 },
  );
});

test('another token, another mapping and another key each have other places', () => {
  const all = [move(), move({ token: '43'.repeat(32) }), move({ previous: '98'.repeat(32) })];
  const tokens = [...all, move({ signer: key(3) })].flatMap((one) => roundsOf(one));
  expect(new Set(tokens).size).toBe(4 * ROUNDS);
});

test('whoever chooses its witnesses has no rounds: each must pass then', () => {
  const [first = '', second = '', third = ''] = roundsOf(move());
  const chosen = [
    move({ witnesses: [first, second] }),
    move({ witnesses: [first, second, '77'.repeat(32)] }),
    move({ witnesses: [first, second, third], rest: { valueClass: 'low' } }),
    move({ witnesses: [first, second, third, '77'.repeat(32)] }),
  ];
  for (const transaction of chosen) {
    expect(roundsOf(transaction)).toEqual([]);
    const tokens = transaction.body.changes.map(({ token }) => token);
    expect(passesWith(transaction, TWO, passing(tokens))).toBe(true);
    for (const left of tokens) {
      const others = tokens.filter((token) => token !== left);
      expect(passesWith(transaction, TWO, passing(others))).toBe(false);
    }
  }
});

test('its own token and any two rounds pass; never without its own token', () => {
  const transaction = move();
  const rounds = roundsOf(transaction);
  for (const left of rounds) {
    const two = rounds.filter((token) => token !== left);
    expect(passesWith(transaction, TWO, passing([MAIN, ...two]))).toBe(true);
    expect(passedRounds(transaction, passing([MAIN, ...two]))).toEqual(two);
    expect(passesWith(transaction, { witnesses: 'every' }, passing([MAIN, ...two]))).toBe(false);
    expect(passesWith(transaction, TWO, passing([MAIN, left]))).toBe(false);
  }
  expect(passesWith(transaction, TWO, passing(rounds))).toBe(false);
});
