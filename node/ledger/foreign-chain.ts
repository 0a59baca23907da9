/**
 * The chain of another peer, verified block by block (PROTOCOL.md 6): first backwards from a head
 * that it has signed, then forwards as it grows.
 *
 * Each block must be the one that its successor names, by this peer and network, signed under a
 * certificate of its identity key, with entries and jumps that its header covers, and with epochs
 * and times that never rise on the way back. A whole chain must also end at height 0, and have the
 * state root and the accumulator that its head states. What is read from a floor on has links,
 * signatures and entries checked, and the floor itself.
 */
import { verifySignature } from '../crypto/ed25519.ts';
import { type Id, idToBytes, ZERO_ID } from '../id.ts';
import { blockMatchesHeader, headerHash, verifySignedHeader } from './block.ts';
import { HistoryTree } from './history-tree.ts';
import { StateTrie } from './state-trie.ts';
import type { Block, BlockHeader, Certificate, Mapping } from './types.ts';

/** Six days of a block each round; their hashes are 32 MB while such a chain is read. */
export const MAX_WALKED_BLOCKS = 1_000_000;

/**
 * Tokens of one such chain, some 300 bytes each while it is read: twice what a peer of a large
 * network keeps. Else one neighbour's made-up chain would fill the memory of whoever reads it.
 */
export const MAX_WALKED_TOKENS = 250_000;

export type Taken = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** A block that the reader knows to be part of the chain already: reading stops above it. */
export interface Floor {
  readonly height: number;
  readonly hash: Id;
}

export interface Owner {
  readonly network: Id;
  /** Address of the chain's peer, and the key that its record names. */
  readonly peer: Id;
  readonly identityKey: Uint8Array;
}

/** Is this the owner's block, whole and signed? Remembers the last certificate it has verified. */
export class BlockVerifier {
  readonly #owner: Owner;
  #trusted: Certificate | null = null;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Why not, or null. */
  fault(block: Block, hash: Id): string | null {
    const { header, certificate } = block;
    const { network, peer, identityKey } = this.#owner;
    if (header.network !== network) return 'it belongs to another network';
    if (header.peer !== peer) return 'it belongs to another peer';
    if (!blockMatchesHeader(block)) return 'its content is not what it signed';
    if (this.#trusted !== null && isSame(this.#trusted, certificate)) {
      const isInTime =
        certificate.epoch === header.epoch &&
        header.time >= certificate.validFromMs &&
        header.time <= certificate.validToMs;
      const isSigned =
        isInTime && verifySignature(certificate.lamppost, idToBytes(hash), block.signature);
      return isSigned ? null : 'its signature is false';
    }
    if (!verifySignedHeader(block, identityKey)) return 'its signature is false';
    this.#trusted = certificate;
    return null;
  }
}

/** Reads down from a signed head; blocks are given in falling height. */
export class BackwardWalk {
  readonly head: BlockHeader;
  readonly headHash: Id;
  readonly #verifier: BlockVerifier;
  readonly #floor: Floor | null;
  readonly #newest = new Map<Id, Mapping>();
  readonly #hashes = new HashStack();
  #next: Floor;
  #later: { readonly epoch: number; readonly time: number };

  /** Throws a RangeError for a head above MAX_WALKED_BLOCKS from its floor: the caller looks first. */
  constructor(owner: Owner, head: BlockHeader, floor: Floor | null) {
    if (head.height - (floor?.height ?? -1) > MAX_WALKED_BLOCKS) {
      throw new RangeError(`a chain of ${head.height} blocks`);
    }
    this.head = head;
    this.headHash = headerHash(head);
    this.#verifier = new BlockVerifier(owner);
    this.#floor = floor;
    this.#next = { height: head.height, hash: this.headHash };
    this.#later = head;
  }

  /** Height of the block to give next; below the floor's successor there is nothing to give. */
  get nextHeight(): number {
    return this.#next.height;
  }

  /** Lowest height that belongs to the walk. */
  get lowest(): number {
    return (this.#floor?.height ?? -1) + 1;
  }

  get isDone(): boolean {
    return this.#next.height < this.lowest;
  }

  /** The newest mapping of each token in what was read. */
  get mappings(): ReadonlyMap<Id, Mapping> {
    return this.#newest;
  }

  take(block: Block): Taken {
    const { header } = block;
    if (this.isDone || header.height !== this.#next.height) return refused('it is not the next');
    const hash = headerHash(header);
    if (hash !== this.#next.hash) return refused('its successor names another block');
    if (header.epoch > this.#later.epoch || header.time > this.#later.time) {
      return refused('its epoch or time is above its successor’s');
    }
    const fault = this.#verifier.fault(block, hash);
    if (fault !== null) return refused(fault);
    for (const { mapping } of block.entries.toReversed()) {
      if (!this.#newest.has(mapping.token)) this.#newest.set(mapping.token, mapping);
    }
    if (this.#newest.size > MAX_WALKED_TOKENS) return refused('it holds too many tokens');
    if (this.#floor === null && header.height < this.head.height) this.#hashes.push(hash);
    this.#next = { height: header.height - 1, hash: header.previous };
    this.#later = header;
    return this.isDone ? this.#finish() : { ok: true };
  }

  #finish(): Taken {
    if (this.#floor !== null) {
      const meets = this.#next.hash === this.#floor.hash;
      return meets ? { ok: true } : refused('it does not lead to the block that was known');
    }
    if (this.#next.hash !== ZERO_ID) return refused('its first block names an earlier one');
    const history = new HistoryTree();
    for (const hash of this.#hashes.upwards()) history.append(hash);
    if (history.root !== this.head.accumulator) return refused('its history is not what it states');
    const state = new StateTrie();
    for (const mapping of this.#newest.values()) state.set(mapping);
    if (state.root !== this.head.stateRoot) return refused('its state is not what it states');
    return { ok: true };
  }
}

/** Hashes pushed newest first, 32 bytes each in one growing buffer. */
class HashStack {
  #bytes = new Uint8Array(64 * 32);
  #length = 0;

  push(hash: Id): void {
    if ((this.#length + 1) * 32 > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(idToBytes(hash), this.#length * 32);
    this.#length += 1;
  }

  *upwards(): Iterable<Id> {
    for (let index = this.#length - 1; index >= 0; index -= 1) {
      yield this.#bytes.subarray(index * 32, (index + 1) * 32).toHex();
    }
  }
}

function isSame(one: Certificate, other: Certificate): boolean {
  return (
    one.epoch === other.epoch &&
    one.validFromMs === other.validFromMs &&
    one.validToMs === other.validToMs &&
    one.lamppost.toHex() === other.lamppost.toHex() &&
    one.signature.toHex() === other.signature.toHex()
  );
}

function refused(reason: string): Taken {
  return { ok: false, reason };
}
