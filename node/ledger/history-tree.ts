/**
 * Merkle trees as in RFC 9162 section 2.1, over ids. Leaves are hashed by the caller's domain:
 * `H(historyLeaf, hash 32)` for earlier blocks, `H(entryLeaf, …)` for the entries of a block; inner
 * nodes are `H(treeInner, left 32 ‖ right 32)`. The empty tree has root ZERO_ID (the RFC hashes an
 * empty string; a hash here always has a domain).
 */
import { hashBytes } from '../crypto/hash.ts';
import { type Id, ID_BYTES, idFromBytes, idToBytes, ZERO_ID } from '../id.ts';

/** A tree over 2^53 leaves, the highest height there is, has paths of 53; longer ones are refused. */
export const MAX_INCLUSION_STEPS = 64;

/** Most levels of most trees stay short, and a simulator holds very many trees. */
const INITIAL_HASHES = 8;

/** Hashes of one level side by side in one growing buffer: 32 bytes each, no object per hash. */
class Level {
  #bytes = new Uint8Array(INITIAL_HASHES * ID_BYTES);
  length = 0;

  push(hash: Uint8Array): void {
    if ((this.length + 1) * ID_BYTES > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(hash, this.length * ID_BYTES);
    this.length += 1;
  }

  at(index: number): Uint8Array {
    if (index >= this.length) throw new RangeError(`no hash ${index} among ${this.length}`);
    return this.#bytes.subarray(index * ID_BYTES, (index + 1) * ID_BYTES);
  }
}

/** A growing list of ids with its root, now or at any earlier size, and proofs of inclusion. */
export class HistoryTree {
  /** `#levels[n]` holds the roots of all complete subtrees of 2^n leaves, in order. */
  readonly #levels: Level[] = [new Level()];

  get size(): number {
    return this.#level(0).length;
  }

  /** Root over everything appended so far. */
  get root(): Id {
    return this.rootAt(this.size);
  }

  append(id: Id): void {
    let hash = historyLeaf(id);
    for (let depth = 0; ; depth += 1) {
      const level = this.#level(depth);
      level.push(hash);
      if (level.length % 2 === 1) return;
      hash = treeInner(level.at(level.length - 2), hash);
    }
  }

  /** Root over the first `size` ids; throws a RangeError beyond what there is. */
  rootAt(size: number): Id {
    if (size > this.size) throw new RangeError(`${size} of ${this.size} leaves`);
    return size === 0 ? ZERO_ID : idFromBytes(this.#subtree(0, size));
  }

  /** RFC 9162 section 2.1.3.1: proof that the id at `index` is among the first `size`. */
  inclusionPath(index: number, size: number): readonly Id[] {
    if (index < 0 || index >= size || size > this.size) {
      throw new RangeError(`leaf ${index} of ${size} among ${this.size}`);
    }
    const path: Id[] = [];
    let start = 0;
    let end = size;
    while (end - start > 1) {
      const middle = start + splitOf(end - start);
      if (index < middle) {
        path.push(idFromBytes(this.#subtree(middle, end)));
        end = middle;
      } else {
        path.push(idFromBytes(this.#subtree(start, middle)));
        start = middle;
      }
    }
    return path.toReversed();
  }

  /** Root over the leaves `start..end-1`; `start` is a multiple of the power of two that covers it. */
  #subtree(start: number, end: number): Uint8Array {
    const length = end - start;
    const depth = 31 - Math.clz32(length);
    if (length === 2 ** depth) return this.#level(depth).at(start / length);
    const middle = start + splitOf(length);
    return treeInner(this.#subtree(start, middle), this.#subtree(middle, end));
  }

  #level(depth: number): Level {
    const level = this.#levels[depth];
    if (level !== undefined) return level;
    const fresh = new Level();
    this.#levels.push(fresh);
    return fresh;
  }
}

/** Root over already hashed leaves, for trees that are built once. */
export function treeRoot(leaves: readonly Uint8Array[]): Id {
  if (leaves.length === 0) return ZERO_ID;
  const fold = (from: number, to: number): Uint8Array => {
    const only = leaves[from];
    if (to - from === 1 && only !== undefined) return only;
    const middle = from + splitOf(to - from);
    return treeInner(fold(from, middle), fold(middle, to));
  };
  return idFromBytes(fold(0, leaves.length));
}

/** RFC 9162 section 2.1.3.2: is `leaf` the id at `index` of the `size` ids under `root`? */
export function verifyInclusion(
  root: Id,
  size: number,
  index: number,
  leaf: Id,
  path: readonly Id[],
): boolean {
  if (!(Number.isSafeInteger(index) && index >= 0 && index < size)) return false;
  let at = index;
  let last = size - 1;
  let hash = historyLeaf(leaf);
  for (const step of path) {
    if (last === 0) return false;
    const sibling = idToBytes(step);
    if (at % 2 === 1 || at === last) {
      hash = treeInner(sibling, hash);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = treeInner(hash, sibling);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && idFromBytes(hash) === root;
}

function historyLeaf(id: Id): Uint8Array {
  return hashBytes('historyLeaf', idToBytes(id));
}

function treeInner(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hashBytes('treeInner', left, right);
}

/** The largest power of two below `length`. */
function splitOf(length: number): number {
  return 2 ** (31 - Math.clz32(length - 1));
}
