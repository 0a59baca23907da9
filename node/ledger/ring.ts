/**
 * A ring of addresses in order that shares its bulk with others: those of a base that many may
 * share, without a few, and a few more. What it keeps itself is as long as what it differs by.
 */
import { type Id, ringDistance } from '../id.ts';

/** Distances are compared by their upper 52 bits, which are exact in a number, while these differ enough. */
const UPPER_DIGITS = 13;
const UPPER_RING = 2 ** (4 * UPPER_DIGITS);
/** Each of two such distances is less than one off. */
const SURELY_APART = 2;

/** Ids in ascending order, none twice. */
export interface Sorted {
  readonly size: number;
  /** The `index`-th from 0, below `size`. */
  at(index: number): Id;
  /** Index of the first that is not below `point`; `size` when all are. */
  position(point: Id): number;
}

export class Ring implements Sorted {
  readonly size: number;
  readonly #base: Sorted;
  /** Indices in the base of those that are left out, ascending. */
  readonly #gone: readonly number[];
  readonly #added: readonly Id[];
  /** Where each of those added stands in the ring. */
  readonly #addedAt: readonly number[];

  /** `gone`: some of the base; `added`: none of the base. Both ascending. */
  constructor(base: Sorted, gone: readonly Id[], added: readonly Id[]) {
    this.#base = base;
    this.#gone = gone.map((address) => base.position(address));
    this.#added = added;
    this.#addedAt = added.map((address, index) => this.#left(base.position(address)) + index);
    this.size = base.size - gone.length + added.length;
  }

  /** Counted on round the ring: −1 is the last. Throws a RangeError when the ring is empty. */
  at(index: number): Id {
    if (this.size === 0) throw new RangeError('no member on an empty ring');
    const wanted = ((index % this.size) + this.size) % this.size;
    const before = count(this.#addedAt.length, (at) => (this.#addedAt[at] ?? 0) < wanted);
    const added = this.#addedAt[before] === wanted ? this.#added[before] : undefined;
    if (added !== undefined) return added;
    // Of the base, this is the one that has so many before it which are not left out.
    const left = wanted - before;
    const gone = count(this.#gone.length, (at) => (this.#gone[at] ?? 0) - at <= left);
    return this.#base.at(left + gone);
  }

  position(point: Id): number {
    const added = count(this.#added.length, (at) => (this.#added[at] ?? point) < point);
    return this.#left(this.#base.position(point)) + added;
  }

  has(address: Id): boolean {
    const at = this.position(address);
    return at < this.size && this.at(at) === address;
  }

  *[Symbol.iterator](): Iterator<Id> {
    for (let index = 0; index < this.size; index += 1) yield this.at(index);
  }

  /** Up to `each` next to an address in either direction, and itself if it is one; ascending. */
  around(address: Id, each: number): readonly Id[] {
    if (this.size <= 2 * each + 1) return [...this];
    const at = this.position(address);
    const last = this.at(at) === address ? at + each : at + each - 1;
    const found = Array.from({ length: last - at + each + 1 }, (_, step) =>
      this.at(at - each + step),
    );
    return found.sort();
  }

  /** All, by distance on the ring from `point`, nearest first, ties by address. */
  *nearest(point: Id): Generator<Id, void> {
    if (this.size === 0) return;
    // Two fingers leave the point in both directions; what they show next is the nearest left.
    const upper = upperOf(point);
    const finger = (index: number): Finger => {
      const address = this.at(index);
      const direct = Math.abs(upperOf(address) - upper);
      return { index, address, distance: Math.min(direct, UPPER_RING - direct) };
    };
    const start = this.position(point);
    let above = finger(start);
    let below = finger(start - 1);
    for (let found = 0; found < this.size; found += 1) {
      const isAbove = isNearer(point, above, below);
      yield isAbove ? above.address : below.address;
      if (isAbove) above = finger(above.index + 1);
      else below = finger(below.index - 1);
    }
  }

  /** All, by XOR distance from `point`, nearest first. */
  *nearestByXor(point: Id): Generator<Id, void> {
    yield* this.#byXor(point, { from: 0, to: this.size, digits: 0 });
  }

  /** Those in [from, to), which share their first `digits` digits. */
  *#byXor(point: Id, span: { from: number; to: number; digits: number }): Generator<Id, void> {
    const { from, to, digits } = span;
    if (to - from <= 1) {
      if (to > from) yield this.at(from);
      return;
    }
    const prefix = this.at(from).slice(0, digits);
    const next = Number.parseInt(point.charAt(digits), 16);
    // Digits by how few of their upper bits differ from the point's: d ^ 0, d ^ 1, …
    for (let difference = 0; difference < 16; difference += 1) {
      const digit = next ^ difference;
      const first = (value: number) =>
        this.position((prefix + value.toString(16)).padEnd(point.length, '0'));
      const start = digit === 0 ? from : first(digit);
      const end = digit === 15 ? to : first(digit + 1);
      yield* this.#byXor(point, { from: start, to: end, digits: digits + 1 });
    }
  }

  /** Of the first `index` of the base, how many are not left out. */
  #left(index: number): number {
    return index - count(this.#gone.length, (at) => (this.#gone[at] ?? 0) < index);
  }
}

interface Finger {
  readonly index: number;
  readonly address: Id;
  /** From the point, in units of 2^204; less than one off. */
  readonly distance: number;
}

/** Is `a` nearer to the point than `b`? Ties go to the lower address. */
function isNearer(point: Id, a: Finger, b: Finger): boolean {
  if (Math.abs(a.distance - b.distance) >= SURELY_APART) return a.distance < b.distance;
  const [left, right] = [ringDistance(point, a.address), ringDistance(point, b.address)];
  return left === right ? a.address <= b.address : left < right;
}

function upperOf(id: Id): number {
  return Number.parseInt(id.slice(0, UPPER_DIGITS), 16);
}

/** How many indices from 0, below `length`, `holds` is true of: it holds up to one and then no more. */
export function count(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
