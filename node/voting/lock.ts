/**
 * The vote lock (PROTOCOL.md 4): at most one `valid` per token and what it is bound to, ever. Stored
 * as `lock/` + token + `/` + bound to → transaction id, put before the vote can be sent, so that a
 * peer that was killed still knows what it said.
 *
 * A lock is given up only where the state says the same: its own transaction is in a block here, so
 * the mapping has moved on and nothing else that follows `previous` is ever judged valid again. All
 * others stay, however old: a transaction does not expire, nor does a signed vote on it, so the lock
 * on one that never passed may matter at any time. How fast strangers can make such locks is what
 * their submissions may cost (peer/tolls.ts).
 */
import { hash } from '../crypto/hash.ts';
import type { Store } from '../host.ts';
import { type Id, idFromBytes, idToBytes } from '../id.ts';
import type { Mapping, Purpose, TokenChange, Transaction } from '../ledger/types.ts';

const PREFIX = 'lock/';
/** Locks in memory, some 5 MB: those of all that is under vote, and of much that never passed. */
const MAX_KEPT = 16_384;

/**
 * What an owner signs takes the mapping it follows: of two that follow one mapping at most one may
 * pass. These take it from nobody. Whatever passes beside them, all come to the same end: a slashing
 * is the last there is, a lapse and a `synchronised` change the standing of a member by their times
 * (registrar.ts), and of the mappings that they give, which name one owner, the latest holds. So a
 * vote for one of them that comes to nothing freezes no token.
 */
const BOUND_TO_ITSELF = new Set<Purpose['kind']>(['slashing', 'lapse', 'synchronised']);

/** What a `valid` for this change binds its voter to: the mapping that it follows, or itself. */
export function boundTo({ id, body }: Transaction, { previous }: TokenChange): Id {
  return BOUND_TO_ITSELF.has(body.purpose.kind) ? itself(id) : previous;
}

/** Not the id as it is: what follows the transaction names that as its previous. */
function itself(tx: Id): Id {
  return hash('vote', idToBytes(tx));
}

export class VoteLock {
  readonly #store: Store;
  /** The locks of the disk, by key, or as many as there is room for; null before the first question. */
  #held: Map<string, Id> | null = null;
  /** Are they all? Then what is not among them need not be looked for: most questions are such. */
  #isWhole = true;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Which transaction this peer has called valid for what it is bound to. */
  holder(token: Id, bound: Id): Id | undefined {
    const key = keyOf(token, bound);
    const held = this.#locks().get(key);
    if (held !== undefined || this.#isWhole) return held;
    const bytes = this.#store.get(key);
    return bytes === undefined ? undefined : idFromBytes(bytes);
  }

  /** True if `tx` may be called valid: nothing else was, and from now on nothing else will be. */
  claim(token: Id, bound: Id, tx: Id): boolean {
    const holder = this.holder(token, bound);
    if (holder === undefined) {
      const key = keyOf(token, bound);
      this.#store.put(key, idToBytes(tx));
      this.#keep(this.#locks(), key, tx);
    }
    return holder === undefined || holder === tx;
  }

  /**
   * The mapping is in a block that is stored. Where another transaction was called valid the lock
   * stays: without it this peer would call this one valid as well, were it asked again.
   */
  release({ token, previous, tx }: Mapping): void {
    for (const bound of [previous, itself(tx)]) {
      if (this.holder(token, bound) !== tx) continue;
      const key = keyOf(token, bound);
      this.#store.delete(key);
      this.#locks().delete(key);
    }
  }

  #locks(): Map<string, Id> {
    if (this.#held !== null) return this.#held;
    const held = new Map<string, Id>();
    for (const [key, bytes] of this.#store.entries(PREFIX)) {
      this.#keep(held, key, idFromBytes(bytes));
    }
    this.#held = held;
    return held;
  }

  #keep(held: Map<string, Id>, key: string, tx: Id): void {
    if (held.size < MAX_KEPT) held.set(key, tx);
    else this.#isWhole = false;
  }
}

function keyOf(token: Id, bound: Id): string {
  return `${PREFIX}${token}/${bound}`;
}
