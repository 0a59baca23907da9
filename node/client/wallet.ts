/** A client's tokens and keys, and the transactions it draws for them. */
import type { ClientLoad } from '../control.ts';
import { type SigningKey, signingKey } from '../crypto/ed25519.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { keyHash, MAX_CHANGES, ORDINARY, signTransaction } from '../ledger/transaction.ts';
import type { TokenChange, Transaction } from '../ledger/types.ts';
import type { LoadRandom } from './random.ts';

/** Owned tokens: a long run goes on moving those it has instead of creating more. */
export const MAX_OWNED = 4096;

interface Owned {
  readonly token: Id;
  /** Transaction of the present mapping. */
  tx: Id;
  key: SigningKey;
  /** Timestamp of `tx`: what follows must be newer. */
  timestamp: number;
  busy: boolean;
}

interface Change {
  readonly change: TokenChange;
  /** Signs it. */
  readonly signer: SigningKey;
  /** Owns it afterwards; null for a destruction. */
  readonly next: SigningKey | null;
}

/** A drawn transaction, and what it will mean for the wallet. */
export interface Draft {
  readonly transaction: Transaction;
  readonly changes: readonly Change[];
}

export class Wallet {
  readonly #network: Id;
  readonly #random: LoadRandom;
  readonly #fresh: (length: number) => Uint8Array;
  readonly #owned: Owned[] = [];

  /**
   * `random` draws what is done; keys and token ids come from `fresh`: a client that is started
   * again with the same seed must not create the same tokens again.
   */
  constructor(network: Id, random: LoadRandom, fresh: (length: number) => Uint8Array) {
    this.#network = network;
    this.#random = random;
    this.#fresh = fresh;
  }

  get tokens(): readonly Id[] {
    return this.#owned.map(({ token }) => token);
  }

  /** Never touches a token with a transaction under way. */
  draw(load: ClientLoad, nowMs: number): Draft {
    const count = this.#count(load.tokensPerTransaction);
    const changes: Change[] = [];
    let newest = 0;
    for (let index = 0; index < count; index += 1) {
      const owned = this.#random.next() < load.transferShare ? this.#pick(load) : null;
      const destroyed = this.#random.next() < load.destroyShare ? this.#pick(load) : null;
      const chosen =
        owned ?? destroyed ?? (this.#owned.length >= MAX_OWNED ? this.#pick(load) : null);
      if (chosen !== null) chosen.busy = true;
      newest = Math.max(newest, chosen?.timestamp ?? 0);
      changes.push(this.#change(chosen, owned === null && destroyed !== null));
    }
    changes.sort((a, b) => (a.change.token < b.change.token ? -1 : 1));
    const body = {
      network: this.#network,
      changes: changes.map(({ change }) => change),
      timestamp: Math.max(Math.floor(nowMs), newest + 1),
      valueClass: this.#random.next() < load.highValueShare ? ('high' as const) : ('low' as const),
      extraNeighbours: 0,
      purpose: ORDINARY,
    };
    const transaction = signTransaction(
      body,
      changes.map(({ signer }) => signer),
    );
    return { transaction, changes };
  }

  committed({ transaction, changes }: Draft): void {
    for (const { change, next } of changes) {
      const at = this.#owned.findIndex(({ token }) => token === change.token);
      const timestamp = transaction.body.timestamp;
      const { token } = change;
      if (next === null) this.#owned.splice(at, at === -1 ? 0 : 1);
      else {
        const owned = { token, tx: transaction.id, key: next, timestamp, busy: false };
        if (at === -1) this.#owned.push(owned);
        else this.#owned[at] = owned;
      }
    }
  }

  /** Its fate is unknown: what it names is never touched again, lest it conflict with itself. */
  abandoned({ changes }: Draft): void {
    for (const { change } of changes) {
      const at = this.#owned.findIndex(({ token }) => token === change.token);
      if (at !== -1) this.#owned.splice(at, 1);
    }
  }

  #change(owned: Owned | null, destroys: boolean): Change {
    const next = signingKey(this.#fresh(32));
    const owner = destroys ? ZERO_ID : keyHash(next.publicKey);
    if (owned === null) {
      const token = this.#fresh(32).toHex();
      return { change: { token, owner, previous: ZERO_ID }, signer: next, next };
    }
    const change = { token: owned.token, owner, previous: owned.tx };
    return { change, signer: owned.key, next: destroys ? null : next };
  }

  #pick({ popularityZipf }: ClientLoad): Owned | null {
    const free = this.#owned.filter(({ busy }) => !busy);
    return free[this.#random.zipf(free.length, popularityZipf)] ?? null;
  }

  #count(shares: ClientLoad['tokensPerTransaction']): number {
    const weights = Array.from(
      { length: MAX_CHANGES },
      (_, index) => shares[String(index + 1)] ?? 0,
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let left = this.#random.next() * total;
    for (const [index, weight] of weights.entries()) {
      left -= weight;
      if (left < 0) return index + 1;
    }
    return 1;
  }
}
