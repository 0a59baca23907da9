import { expect, test } from 'vitest';
import { MemoryStore } from '../../test/support/network.ts';
import { signingKey } from '../crypto/ed25519.ts';
import { hash, hashBytes } from '../crypto/hash.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { CANDIDATE, FOUNDING, type Standing } from '../ledger/standing.ts';
import { keyHash, signTransaction } from '../ledger/transaction.ts';
import type { Mapping, Purpose, Transaction } from '../ledger/types.ts';
import { judge } from './judge.ts';
import { type Identities, lapseTime, MAX_CLOCK_AHEAD_MS } from './judge-identity.ts';
import { VoteLock } from './lock.ts';

const name = (text: string): Id => hash('key', new TextEncoder().encode(text));
const member = signingKey(hashBytes('key', new Uint8Array([1])));
const stranger = signingKey(hashBytes('key', new Uint8Array([2])));
const owner = keyHash(member.publicKey);
const address = name('address');
const NOW = 1_000_000;
const MADE = NOW - 50_000;
const held: Mapping = { token: address, owner, tx: name('held'), previous: ZERO_ID };
const REGISTERED: Standing = { sinceMs: MADE, countedFromMs: null, trustedFromMs: null };
const LAPSED: Standing = { ...REGISTERED, trustedFromMs: MADE };

const SURE: Identities = {
  nowMs: NOW,
  leaseMs: 20_000,
  maxSynchronisedAgeMs: 60_000,
  keyOf: () => owner,
  standing: () => FOUNDING,
  mayRegister: () => true,
  storesItsRange: () => true,
  hasLapsed: () => true,
};

interface Asked {
  readonly kind: Exclude<Purpose['kind'], 'slashing'>;
  readonly mapping?: Mapping | undefined;
  readonly identities?: Partial<Identities>;
  readonly timestamp?: number;
  readonly to?: Id;
  readonly signer?: typeof member;
  /** What the change names as its previous; the mapping's transaction. */
  readonly previous?: Id;
  /** Of a voter that has voted before. */
  readonly lock?: VoteLock;
}

function transactionOf(asked: Asked): Transaction {
  const { kind, mapping, timestamp = NOW, to = owner, signer = member } = asked;
  const { previous = mapping?.tx ?? ZERO_ID } = asked;
  return signTransaction(
    {
      network: name('network'),
      changes: [{ token: address, owner: to, previous }],
      timestamp,
      valueClass: 'low',
      extraNeighbours: 0,
      purpose: { kind },
    },
    [signer],
  );
}

function verdict(asked: Asked) {
  const { mapping, identities = {}, lock = new VoteLock(new MemoryStore()) } = asked;
  const knowledge = {
    mapping: () => mapping,
    isCommitted: (tx: Id) => tx === held.tx,
    timestampOf: () => MADE,
    isSupported: () => false,
    convicts: () => false,
    identities: { ...SURE, ...identities },
  };
  return judge(transactionOf(asked), 0, knowledge, lock).ballot;
}

test('an ordinary transaction never touches the token of a known identity, there or to come', () => {
  expect(verdict({ kind: 'ordinary', mapping: held })).toBe('invalid');
  const candidate = { standing: () => CANDIDATE };
  const creation = { kind: 'ordinary', to: keyHash(stranger.publicKey) } as const;
  expect(verdict({ ...creation, signer: stranger, identities: candidate })).toBe('invalid');
});

test('registering needs the record here, its own key, a time that has come, and a free token', () => {
  const kind = 'register' as const;
  expect(verdict({ kind })).toBe('valid');
  expect(verdict({ kind, identities: { keyOf: () => undefined } })).toBe('out-of-order');
  expect(verdict({ kind, identities: { keyOf: () => name('other') } })).toBe('invalid');
  expect(verdict({ kind, identities: { mayRegister: () => false } })).toBe('invalid');
  expect(verdict({ kind, timestamp: NOW + MAX_CLOCK_AHEAD_MS + 1 })).toBe('out-of-order');
  // Taken already, or destroyed by a slashing: never again.
  const gone = { ...held, owner: ZERO_ID };
  for (const mapping of [held, gone]) {
    const again = judge(
      signTransaction(
        {
          network: name('network'),
          changes: [{ token: address, owner, previous: ZERO_ID }],
          timestamp: NOW,
          valueClass: 'low',
          extraNeighbours: 0,
          purpose: { kind },
        },
        [member],
      ),
      0,
      {
        mapping: () => mapping,
        isCommitted: () => true,
        timestampOf: () => MADE,
        isSupported: () => false,
        convicts: () => false,
        identities: SURE,
      },
      new VoteLock(new MemoryStore()),
    );
    expect(again.ballot).toBe('invalid');
  }
});

test('a destroyed identity token is neither renewed, synchronised nor lapsed', () => {
  const mapping = { ...held, owner: ZERO_ID };
  for (const kind of ['synchronised', 'renewal', 'lapse'] as const) {
    expect(verdict({ kind, mapping })).toBe('invalid');
  }
});

test('synchronised is whoever answers the storage challenges, at about the time it says', () => {
  const base = { kind: 'synchronised', mapping: held } as const;
  const standing = () => REGISTERED;
  expect(verdict({ ...base, identities: { standing } })).toBe('valid');
  expect(verdict({ ...base, identities: { standing: () => LAPSED } })).toBe('valid');
  const open = { standing, storesItsRange: () => false };
  expect(verdict({ ...base, identities: open })).toBe('out-of-order');
  expect(verdict({ ...base, identities: { standing: () => undefined } })).toBe('out-of-order');
  // Of a member that counts it is one more way to renew, no more often than the other.
  const counted = { standing: () => FOUNDING };
  expect(verdict({ ...base, identities: counted })).toBe('valid');
  expect(verdict({ ...base, identities: { ...counted, leaseMs: 1e6 } })).toBe('out-of-order');
  // A time long past would shorten its trust period.
  const strict = { standing, maxSynchronisedAgeMs: 1000 };
  expect(verdict({ ...base, timestamp: NOW - 1001, identities: strict })).toBe('out-of-order');
  const early = NOW + MAX_CLOCK_AHEAD_MS + 1;
  expect(verdict({ ...base, timestamp: early, identities: { standing } })).toBe('out-of-order');
  expect(verdict({ ...base, signer: stranger, identities: { standing } })).toBe('invalid');
  expect(verdict({ ...base, to: name('heir'), identities: { standing } })).toBe('invalid');
});

test('a counted member renews by its own key, later than before and not too often', () => {
  const base = { kind: 'renewal', mapping: held } as const;
  expect(verdict(base)).toBe('valid');
  expect(verdict({ ...base, signer: stranger })).toBe('invalid');
  expect(verdict({ ...base, to: name('heir') })).toBe('invalid');
  expect(verdict({ ...base, timestamp: MADE })).toBe('invalid');
  expect(verdict({ ...base, timestamp: MADE + SURE.leaseMs / 4 - 1 })).toBe('invalid');
  expect(verdict({ ...base, timestamp: NOW + MAX_CLOCK_AHEAD_MS + 1 })).toBe('out-of-order');
  expect(verdict({ ...base, identities: { standing: () => LAPSED } })).toBe('out-of-order');
});

test('any member may propose a lapse, of which there is one; it holds once the lease is over', () => {
  const base = { kind: 'lapse', mapping: held, signer: stranger } as const;
  const timestamp = lapseTime(MADE);
  expect(verdict({ ...base, timestamp })).toBe('valid');
  expect(verdict({ ...base, timestamp: timestamp + 1 })).toBe('invalid');
  expect(verdict({ ...base, timestamp, to: name('heir') })).toBe('invalid');
  expect(verdict({ ...base, timestamp, identities: { hasLapsed: () => false } })).toBe(
    'out-of-order',
  );
  expect(verdict({ ...base, timestamp, identities: { standing: () => LAPSED } })).toBe(
    'out-of-order',
  );
});

test('a vote that it lapsed, or came back, keeps nobody from voting for its renewal, nor the other way round', () => {
  for (const order of [
    ['lapse', 'renewal'],
    ['renewal', 'lapse'],
  ] as const) {
    const lock = new VoteLock(new MemoryStore());
    for (const kind of order) {
      const timestamp = kind === 'lapse' ? lapseTime(MADE) : NOW;
      expect(verdict({ kind, mapping: held, timestamp, lock })).toBe('valid');
    }
    // Two renewals after one mapping would be rivals as ever.
    expect(verdict({ kind: 'renewal', mapping: held, timestamp: NOW + 1, lock })).toBe('invalid');
  }
  const lock = new VoteLock(new MemoryStore());
  const kind = 'synchronised';
  const back = { kind, mapping: held, identities: { standing: () => LAPSED }, lock } as const;
  expect(verdict({ ...back, timestamp: NOW - 100 })).toBe('valid');
  expect(verdict(back)).toBe('valid');
});

test('who comes back may name an earlier mapping of its token; nothing else may', () => {
  const newer = { ...held, tx: name('newer'), previous: held.tx };
  const asked = { mapping: newer, previous: held.tx };
  const identities = { standing: () => LAPSED };
  expect(verdict({ ...asked, kind: 'synchronised', identities })).toBe('valid');
  expect(verdict({ ...asked, kind: 'renewal' })).toBe('invalid');
  expect(verdict({ ...asked, kind: 'lapse', timestamp: lapseTime(MADE) })).toBe('invalid');
  const unknown = { ...asked, previous: name('unknown') };
  expect(verdict({ ...unknown, kind: 'synchronised', identities })).toBe('out-of-order');
});

test('what follows a transaction that bound its voter to itself is judged for itself', () => {
  const lock = new VoteLock(new MemoryStore());
  const lapse = transactionOf({ kind: 'lapse', mapping: held, timestamp: lapseTime(MADE) });
  expect(verdict({ kind: 'lapse', mapping: held, timestamp: lapseTime(MADE), lock })).toBe('valid');
  const after = { ...held, tx: lapse.id, previous: held.tx };
  expect(verdict({ kind: 'renewal', mapping: after, lock })).toBe('valid');
});
