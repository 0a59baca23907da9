import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryStore } from '../../test/support/network.ts';
import { signingKey } from '../crypto/ed25519.ts';
import { hash, hashBytes } from '../crypto/hash.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { issueCertificate } from '../identity/certificate.ts';
import { Chain } from '../ledger/chain.ts';
import { keyHash, ORDINARY, signTransaction } from '../ledger/transaction.ts';
import type { Purpose, Transaction } from '../ledger/types.ts';
import { Holdings } from './holdings.ts';

const name = (text: string): Id => hash('key', new TextEncoder().encode(text));
const network = name('network');
const peer = name('peer');
const owner = signingKey(hashBytes('key', new Uint8Array([1])));
const [kept, foreign] = [name('kept'), name('foreign')];

function holdings(store: MemoryStore, epoch: number): Holdings {
  const lamppost = signingKey(hashBytes('key', new Uint8Array([2])));
  const certificate = issueCertificate(owner, {
    network,
    address: peer,
    lamppost: lamppost.publicKey,
    epoch,
    validFromMs: 0,
    validToMs: 1e6,
  });
  const opened = new Holdings(new Chain({ network, peer, timeScale: 1 }, store), store);
  opened.open({ epoch, certificate, lamppost }, [], epoch);
  return opened;
}

function creation() {
  const set = (token: Id) => ({ token, previous: ZERO_ID, owner: keyHash(owner.publicKey) });
  const changes = [set(kept), set(foreign)].sort((a, b) => (a.token < b.token ? -1 : 1));
  return signTransaction(
    { network, changes, timestamp: 100, valueClass: 'low', extraNeighbours: 0, purpose: ORDINARY },
    [owner, owner],
  );
}

test('what its own transactions did to other tokens is taken over when those come near', () => {
  const store = new MemoryStore();
  const before = holdings(store, 1);
  before.commit(creation(), new Set([kept]));
  before.round(10);
  expect(before.mapping(foreign)).toBeUndefined();
  before.widen((token) => token === foreign, []);
  expect(before.mapping(foreign)?.tx).toBe(creation().id);
  expect(before.round(20)?.entries.map(({ kind }) => kind)).toEqual(['adopted']);
});

test('it still knows them after a restart', () => {
  const store = new MemoryStore();
  const before = holdings(store, 1);
  before.commit(creation(), new Set([kept]));
  before.round(10);
  const after = holdings(store, 2);
  after.widen(() => true, []);
  expect(after.mapping(foreign)?.tx).toBe(creation().id);
});

test('of a transaction that passed before a block was made of it nothing is lost by a restart', () => {
  const store = new MemoryStore();
  const before = holdings(store, 1);
  before.commit(creation(), new Set([kept, foreign]));
  const after = holdings(store, 2);
  expect(after.isCommitted(creation().id)).toBe(true);
  after.widen((token) => token === kept || token === foreign, []);
  after.round(20);
  for (const token of [kept, foreign]) expect(after.mapping(token)?.tx).toBe(creation().id);
});

test('what passed for one token passed for all that are held', () => {
  const both = holdings(new MemoryStore(), 1);
  both.commit(creation(), new Set([kept, foreign]));
  both.round(10);
  const moved = history(2, false).at(-1);
  if (moved === undefined) throw new Error('no history');
  both.adopt(moved, new Set([kept]));
  expect(both.mapping(foreign)?.tx).toBe(moved.id);
});

/** The creation, then `moves` of both tokens; at the end `kept` may be destroyed by a slashing. */
function history(moves: number, isSlashed: boolean): readonly Transaction[] {
  const past = [creation()];
  for (let move = 1; move < moves; move += 1) {
    const previous = past.at(-1)?.id ?? ZERO_ID;
    past.push(following(previous, 100 + move, ORDINARY));
  }
  // A slashing names the time of the record that it is about: before everything.
  const last = past.at(-1)?.id ?? ZERO_ID;
  if (isSlashed) past.push(following(last, 1, { kind: 'slashing', charge: name('charge') }));
  return past;
}

function following(previous: Id, timestamp: number, purpose: Purpose): Transaction {
  const isSlashing = purpose.kind === 'slashing';
  const next = isSlashing ? ZERO_ID : keyHash(owner.publicKey);
  const tokens = isSlashing ? [kept] : [kept, foreign].toSorted();
  const changes = tokens.map((token) => ({ token, previous, owner: next }));
  const body = { network, changes, timestamp, valueClass: 'low', extraNeighbours: 0 } as const;
  return signTransaction(
    { ...body, purpose },
    tokens.map(() => owner),
  );
}

/** One thing that befalls a peer. */
const EVENT = fc.oneof(
  { weight: 6, arbitrary: fc.record({ arrives: fc.nat(5), isOwn: fc.boolean(), for: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.constant('round' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
  { weight: 1, arbitrary: fc.constant('widen' as const) },
);

test('in whatever order committed transactions arrive, no token of a chain ever goes back', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      fc.array(EVENT, { maxLength: 20 }),
      (moves, isSlashed, events) => {
        const past = history(moves, isSlashed);
        const places = new Map(past.map(({ id }, place) => [id, place]));
        const store = new MemoryStore();
        let epoch = 1;
        let here = holdings(store, epoch);
        const newest = new Map<Id, number>();
        for (const event of events) {
          if (event === 'round') here.round(1000 * epoch + here.chain.height + 2);
          else if (event === 'widen') here.widen(() => true, []);
          else if (event === 'restart') {
            epoch += 1;
            here = holdings(store, epoch);
            here.widen((token) => newest.has(token), []);
          } else {
            const transaction = past[event.arrives % past.length];
            if (transaction === undefined) continue;
            const tokens = new Set([[kept], [foreign], [kept, foreign]][event.for]);
            if (event.isOwn) here.commit(transaction, tokens);
            else here.adopt(transaction, tokens);
            for (const { token } of transaction.body.changes) {
              if (!tokens.has(token) && !newest.has(token)) continue;
              const place = places.get(transaction.id) ?? 0;
              newest.set(token, Math.max(newest.get(token) ?? 0, place));
            }
          }
          for (const [token, place] of newest) {
            expect(places.get(here.mapping(token)?.tx ?? '') ?? -1).toBeGreaterThanOrEqual(place);
          }
        }
        for (let round = 0; round < 3; round += 1) here.round(1_000_000 + round);
        for (const token of [kept, foreign]) expectForwards(here, token, places);
      },
    ),
    { numRuns: 300 },
  );
});

/** Each mapping of the token in the chain comes later in its history than the one before. */
function expectForwards(here: Holdings, token: Id, places: ReadonlyMap<Id, number>): void {
  let last = -1;
  for (let height = 0; height <= here.chain.height; height += 1) {
    for (const { mapping } of here.chain.blockAt(height)?.entries ?? []) {
      if (mapping.token !== token) continue;
      const place = places.get(mapping.tx) ?? -1;
      expect(place).toBeGreaterThan(last);
      last = place;
    }
  }
}
