/** The identity in a peer's store, and how far minting it had come when the process ended. */
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Store } from '../host.ts';
import { type Identity, loadIdentity, saveIdentity } from './mint.ts';

const IDENTITY_KEY = 'identity';
const ATTEMPTS_KEY = 'minting';

/** null before the first one. Throws an Error that says what is damaged. */
export function storedIdentity(store: Store): Identity | null {
  const saved = store.get(IDENTITY_KEY);
  return saved === undefined ? null : loadIdentity(saved);
}

export function storeIdentity(store: Store, identity: Identity): void {
  store.put(IDENTITY_KEY, saveIdentity(identity));
  store.delete(ATTEMPTS_KEY);
}

/** Attempts of earlier processes on this store that ended before they found one. */
export function storedAttempts(store: Store): number {
  const read = decode(store.get(ATTEMPTS_KEY) ?? new Uint8Array(8), (reader) => reader.u64());
  // A damaged count makes a price wrong, nothing else.
  return read.ok ? read.value : 0;
}

export function storeAttempts(store: Store, attempts: number): void {
  store.put(ATTEMPTS_KEY, new Writer().u64(attempts).finish());
}
