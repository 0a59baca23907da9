import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode } from '../codec/reader.ts';
import { type SigningKey, signingKey } from '../crypto/ed25519.ts';
import { ZERO_ID } from '../id.ts';
import {
  authorisedBy,
  checkTransaction,
  encodeTransaction,
  isWitness,
  keyHash,
  MAX_AHEAD_MS,
  ORDINARY,
  readTransaction,
  signTransaction,
} from './transaction.ts';
import type { Purpose, TokenChange, Transaction, TransactionBody } from './types.ts';

const NETWORK = '11'.repeat(32);
const id = (number: number): string => number.toString(16).padStart(64, '0');
const key = (number: number): SigningKey => signingKey(new Uint8Array(32).fill(number));
const context = { network: NETWORK, nowMs: 1_000_000 };

interface Plan {
  readonly body: TransactionBody;
  readonly keys: readonly SigningKey[];
}

/** A valid transaction of creations, transfers, destructions and witnesses. */
const kinds = fc.constantFrom('create', 'move', 'destroy', 'witness');
const plan = fc
  .record({
    kinds: fc.array(kinds, { minLength: 0, maxLength: 5 }),
    timestamp: fc.nat(1_000_000),
    valueClass: fc.constantFrom('low' as const, 'high' as const),
    slashing: fc.boolean(),
  })
  .map(({ kinds: list, timestamp, valueClass, slashing }): Plan => {
    const all = slashing ? ['destroy'] : ['create', ...list];
    const keys = all.map((kind, index) => key(kind === 'witness' ? 1 : index + 1));
    const changes = all.map((kind, index): TokenChange => {
      const signer = keyHash(key(index + 1).publicKey);
      const owner = kind === 'create' ? signer : kind === 'move' ? id(77) : ZERO_ID;
      const created = kind === 'create' || kind === 'witness';
      return { token: id(100 + index), owner, previous: created ? ZERO_ID : id(9) };
    });
    const purpose: Purpose = slashing ? { kind: 'slashing', charge: id(5) } : ORDINARY;
    const extraNeighbours = timestamp % 65;
    const body = { network: NETWORK, changes, timestamp, valueClass, extraNeighbours, purpose };
    return { body, keys };
  });
const transaction = plan.map(({ body, keys }) => signTransaction(body, keys));

test('a transaction that its keys signed survives the wire and passes', () => {
  fc.assert(
    fc.property(transaction, (tx) => {
      expect(decode(encodeTransaction(tx), readTransaction)).toEqual({ ok: true, value: tx });
      expect(checkTransaction(tx, context)).toEqual({ ok: true });
    }),
    { numRuns: 50 },
  );
});

test('every byte string is refused or is the one encoding of its transaction', () => {
  fc.assert(
    fc.property(transaction, fc.nat(), fc.nat(255), (tx, at, value) => {
      const bytes = encodeTransaction(tx);
      bytes[at % bytes.length] = value;
      const back = decode(bytes, readTransaction);
      if (back.ok) expect(encodeTransaction(back.value)).toEqual(bytes);
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const back = decode(bytes, readTransaction);
      if (back.ok) expect(encodeTransaction(back.value)).toEqual(bytes);
    }),
  );
});

test('a transaction with any one bit changed does not pass', () => {
  fc.assert(
    fc.property(transaction, fc.nat(), fc.nat(7), (tx, at, bit) => {
      const bytes = encodeTransaction(tx);
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
      const back = decode(bytes, readTransaction);
      expect(back.ok && checkTransaction(back.value, context).ok).toBe(false);
    }),
    { numRuns: 200 },
  );
});

const create: TokenChange = {
  token: id(1),
  owner: keyHash(key(1).publicKey),
  previous: ZERO_ID,
};
const witness: TokenChange = { token: id(2), owner: ZERO_ID, previous: ZERO_ID };
const slashing: Purpose = { kind: 'slashing', charge: id(4) };
const moved: TokenChange = { ...create, previous: id(9) };
const body: TransactionBody = {
  network: NETWORK,
  changes: [create, witness],
  timestamp: 999,
  valueClass: 'low',
  extraNeighbours: 0,
  purpose: ORDINARY,
};

function reasonOf(tx: Transaction, now = context.nowMs): string {
  const check = checkTransaction(tx, { network: NETWORK, nowMs: now });
  return check.ok ? 'passed' : check.reason;
}

test('forms that are not a transaction are neither signed nor passed', () => {
  const signed = signTransaction(body, [key(1), key(1)]);
  const wrong: readonly (readonly [Partial<TransactionBody>, string])[] = [
    [{ changes: [] }, '0 changes where 1..6 are allowed'],
    [{ changes: [witness, create] }, 'tokens do not rise'],
    [{ changes: [create, create] }, 'tokens do not rise'],
    [{ changes: [witness] }, 'there are only witness tokens'],
    [{ purpose: slashing }, 'a slashing changes exactly one token'],
    [{ purpose: slashing, changes: [create] }, 'a slashing destroys exactly one token'],
    [{ purpose: slashing, changes: [witness] }, 'there are only witness tokens'],
    [
      { purpose: { kind: 'renewal' }, changes: [create] },
      'only a register creates an identity token',
    ],
    [
      { purpose: { kind: 'lapse' }, changes: [{ ...moved, owner: ZERO_ID }] },
      'a lapse destroys nothing',
    ],
    [
      { purpose: { kind: 'register' }, changes: [moved] },
      'only a register creates an identity token',
    ],
    [{ extraNeighbours: 65 }, '65 extra neighbours'],
  ];
  for (const [change, reason] of wrong) {
    const bad = { ...body, ...change };
    expect(() =>
      signTransaction(
        bad,
        bad.changes.map(() => key(1)),
      ),
    ).toThrow(reason);
    expect(reasonOf({ ...signed, body: bad })).toBe(reason);
  }
});

test('keys that may not sign, other networks, far times and borrowed ids are refused', () => {
  const signed = signTransaction(body, [key(1), key(1)]);
  expect(isWitness(witness)).toBe(true);
  expect(authorisedBy(signed, 1)).toBe(create.owner);
  expect(reasonOf(signTransaction(body, [key(1), key(2)]))).toContain('key that may not');
  expect(reasonOf(signTransaction(body, [key(2), key(2)]))).toContain('key that may not');
  const elsewhere = signTransaction({ ...body, network: id(3) }, [key(1), key(1)]);
  expect(reasonOf(elsewhere)).toBe('it belongs to another network');
  expect(reasonOf(signed, 999 - MAX_AHEAD_MS)).toBe('its time is too far ahead');
  expect(reasonOf(signed, 1000 - MAX_AHEAD_MS)).toBe('passed');
  expect(reasonOf({ ...signed, id: id(8) })).toBe('the id is not the hash of the body');
  const swapped = { ...signed, authorisations: signed.authorisations.toReversed() };
  expect(reasonOf(swapped)).toBe('the signature of change 0 is false');
  expect(reasonOf({ ...signed, authorisations: [] })).toBe('authorisations are missing');
});
