/**
 * The disk of a simulated peer. Writes are seen at once; those of a turn (`begin`) become durable
 * together at `commit`, and until then `rollBack` undoes them. Values are copied in and out, never
 * changed: copies of a disk share them, and many members may share one read-only base.
 */
import type { Store } from '../../node/host.ts';

/** A value of this layer, or null for a key that was deleted over the base's. */
type Own = Uint8Array | null;

export class MemoryStore implements Store {
  readonly #base: MemoryStore | null;
  readonly #own: Map<string, Own>;
  /** What each key written in this turn held before, in this layer. */
  readonly #before = new Map<string, Own | undefined>();
  #inTurn = false;
  /** Keys of this layer in order; null when they must be sorted again. */
  #sorted: readonly string[] | null = null;

  /** `base` must not be written to any more. */
  constructor(base: MemoryStore | null = null) {
    this.#base = base;
    this.#own = new Map();
  }

  get(key: string): Uint8Array | undefined {
    return this.#read(key)?.slice();
  }

  put(key: string, value: Uint8Array): void {
    this.#write(key, new Uint8Array(value));
  }

  delete(key: string): void {
    if (this.#base === null || this.#base.#read(key) === undefined) this.#write(key, undefined);
    else this.#write(key, null);
  }

  /** As of the call: writes made while iterating do not show. */
  entries(prefix: string): Iterable<readonly [key: string, value: Uint8Array]> {
    const found: (readonly [string, Uint8Array])[] = [];
    for (const key of this.#keys(prefix)) {
      const value = this.get(key);
      if (value !== undefined) found.push([key, value]);
    }
    return found;
  }

  /** Whether this turn has written something. */
  get isPending(): boolean {
    return this.#before.size > 0;
  }

  /** From now on writes belong to a turn; outside of one each is durable at once. */
  begin(): void {
    this.#inTurn = true;
  }

  /** Ends the turn: its writes are durable. */
  commit(): void {
    this.#inTurn = false;
    if (this.#before.size > 0) this.#before.clear();
  }

  /** Ends the turn as if it had not been. */
  rollBack(): void {
    this.#inTurn = false;
    for (const [key, value] of this.#before) this.#write(key, value);
    this.#before.clear();
  }

  /** Another disk with what is durable on this one. */
  copy(): MemoryStore {
    const copy = new MemoryStore(this.#base);
    for (const [key, value] of this.#own) copy.#own.set(key, value);
    for (const [key, value] of this.#before) {
      if (value === undefined) copy.#own.delete(key);
      else copy.#own.set(key, value);
    }
    return copy;
  }

  #read(key: string): Uint8Array | undefined {
    const own = this.#own.get(key);
    if (own !== undefined) return own ?? undefined;
    return this.#base === null ? undefined : this.#base.#read(key);
  }

  #write(key: string, value: Own | undefined): void {
    const before = this.#own.get(key);
    if (this.#inTurn && !this.#before.has(key)) this.#before.set(key, before);
    if ((before === undefined) !== (value === undefined)) this.#sorted = null;
    if (value === undefined) this.#own.delete(key);
    else this.#own.set(key, value);
  }

  /** All keys with the prefix in order, deleted ones among them. */
  #keys(prefix: string): readonly string[] {
    this.#sorted ??= [...this.#own.keys()].sort();
    const own = withPrefix(this.#sorted, prefix);
    const base = this.#base === null ? [] : this.#base.#keys(prefix);
    if (base.length === 0) return own;
    if (own.length === 0) return base;
    return [...new Set([...base, ...own])].sort();
  }
}

/** The part of sorted keys that starts with `prefix`. */
function withPrefix(sorted: readonly string[], prefix: string): readonly string[] {
  let from = 0;
  let until = sorted.length;
  while (from < until) {
    const middle = (from + until) >>> 1;
    if ((sorted[middle] ?? '') < prefix) from = middle + 1;
    else until = middle;
  }
  let end = from;
  while (sorted[end]?.startsWith(prefix) === true) end += 1;
  return sorted.slice(from, end);
}
