/**
 * The authenticated map of a peer's token state: a compressed binary (crit-bit) trie over keys
 * `H(trieKey, token 32)`. Bit 0 is a key's highest bit; inner nodes test rising bits from the root
 * down. Token ids are free to choose: over the ids themselves strangers could, with 200 tokens
 * around a victim's, make its paths, and the statements that carry them, several kilobytes long.
 *
 * Hashes: leaf `H(trieLeaf, token 32 ‖ owner 32 ‖ tx 32 ‖ previous 32)`, inner node
 * `H(trieInner, bit u8 ‖ left 32 ‖ right 32)`; the empty trie has root ZERO_ID.
 *
 * A path on the wire, from the leaf upward: count u16, then per step bit u8 ‖ sibling 32, bits
 * strictly falling. The side of each sibling is taken from the key's own bit, so the walk from a
 * root down to a token is fixed by the root: two different leaves of one token under one root, or a
 * leaf where the root holds an inner node, would be a hash collision.
 */
import { Malformed, type Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { hash, hashBytes } from '../crypto/hash.ts';
import { type Id, ID_BYTES, idFromBytes, idToBytes, ZERO_ID } from '../id.ts';
import type { Mapping } from './types.ts';

/** One step of a path: the bit that the inner node tests, and the hash of its other child. */
export interface TrieStep {
  readonly bit: number;
  readonly sibling: Id;
}

/** Steps from a leaf up to the root, bits strictly falling. */
export type TriePath = readonly TrieStep[];

/** A longer path needs keys that share 63 bits: 2^63 hashes of work. Two statements fit a message. */
export const MAX_PATH_STEPS = 64;

const KEY_BITS = 8 * ID_BYTES;

interface Leaf {
  readonly kind: 'leaf';
  readonly key: Id;
  readonly mapping: Mapping;
  hash: Uint8Array | null;
}

interface Inner {
  readonly kind: 'inner';
  readonly bit: number;
  readonly left: Node;
  readonly right: Node;
  hash: Uint8Array | null;
}

/** Immutable but for the cached hash, so that clones share everything. */
type Node = Leaf | Inner;

/** The token state of one peer. Setting and proving take time in the depth of the trie. */
export class StateTrie {
  #top: Node | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Hashes only what changed since it was last asked for. */
  get root(): Id {
    return this.#top === null ? ZERO_ID : idFromBytes(hashOf(this.#top));
  }

  get(token: Id): Mapping | undefined {
    const leaf = this.#closest(keyOf(token));
    return leaf?.mapping.token === token ? leaf.mapping : undefined;
  }

  /** Creates or replaces the mapping of its token. */
  set(mapping: Mapping): void {
    const leaf: Leaf = { kind: 'leaf', key: keyOf(mapping.token), mapping, hash: null };
    const closest = this.#closest(leaf.key);
    const bit = closest === null ? -1 : firstDifference(closest.key, leaf.key);
    if (this.#top === null) this.#top = leaf;
    else this.#top = bit === -1 ? replaced(this.#top, leaf) : inserted(this.#top, leaf, bit);
    if (closest === null || bit !== -1) this.#size += 1;
  }

  /** Proof that the present mapping of `token` is under `root`; undefined for an unknown token. */
  path(token: Id): TriePath | undefined {
    const key = keyOf(token);
    if (this.#closest(key)?.mapping.token !== token) return undefined;
    const steps: TrieStep[] = [];
    for (let node = this.#top; node?.kind === 'inner'; ) {
      const right = bitOf(key, node.bit) === 1;
      const sibling = idFromBytes(hashOf(right ? node.left : node.right));
      steps.push({ bit: node.bit, sibling });
      node = right ? node.right : node.left;
    }
    return steps.toReversed();
  }

  /** An independent copy in constant time. */
  clone(): StateTrie {
    const copy = new StateTrie();
    copy.#top = this.#top;
    copy.#size = this.#size;
    return copy;
  }

  /** The leaf where the walk by the bits of `key` ends; its key need not be the same. */
  #closest(key: Id): Leaf | null {
    let node = this.#top;
    while (node?.kind === 'inner') node = bitOf(key, node.bit) === 1 ? node.right : node.left;
    return node;
  }
}

/** True if `path` leads from `mapping` to `root`; false for any other mapping of that token. */
export function verifyPath(root: Id, mapping: Mapping, path: TriePath): boolean {
  if (path.length > MAX_PATH_STEPS) return false;
  const key = keyOf(mapping.token);
  let reached = leafHash(mapping);
  let below = KEY_BITS;
  for (const { bit, sibling } of path) {
    if (!Number.isInteger(bit) || bit < 0 || bit >= below) return false;
    below = bit;
    const other = idToBytes(sibling);
    const right = bitOf(key, bit) === 1;
    reached = right ? innerHash(bit, other, reached) : innerHash(bit, reached, other);
  }
  return idFromBytes(reached) === root;
}

export function writePath(writer: Writer, path: TriePath): void {
  writer.u16(path.length);
  for (const { bit, sibling } of path) writer.u8(bit).id(sibling);
}

export function readPath(reader: Reader): TriePath {
  const count = reader.u16();
  if (count > MAX_PATH_STEPS) throw new Malformed(`a path of ${count} steps`);
  let below = KEY_BITS;
  return Array.from({ length: count }, () => {
    const bit = reader.u8();
    if (bit >= below) throw new Malformed('path bits do not fall');
    below = bit;
    return { bit, sibling: reader.id() };
  });
}

/** token 32 ‖ owner 32 ‖ tx 32 ‖ previous 32. */
export function writeMapping(writer: Writer, mapping: Mapping): void {
  writer.id(mapping.token).id(mapping.owner).id(mapping.tx).id(mapping.previous);
}

export function readMapping(reader: Reader): Mapping {
  return { token: reader.id(), owner: reader.id(), tx: reader.id(), previous: reader.id() };
}

/** Keys kept, oldest dropped, 300 bytes each: a token is looked at many times until it changes. */
const MAX_KEYS = 4096;
const keys = new Map<Id, Id>();

function keyOf(token: Id): Id {
  const known = keys.get(token);
  if (known !== undefined) return known;
  const key = hash('trieKey', idToBytes(token));
  const [oldest] = keys.keys();
  if (oldest !== undefined && keys.size >= MAX_KEYS) keys.delete(oldest);
  keys.set(token, key);
  return key;
}

function leafHash(mapping: Mapping): Uint8Array {
  const writer = new Writer();
  writeMapping(writer, mapping);
  return hashBytes('trieLeaf', writer.finishShared());
}

const oneByte = new Uint8Array(1);

function innerHash(bit: number, left: Uint8Array, right: Uint8Array): Uint8Array {
  oneByte[0] = bit;
  return hashBytes('trieInner', oneByte, left, right);
}

function hashOf(node: Node): Uint8Array {
  if (node.hash !== null) return node.hash;
  const fresh =
    node.kind === 'leaf'
      ? leafHash(node.mapping)
      : innerHash(node.bit, hashOf(node.left), hashOf(node.right));
  node.hash = fresh;
  return fresh;
}

/** Puts `leaf` in the place of the leaf with the same token. */
function replaced(node: Node, leaf: Leaf): Node {
  if (node.kind === 'leaf') return leaf;
  const right = bitOf(leaf.key, node.bit) === 1;
  return right
    ? inner(node.bit, node.left, replaced(node.right, leaf))
    : inner(node.bit, replaced(node.left, leaf), node.right);
}

/** Adds `leaf`, whose key first differs at `bit` from all keys that share its way down. */
function inserted(node: Node, leaf: Leaf, bit: number): Node {
  const { key } = leaf;
  if (node.kind === 'leaf' || node.bit > bit) {
    return bitOf(key, bit) === 1 ? inner(bit, node, leaf) : inner(bit, leaf, node);
  }
  return bitOf(key, node.bit) === 1
    ? inner(node.bit, node.left, inserted(node.right, leaf, bit))
    : inner(node.bit, inserted(node.left, leaf, bit), node.right);
}

function inner(bit: number, left: Node, right: Node): Inner {
  return { kind: 'inner', bit, left, right, hash: null };
}

function digit(id: Id, index: number): number {
  const code = id.charCodeAt(index);
  return code < 58 ? code - 48 : code - 87;
}

function bitOf(id: Id, bit: number): 0 | 1 {
  return ((digit(id, bit >> 2) >> (3 - (bit & 3))) & 1) === 1 ? 1 : 0;
}

/** Index of the first bit in which two ids differ, −1 for equal ones. */
function firstDifference(a: Id, b: Id): number {
  for (let index = 0; index < a.length; index += 1) {
    const difference = digit(a, index) ^ digit(b, index);
    if (difference !== 0) return index * 4 + Math.clz32(difference) - 28;
  }
  return -1;
}
