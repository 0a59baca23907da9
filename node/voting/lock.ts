/**
 * The vote lock (PROTOCOL.md 4): at most one `valid` per (token, previous transaction), ever. Stored
 * as `lock/` + token + `/` + previous → transaction id, put before the vote can be sent, so that a
 * peer that was killed still knows what it said.
 */
import type { Store } from '../host.ts';
import { type Id, idFromBytes, idToBytes } from '../id.ts';

export class VoteLock {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Which transaction this peer has called valid after `previous`. */
  holder(token: Id, previous: Id): Id | undefined {
    const bytes = this.#store.get(keyOf(token, previous));
    return bytes === undefined ? undefined : idFromBytes(bytes);
  }

  /** True if `tx` may be called valid: nothing else was, and from now on nothing else will be. */
  claim(token: Id, previous: Id, tx: Id): boolean {
    const holder = this.holder(token, previous);
    if (holder === undefined) this.#store.put(keyOf(token, previous), idToBytes(tx));
    return holder === undefined || holder === tx;
  }
}

function keyOf(token: Id, previous: Id): string {
  return `lock/${token}/${previous}`;
}
