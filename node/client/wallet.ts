/** A client's tokens and keys, and the transactions it draws for them. */
import type { ClientLoad } from '../control.ts';
import { type SigningKey, signingKey } from '../crypto/ed25519.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { roundTokens } from '../ledger/rounds.ts';
import { RESTORING, supportingTokens } from '../ledger/supporting.ts';
import { keyHash, MAX_CHANGES, ORDINARY, signTransaction } from '../ledger/transaction.ts';
import type { TokenChange, Transaction } from '../ledger/types.ts';
import type { ProtocolParameters } from '../parameters.ts';
import type { LoadRandom } from './random.ts';

/** Owned tokens: a long run goes on moving those it has instead of creating more. */
export const MAX_OWNED = 4096;
/** Witness tokens of a high value: one to three (P 11.9.8.1), as far as there is room. */
const MAX_WITNESS_TOKENS = 3;

/** Members beyond k that a high value asks for: half as many again cost half as much again (P 11.9.5). */
export function highValueExtra(k: number): number {
  return Math.floor(k / 2);
}

/** What decides how a transaction of high value is made. */
export type HighValueTerms = Pick<ProtocolParameters, 'k' | 'witnesses'>;

interface Held {
  /** Transaction of the present mapping. */
  readonly tx: Id;
  readonly key: SigningKey;
}

interface Owned extends Held {
  readonly token: Id;
  /** Timestamp of `tx`: what follows must be newer. */
  readonly timestamp: number;
  busy: boolean;
  /** Its supporting tokens, by id; none for what never was of a high value. */
  readonly supporting: Map<Id, Held>;
}

interface Change {
  readonly change: TokenChange;
  /** Signs it. */
  readonly signer: SigningKey;
  /** Owns it afterwards; null for a destruction, and for a witness token. */
  readonly next: SigningKey | null;
  /** The token that this one supports. */
  readonly supports: Id | null;
}

/** A drawn transaction, and what it will mean for the wallet. */
export interface Draft {
  readonly transaction: Transaction;
  readonly changes: readonly Change[];
  /** Once it is committed a linked second transaction shall support this token (`link`). */
  readonly toSupport: Id | null;
}

export class Wallet {
  readonly #network: Id;
  readonly #random: LoadRandom;
  readonly #fresh: (length: number) => Uint8Array;
  readonly #parameters: HighValueTerms;
  readonly #owned: Owned[] = [];

  /**
   * `random` draws what is done; keys and token ids come from `fresh`: a client that is started
   * again with the same seed must not create the same tokens again.
   */
  constructor(
    network: Id,
    random: LoadRandom,
    fresh: (length: number) => Uint8Array,
    parameters: HighValueTerms,
  ) {
    this.#network = network;
    this.#random = random;
    this.#fresh = fresh;
    this.#parameters = parameters;
  }

  get tokens(): readonly Id[] {
    return this.#owned.map(({ token }) => token);
  }

  /** Never touches a token with a transaction under way. */
  draw(load: ClientLoad, nowMs: number): Draft {
    const isDrawnHigh = this.#random.next() < load.highValueShare;
    const drawn = this.#count(load.tokensPerTransaction);
    // Three rounds confirm the move of one token.
    const count = isDrawnHigh && this.#parameters.witnesses === 'two-of-three' ? 1 : drawn;
    const changes: Change[] = [];
    let newest = 0;
    for (let index = 0; index < count && changes.length < MAX_CHANGES; index += 1) {
      // Beside a token that takes its supporting tokens along there is no room for others.
      const mayBeSupported = index === 0;
      const pick = () => this.#pick(load, mayBeSupported);
      const owned = this.#random.next() < load.transferShare ? pick() : null;
      const destroyed = this.#random.next() < load.destroyShare ? pick() : null;
      const chosen = owned ?? destroyed ?? (this.#owned.length >= MAX_OWNED ? pick() : null);
      if (chosen !== null) chosen.busy = true;
      newest = Math.max(newest, chosen?.timestamp ?? 0);
      changes.push(...this.#change(chosen, owned === null && destroyed !== null, RESTORING));
      if (changes.some(({ supports }) => supports !== null)) break;
    }
    const isHigh = isDrawnHigh || changes.some(({ supports }) => supports !== null);
    const main = changes.find(({ next, supports }) => next !== null && supports === null);
    const toSupport = isHigh && main !== undefined ? main.change.token : null;
    const timestamp = Math.max(Math.floor(nowMs), newest + 1);
    return { ...this.#sign(changes, timestamp, isHigh, true), toSupport };
  }

  /** The linked second transaction, which makes or renews all five supporting tokens (P 11.9.8.3). */
  link({ toSupport }: Draft, nowMs: number): Draft | null {
    const owned = this.#owned.find(({ token }) => token === toSupport);
    if (owned === undefined || owned.busy) return null;
    owned.busy = true;
    const [main, ...known] = this.#change(owned, false, owned.supporting.size);
    if (main === undefined || main.next === null) return null;
    const { next } = main;
    const owner = keyHash(next.publicKey);
    const made = supportingTokens(owned.token)
      .filter((token) => !owned.supporting.has(token))
      .map((token): Change => {
        const change = { token, owner, previous: ZERO_ID };
        return { change, signer: next, next, supports: owned.token };
      });
    const timestamp = Math.max(Math.floor(nowMs), owned.timestamp + 1);
    const signed = this.#sign([main, ...known, ...made], timestamp, true, false);
    return { ...signed, toSupport: null };
  }

  committed({ transaction, changes }: Draft): void {
    const { id: tx } = transaction;
    const { timestamp } = transaction.body;
    for (const { change, next, supports } of changes) {
      if (supports !== null) continue;
      const { token } = change;
      const at = this.#owned.findIndex((owned) => owned.token === token);
      if (next === null) this.#owned.splice(at, at === -1 ? 0 : 1);
      else {
        const supporting = this.#owned[at]?.supporting ?? new Map<Id, Held>();
        const owned = { token, tx, key: next, timestamp, busy: false, supporting };
        if (at === -1) this.#owned.push(owned);
        else this.#owned[at] = owned;
      }
    }
    for (const { change, next, supports } of changes) {
      const main = this.#owned.find(({ token }) => token === supports);
      if (next !== null) main?.supporting.set(change.token, { tx, key: next });
    }
  }

  /** Its fate is unknown: what it names is never touched again, lest it conflict with itself. */
  abandoned({ changes }: Draft): void {
    for (const { change } of changes) {
      const at = this.#owned.findIndex(({ token }) => token === change.token);
      if (at !== -1) this.#owned.splice(at, 1);
    }
  }

  /** Moves, destroys or (for null) creates a token, and takes `along` of its supporting tokens along. */
  #change(owned: Owned | null, destroys: boolean, along: number): Change[] {
    const next = signingKey(this.#fresh(32));
    const nextOwner = keyHash(next.publicKey);
    const owner = destroys ? ZERO_ID : nextOwner;
    if (owned === null) {
      const token = this.#fresh(32).toHex();
      const change = { token, owner, previous: ZERO_ID };
      return [{ change, signer: next, next, supports: null }];
    }
    const change = { token: owned.token, owner, previous: owned.tx };
    const main = { change, signer: owned.key, next: destroys ? null : next, supports: null };
    // They live on even when their token is destroyed: it stays destroyed though all forget it.
    const supporting = [...owned.supporting].slice(0, along).map(([token, { tx, key }]): Change => {
      const kept = { token, owner: nextOwner, previous: tx };
      return { change: kept, signer: key, next, supports: owned.token };
    });
    return [main, ...supporting];
  }

  #sign(
    changes: readonly Change[],
    timestamp: number,
    isHigh: boolean,
    hasWitnesses: boolean,
  ): Omit<Draft, 'toSupport'> {
    const byToken = (a: Change, b: Change): number => (a.change.token < b.change.token ? -1 : 1);
    // Who signs a witness token: the key of the first change that is none.
    const signer = changes.toSorted(byToken)[0]?.signer;
    const tokens = isHigh && hasWitnesses ? this.#witnesses(changes) : [];
    const all = [...changes];
    for (const token of tokens) {
      if (signer === undefined) break;
      const change = { token, owner: ZERO_ID, previous: ZERO_ID };
      all.push({ change, signer, next: null, supports: null });
    }
    all.sort(byToken);
    const transaction = signTransaction(
      {
        network: this.#network,
        changes: all.map(({ change }) => change),
        timestamp,
        valueClass: isHigh ? 'high' : 'low',
        extraNeighbours: isHigh ? highValueExtra(this.#parameters.k) : 0,
        purpose: ORDINARY,
      },
      all.map((one) => one.signer),
    );
    return { transaction, changes: all };
  }

  /**
   * Three rounds for one token. One that takes its supporting tokens along needs none: any two that
   * follow its mapping share one of these too.
   */
  #witnesses(changes: readonly Change[]): readonly Id[] {
    if (this.#parameters.witnesses === 'two-of-three') {
      const [only] = changes;
      if (only === undefined || changes.length !== 1) return [];
      return roundTokens(only.change, only.signer.publicKey);
    }
    const room = Math.min(MAX_CHANGES - changes.length, MAX_WITNESS_TOKENS);
    const count = room > 0 ? 1 + this.#random.below(room) : 0;
    return Array.from({ length: count }, () => this.#fresh(32).toHex());
  }

  #pick({ popularityZipf }: ClientLoad, mayBeSupported: boolean): Owned | null {
    const free = this.#owned.filter(
      ({ busy, supporting }) => !busy && (mayBeSupported || supporting.size === 0),
    );
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
