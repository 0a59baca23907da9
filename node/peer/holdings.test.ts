import { expect, test } from 'vitest';
import { MemoryStore } from '../../test/support/network.ts';
import { signingKey } from '../crypto/ed25519.ts';
import { hash, hashBytes } from '../crypto/hash.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { issueCertificate } from '../identity/certificate.ts';
import { Chain } from '../ledger/chain.ts';
import { keyHash, ORDINARY, signTransaction } from '../ledger/transaction.ts';
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
  before.widen((token) => token === foreign);
  expect(before.mapping(foreign)?.tx).toBe(creation().id);
  expect(before.round(20)?.entries.map(({ kind }) => kind)).toEqual(['adopted']);
});

test('it still knows them after a restart', () => {
  const store = new MemoryStore();
  const before = holdings(store, 1);
  before.commit(creation(), new Set([kept]));
  before.round(10);
  const after = holdings(store, 2);
  after.widen(() => true);
  expect(after.mapping(foreign)?.tx).toBe(creation().id);
});
