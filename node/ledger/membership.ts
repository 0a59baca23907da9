/** Who belongs to the network, and who is near a point of the ring (PROTOCOL.md 3). */
import type { Endpoint } from '../host.ts';
import { type Id, ringDistance } from '../id.ts';
import type { IdentityRecord } from '../identity/record.ts';

export interface Member {
  readonly address: Id;
  readonly record: IdentityRecord;
  readonly endpoint: Endpoint;
}

/** Neighbourhoods kept per k (there are two): those of all tokens under vote, and more. */
const MAX_NEAR_KEPT = 8192;

/** The members, sorted by address. Who may enter, and how many, is the caller's decision. */
export class Membership {
  readonly #byAddress = new Map<Id, Member>();
  readonly #sorted: Member[] = [];
  /** Answers of `near` for the present members: k, then point. */
  readonly #near = new Map<number, Map<Id, readonly Id[]>>();
  readonly #removed: { readonly address: Id; readonly atMs: number }[] = [];

  get size(): number {
    return this.#sorted.length;
  }

  /** Adds a member, or replaces what was known of it. */
  add(member: Member): void {
    const at = this.#position(member.address);
    this.#near.clear();
    this.#sorted.splice(at, this.#byAddress.has(member.address) ? 1 : 0, member);
    this.#byAddress.set(member.address, member);
  }

  /** True if it was a member. */
  remove(address: Id, atMs: number): boolean {
    if (!this.#byAddress.delete(address)) return false;
    this.#near.clear();
    this.#removed.push({ address, atMs });
    this.#sorted.splice(this.#position(address), 1);
    return true;
  }

  get(address: Id): Member | undefined {
    return this.#byAddress.get(address);
  }

  has(address: Id): boolean {
    return this.#byAddress.has(address);
  }

  /** In order of address. */
  all(): readonly Member[] {
    return this.#sorted;
  }

  /** Addresses of the `k` members nearest `point`, nearest first; kept until the members change. */
  near(point: Id, k: number): readonly Id[] {
    const kept = this.#near.get(k) ?? new Map<Id, readonly Id[]>();
    this.#near.set(k, kept);
    let near = kept.get(point);
    if (near === undefined) {
      if (kept.size >= MAX_NEAR_KEPT) kept.clear();
      near = this.nearest(point, k).map(({ address }) => address);
      kept.set(point, near);
    }
    return near;
  }

  /** Up to `count` members next to an address in either direction of the ring, without its own. */
  beside(address: Id, count: number): readonly Id[] {
    const at = this.#position(address);
    const steps = Array.from({ length: 2 * count + 1 }, (_, index) => at + index - count);
    const found = new Set(steps.map((index) => this.#around(index).address));
    found.delete(address);
    return [...found];
  }

  /** Was `who` among the k nearest at `atMs` already, before those between left? */
  wasNear(who: Id, point: Id, k: number, atMs: number): boolean {
    const rank = this.near(point, k).indexOf(who);
    if (rank === -1) return false;
    const distance = ringDistance(point, who);
    const nearerThen = this.#removed.filter(
      (gone) => gone.atMs > atMs && ringDistance(point, gone.address) < distance,
    );
    return rank + nearerThen.length < k;
  }

  /** The `k` members nearest `point` by ring distance, nearest first, ties by address. */
  nearest(point: Id, k: number): readonly Member[] {
    const count = Math.min(k, this.#sorted.length);
    const found: Member[] = [];
    // Two fingers leave the point in both directions; what they show next is the nearest left.
    let up = this.#position(point);
    let down = up - 1;
    while (found.length < count) {
      const above = this.#around(up);
      const below = this.#around(down);
      if (closer(point, above, below)) {
        found.push(above);
        up += 1;
      } else {
        found.push(below);
        down -= 1;
      }
    }
    return found;
  }

  #around(index: number): Member {
    const size = this.#sorted.length;
    const member = this.#sorted[((index % size) + size) % size];
    if (member === undefined) throw new RangeError('no member on an empty ring');
    return member;
  }

  /** Index of the first member whose address is not below `point`. */
  #position(point: Id): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const address = this.#sorted[middle]?.address;
      if (address !== undefined && address < point) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function closer(point: Id, a: Member, b: Member): boolean {
  const left = ringDistance(point, a.address);
  const right = ringDistance(point, b.address);
  return left === right ? a.address <= b.address : left < right;
}
