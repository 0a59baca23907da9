/** Values of the ledger (PROTOCOL.md 3). Signatures and keys are bytes, ids hex. */
import type { Id } from '../id.ts';

/** What a transaction says of one token. */
export interface TokenChange {
  readonly token: Id;
  /** Hash of the next owner's key; ZERO_ID destroys. */
  readonly owner: Id;
  /** Transaction of the mapping that this one follows; ZERO_ID creates. */
  readonly previous: Id;
}

export interface TransactionBody {
  readonly network: Id;
  /** 1–6, sorted by token, no token twice. */
  readonly changes: readonly TokenChange[];
  readonly timestamp: number;
  readonly valueClass: 'low' | 'high';
  /** Members beyond k that its tokens' neighbourhoods shall have for this transaction. */
  readonly extraNeighbours: number;
  readonly purpose: Purpose;
}

/** Why a transaction may do what it does. All but `ordinary` change exactly one identity token. */
export type Purpose =
  /** Its owners say so. */
  | { readonly kind: 'ordinary' }
  /**
   * Destroys the accused's identity token on the strength of evidence packages, of which each voter
   * has verified one, instead of the owner's signature. Names the charge (minefield/slashing.ts).
   */
  | { readonly kind: 'slashing'; readonly charge: Id }
  /**
   * `register` creates the identity token; `synchronised` says that its owner holds what it should
   * (valid if it answers its neighbours' storage challenges); `renewal` begins another lease. They
   * leave the owner as it was and are signed by it.
   */
  | { readonly kind: 'register' | 'synchronised' | 'renewal' }
  /** Ends the membership of one that did not renew in time; leaves the owner; signed by any member. */
  | { readonly kind: 'lapse' };

/** `id = H(body)`. One authorisation per change, same order; of a slashing, one, the proposer's. */
export interface Transaction {
  readonly id: Id;
  readonly body: TransactionBody;
  readonly authorisations: readonly { readonly key: Uint8Array; readonly signature: Uint8Array }[];
}

/** State of one token as a peer keeps it: what the last committed transaction made of it. */
export interface Mapping {
  readonly token: Id;
  readonly owner: Id;
  readonly tx: Id;
  readonly previous: Id;
}

/** One entry of a block: the mapping and where it came from. `adopted` was learnt from others. */
export interface BlockEntry {
  readonly kind: 'committed' | 'adopted';
  readonly mapping: Mapping;
}

/** The signed part that statements and evidence carry. `hash = H(header)`. */
export interface BlockHeader {
  readonly network: Id;
  readonly peer: Id;
  readonly epoch: number;
  /** 0 is the genesis block of this peer's chain. */
  readonly height: number;
  readonly previous: Id;
  readonly entriesRoot: Id;
  /** Root of the peer's token state after the entries (state-trie.ts). */
  readonly stateRoot: Id;
  /** Root over the hashes of all earlier blocks of this chain, in order (RFC 9162 tree). */
  readonly accumulator: Id;
  /** H over the five jump references. */
  readonly jumpsRoot: Id;
  readonly time: number;
}

export interface Block {
  readonly header: BlockHeader;
  readonly entries: readonly BlockEntry[];
  /** Hashes of the blocks one minute, hour, day, week, month back (scaled); ZERO_ID where none. */
  readonly jumps: readonly Id[];
  readonly certificate: Certificate;
  /** By the lamppost key, over the header's hash. */
  readonly signature: Uint8Array;
}

/** Binds a lamppost key to an identity for an epoch range of time; carried by all it signs. */
export interface Certificate {
  readonly lamppost: Uint8Array;
  readonly epoch: number;
  readonly validFromMs: number;
  readonly validToMs: number;
  /** By the identity key. */
  readonly signature: Uint8Array;
}
