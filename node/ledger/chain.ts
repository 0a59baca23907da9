/**
 * A peer's own chain (PROTOCOL.md 3): what it has committed and adopted, in blocks it has signed.
 *
 * Stored as `chain/block/` + height in 12 decimal digits → the block's bytes (block.ts), one put per
 * block, made before anything names the block. Everything else is derived from these at start.
 *
 * Height 0 opens the chain with the founding identity tokens (a founding larger than a block goes
 * on in the next ones). Every later start opens a higher epoch with an empty block, the signed
 * reset: its `previous` is the prior head. So every head that a statement of an epoch can name
 * belongs to that epoch. Heights, history and time go on through epochs; nothing ever rewinds.
 *
 * In memory: token state, and per block its hash, time and place (about 300 bytes). Blocks are read
 * back from the store.
 */
import { decode } from '../codec/reader.ts';
import { type SigningKey, verifySignature } from '../crypto/ed25519.ts';
import type { Store } from '../host.ts';
import { type Id, idToBytes, ZERO_ID } from '../id.ts';
import type { RecentMapping } from '../minefield/types.ts';
import {
  blockMatchesHeader,
  encodeBlock,
  entriesRoot,
  headerHash,
  JUMP_SPANS_MS,
  jumpsRoot,
  MAX_ENTRIES,
  readBlock,
} from './block.ts';
import { HistoryTree } from './history-tree.ts';
import { StateTrie } from './state-trie.ts';
import type { Block, BlockEntry, BlockHeader, Certificate, Mapping } from './types.ts';

const PREFIX = 'chain/block/';

/** PROTOCOL.md 7: a statement tells 2–4 recent mappings. */
export const RECENT_MAPPINGS = 4;

export interface ChainOptions {
  readonly network: Id;
  readonly peer: Id;
  /** Divides the spans of the jumps. */
  readonly timeScale: number;
}

/** What a peer signs with in one epoch; within it the lamppost and its certificate rotate. */
export interface Session {
  readonly epoch: number;
  readonly certificate: Certificate;
  readonly lamppost: SigningKey;
}

/** What a header's accumulator holds at an earlier height, with the proof. */
export interface AncestorProof {
  readonly hash: Id;
  readonly path: readonly Id[];
}

/** Neighbours ask for the newest again and again: those of some seconds need not be read and decoded. */
const MAX_BLOCKS_KEPT = 16;

export class Chain {
  readonly #options: ChainOptions;
  readonly #store: Store;
  readonly #state = new StateTrie();
  readonly #history = new HistoryTree();
  readonly #hashes: Id[] = [];
  readonly #times: number[] = [];
  readonly #heights = new Map<Id, number>();
  readonly #committedAt = new Map<Id, number>();
  #recent: readonly RecentMapping[] = [];
  #head: Block | null = null;
  /** The newest blocks, by height. */
  readonly #newest = new Map<number, Block>();
  #session: Session | null = null;

  /**
   * Restores what the store holds. Throws an Error that says what is wrong when that is damaged, or
   * of another peer or network. It signs nothing before it is opened.
   */
  constructor(options: ChainOptions, store: Store) {
    this.#options = options;
    this.#store = store;
    for (const [key, bytes] of store.entries(PREFIX)) this.#restore(key, bytes);
    const head = this.#head;
    if (head === null) return;
    const signed = idToBytes(headerHash(head.header));
    if (!verifySignature(head.certificate.lamppost, signed, head.signature)) {
      throw damaged(head.header.height, 'its signature is false');
    }
  }

  /**
   * Opens an epoch, before any statement. Writes the founding mappings that the state lacks, or, when
   * there are none, an empty block if this epoch has no block yet. The first block of an epoch is its
   * reset: it names the prior head. Throws an Error when this chain has a block of that epoch or of a
   * higher one from another life: going on would be an offence.
   */
  open(session: Session, founding: readonly Mapping[], nowMs: number): Block {
    const { epoch } = session;
    const stored = this.#head?.header.epoch ?? 0;
    if (this.#session?.epoch !== epoch && stored >= epoch) {
      throw new Error(`epoch ${epoch} was opened before: ${stored} is stored`);
    }
    this.#session = session;
    const missing = founding.filter(({ token }) => this.#state.get(token) === undefined);
    const entries = missing.map((mapping): BlockEntry => ({ kind: 'adopted', mapping }));
    for (let from = 0; from < entries.length; from += MAX_ENTRIES) {
      this.append(entries.slice(from, from + MAX_ENTRIES), nowMs);
    }
    return this.opened ? this.head : this.append([], nowMs);
  }

  /** Does the head belong to this epoch? Only then may a statement name it. */
  get opened(): boolean {
    return this.#session !== null && this.#head?.header.epoch === this.#session.epoch;
  }

  /** What it signs with. Throws an Error before it is opened. */
  get session(): Session {
    if (this.#session === null) throw new Error('the chain has no epoch yet');
    return this.#session;
  }

  /** The same epoch goes on under another lamppost key. Throws an Error before it is opened. */
  rotate(lamppost: SigningKey, certificate: Certificate): void {
    this.#session = { epoch: this.session.epoch, certificate, lamppost };
  }

  /** Height of the head; −1 before there is a block. */
  get height(): number {
    return this.#hashes.length - 1;
  }

  /** Throws an Error before there is a block. */
  get head(): Block {
    if (this.#head === null) throw new Error('the chain has no block yet');
    return this.#head;
  }

  /** Hash of the head; ZERO_ID before there is a block. */
  get headHash(): Id {
    return this.#hashes.at(-1) ?? ZERO_ID;
  }

  /** The state after the head. To read; only blocks change it. */
  get state(): StateTrie {
    return this.#state;
  }

  /** The newest four mappings, newest first. */
  get recent(): readonly RecentMapping[] {
    return this.#recent;
  }

  /** Signs and stores the next block. At most MAX_ENTRIES; the caller leaves out empty ones. */
  append(entries: readonly BlockEntry[], nowMs: number): Block {
    if (entries.length > MAX_ENTRIES) throw new RangeError(`${entries.length} entries in a block`);
    const { network, peer } = this.#options;
    const { epoch, certificate, lamppost } = this.session;
    const state = this.#state.clone();
    for (const { mapping } of entries) state.set(mapping);
    // A clock that was set back must not let the chain's time fall, nor leave the certificate's.
    const time = Math.max(nowMs, this.#times.at(-1) ?? 0, certificate.validFromMs);
    const jumps = this.#jumpsFrom(time);
    const header: BlockHeader = {
      network,
      peer,
      epoch,
      height: this.#hashes.length,
      previous: this.headHash,
      entriesRoot: entriesRoot(entries),
      stateRoot: state.root,
      accumulator: this.#history.root,
      jumpsRoot: jumpsRoot(jumps),
      time,
    };
    const hash = headerHash(header);
    const signature = lamppost.sign(idToBytes(hash));
    const block: Block = { header, entries, jumps, certificate, signature };
    this.#store.put(keyOf(header.height), encodeBlock(block));
    this.#take(block, hash);
    return block;
  }

  hashAt(height: number): Id | undefined {
    return this.#hashes[height];
  }

  blockAt(height: number): Block | undefined {
    if (!Number.isInteger(height) || height < 0 || height > this.height) return undefined;
    const kept = this.#newest.get(height);
    if (kept !== undefined) return kept;
    const bytes = this.#store.get(keyOf(height));
    if (bytes === undefined) throw damaged(height, 'it is missing');
    return decoded(height, bytes);
  }

  blockByHash(hash: Id): Block | undefined {
    const height = this.#heights.get(hash);
    return height === undefined ? undefined : this.blockAt(height);
  }

  /** What stands at `lowerHeight` under the accumulator of the block at `underHeight`. */
  ancestorPath(lowerHeight: number, underHeight: number): AncestorProof | undefined {
    const hash = this.#hashes[lowerHeight];
    if (hash === undefined || lowerHeight >= underHeight || underHeight > this.height) {
      return undefined;
    }
    return { hash, path: this.#history.inclusionPath(lowerHeight, underHeight) };
  }

  /** Hash of the block that holds the present mapping of `token`. */
  committedIn(token: Id): Id | undefined {
    const height = this.#committedAt.get(token);
    return height === undefined ? undefined : this.#hashes[height];
  }

  /** Newest block at least so long before `time`, for each span; ZERO_ID where none is that old. */
  #jumpsFrom(time: number): readonly Id[] {
    return JUMP_SPANS_MS.map((span) => {
      const latest = time - span / this.#options.timeScale;
      let low = 0;
      let high = this.#times.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((this.#times[middle] ?? 0) <= latest) low = middle + 1;
        else high = middle;
      }
      return this.#hashes[low - 1] ?? ZERO_ID;
    });
  }

  #restore(key: string, bytes: Uint8Array): void {
    const height = this.#hashes.length;
    if (key !== keyOf(height)) throw damaged(height, `it is missing, ${key} comes next`);
    const block = decoded(height, bytes);
    const { header } = block;
    const { network, peer } = this.#options;
    if (header.network !== network) throw damaged(height, 'it belongs to another network');
    if (header.peer !== peer) throw damaged(height, 'it belongs to another peer');
    if (header.height !== height) throw damaged(height, `it says height ${header.height}`);
    if (header.previous !== this.headHash) throw damaged(height, 'it does not follow the last');
    if (header.accumulator !== this.#history.root) throw damaged(height, 'its history differs');
    if (!blockMatchesHeader(block)) throw damaged(height, 'its content is not what it signed');
    const before = this.#head?.header;
    if (before !== undefined && (header.epoch < before.epoch || header.time < before.time)) {
      throw damaged(height, 'its epoch or time falls');
    }
    this.#take(block, headerHash(header));
    if (header.stateRoot !== this.#state.root) throw damaged(height, 'its state root differs');
  }

  #take(block: Block, hash: Id): void {
    const { height, time } = block.header;
    for (const { mapping } of block.entries) {
      this.#state.set(mapping);
      this.#committedAt.set(mapping.token, height);
    }
    const newest = block.entries.map(({ mapping }) => ({
      mapping,
      committedAt: time,
      block: hash,
    }));
    this.#recent = [...newest.toReversed(), ...this.#recent].slice(0, RECENT_MAPPINGS);
    this.#hashes.push(hash);
    this.#times.push(time);
    this.#heights.set(hash, height);
    this.#history.append(hash);
    this.#head = block;
    this.#newest.set(height, block);
    this.#newest.delete(height - MAX_BLOCKS_KEPT);
  }
}

function keyOf(height: number): string {
  return PREFIX + String(height).padStart(12, '0');
}

function decoded(height: number, bytes: Uint8Array): Block {
  const block = decode(bytes, readBlock);
  if (!block.ok) throw damaged(height, block.reason);
  return block.value;
}

function damaged(height: number, what: string): Error {
  return new Error(`the stored chain is damaged at block ${height}: ${what}`);
}
