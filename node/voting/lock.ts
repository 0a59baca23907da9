/**
 * The vote lock (PROTOCOL.md 4): at most one `valid` per (token, previous transaction), ever. Stored
 * as `lock/` + token + `/` + previous → transaction id, put before the vote can be sent, so that a
 * peer that was killed still knows what it said.
 *
 * A lock is given up only where the state says the same: its own transaction is in a block here, so
 * the mapping has moved on and nothing else that follows `previous` is ever judged valid again. All
 * others stay, however old: a transaction does not expire, nor does a signed vote on it, so the lock
 * on one that never passed may matter at any time. How fast strangers can make such locks is what
 * their submissions may cost (peer/tolls.ts).
 */
import type { Store } from '../host.ts';
import { type Id, idFromBytes, idToBytes } from '../id.ts';
import type { Mapping } from '../ledger/types.ts';

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

  /**
   * The mapping is in a block that is stored. Where another transaction was called valid the lock
   * stays: without it this peer would call this one valid as well, were it asked again.
   */
  release({ token, previous, tx }: Mapping): void {
    if (this.holder(token, previous) === tx) this.#store.delete(keyOf(token, previous));
  }
}

function keyOf(token: Id, previous: Id): string {
  return `lock/${token}/${previous}`;
}
