/**
 * Who belongs to the network, and who is near a point (PROTOCOL.md 3).
 *
 * Known is every identity whose record was checked and that is not banned: its statements can convict
 * it. Counted, as a neighbour that votes, are those of them whose standing says so at this time; with
 * `membership: known`, the papers' rule, all of them.
 */
import type { Endpoint } from '../host.ts';
import { type Id, ringDistance, xorDistance } from '../id.ts';
import type { IdentityRecord } from '../identity/record.ts';
import { DEFAULT_PARAMETERS, type ProtocolParameters } from '../parameters.ts';
import { CANDIDATE, FOUNDING, isSameStanding, type Standing } from './standing.ts';

export interface Member {
  readonly address: Id;
  readonly record: IdentityRecord;
  readonly endpoint: Endpoint;
}

interface Entry {
  member: Member;
  standing: Standing;
}

/** Neighbourhoods kept per k (there are a few): those of all tokens under vote, and more. */
const MAX_NEAR_KEPT = 8192;
/** Departures remembered for `wasNear`, which looks back no further than a transaction may wait. */
const MAX_GONE = 1024;

/** Sorted by address. Who may enter, and how many, is the caller's decision. */
export class Membership {
  readonly #rules: Pick<ProtocolParameters, 'distance' | 'membership'>;
  readonly #byAddress = new Map<Id, Entry>();
  /** Everyone known, and those that are counted, each in order of address. */
  #sortedNow: readonly Member[] = [];
  #countedNow: readonly Member[] = [];
  /** Something was changed since they were made. */
  #isStale = false;
  /** Answers of `near` for those counted at present: k, then point. */
  readonly #near = new Map<number, Map<Id, readonly Id[]>>();
  readonly #gone: { readonly address: Id; readonly atMs: number }[] = [];
  #nowMs = 0;
  /** When, by the clock, another one will count. */
  #nextEntryMs = Number.POSITIVE_INFINITY;

  constructor(rules: Pick<ProtocolParameters, 'distance' | 'membership'> = DEFAULT_PARAMETERS) {
    this.#rules = rules;
  }

  /** Everyone known. */
  get size(): number {
    return this.#byAddress.size;
  }

  get countedSize(): number {
    return this.#counted.length;
  }

  /** Adds a member, or replaces what was known of it; its standing too when that is later. */
  add(member: Member, standing: Standing = FOUNDING): void {
    const { address } = member;
    const before = this.#byAddress.get(address);
    const isLater = before === undefined || standing.sinceMs >= before.standing.sinceMs;
    this.#byAddress.set(address, {
      member,
      standing: isLater ? standing : before.standing,
    });
    this.#isStale = true;
  }

  /** Its standing from now on, unless what is known is later; true if that changed anything. */
  stand(address: Id, standing: Standing): boolean {
    const entry = this.#byAddress.get(address);
    if (entry === undefined || standing.sinceMs <= entry.standing.sinceMs) return false;
    entry.standing = standing;
    this.#isStale = true;
    return true;
  }

  /** Time passes: those whose trust period is over count from now on. True if somebody new does. */
  advance(nowMs: number): boolean {
    const isStale = this.#isStale;
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    if (!isStale && this.#nowMs < this.#nextEntryMs) return false;
    const before = this.#countedNow;
    this.#sort();
    return this.#countedNow.some((member) => !before.includes(member));
  }

  /** Banned. True if it was known. */
  remove(address: Id, atMs: number): boolean {
    const wasCounted = this.counts(address);
    if (!this.#byAddress.delete(address)) return false;
    this.#isStale = true;
    if (wasCounted) this.#left(address, atMs);
    return true;
  }

  get(address: Id): Member | undefined {
    return this.#byAddress.get(address)?.member;
  }

  has(address: Id): boolean {
    return this.#byAddress.has(address);
  }

  standing(address: Id): Standing | undefined {
    return this.#byAddress.get(address)?.standing;
  }

  /** Does it count as a neighbour at this time? */
  counts(address: Id): boolean {
    const entry = this.#byAddress.get(address);
    return entry !== undefined && this.#isCounted(entry.standing);
  }

  /** Everyone known, in order of address. */
  all(): readonly Member[] {
    return this.#sorted;
  }

  /** In order of address. */
  counted(): readonly Member[] {
    return this.#counted;
  }

  /** Addresses of the `k` counted nearest `point`, nearest first; kept until those change. */
  near(point: Id, k: number): readonly Id[] {
    if (this.#isStale) this.#sort();
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

  /** Is `who` among the `k` nearest, or would it be if it was counted? So much it keeps. */
  isNear(who: Id, point: Id, k: number): boolean {
    const near = this.near(point, k);
    if (near.includes(who)) return true;
    const last = near[k - 1];
    if (this.counts(who)) return false;
    return last === undefined || this.#closer(point, who, last);
  }

  /** Addresses of the `count` nearest that are or were members, counted or not, nearest first. */
  around(point: Id, count: number): readonly Id[] {
    return this.#sorted
      .filter(({ address }) => !isSameStanding(this.standing(address) ?? CANDIDATE, CANDIDATE))
      .map(({ address }) => address)
      .sort((a, b) => (this.#closer(point, a, b) ? -1 : 1))
      .slice(0, count);
  }

  /** Up to `count` known next to an address in either direction of the ring, without its own. */
  beside(address: Id, count: number): readonly Id[] {
    const at = position(this.#sorted, address);
    const steps = Array.from({ length: 2 * count + 1 }, (_, index) => at + index - count);
    const found = new Set(steps.map((index) => around(this.#sorted, index).address));
    found.delete(address);
    return [...found];
  }

  /** Was `who` among the k nearest at `atMs` already, before those between left? */
  wasNear(who: Id, point: Id, k: number, atMs: number): boolean {
    const rank = this.near(point, k).indexOf(who);
    if (rank === -1) return false;
    const nearerThen = this.#gone.filter(
      (gone) =>
        gone.atMs > atMs && !this.counts(gone.address) && this.#closer(point, gone.address, who),
    );
    return rank + nearerThen.length < k;
  }

  /** The `k` counted nearest `point`, nearest first, ties by address. */
  nearest(point: Id, k: number): readonly Member[] {
    if (this.#rules.distance === 'xor') return nearestByXor(this.#counted, point, k);
    const count = Math.min(k, this.#counted.length);
    if (count === 0) return [];
    const found: Member[] = [];
    // Two fingers leave the point in both directions; what they show next is the nearest left.
    const finger = (index: number) => {
      const member = around(this.#counted, index);
      return { index, member, distance: ringDistance(point, member.address) };
    };
    const start = position(this.#counted, point);
    let above = finger(start);
    let below = finger(start - 1);
    while (found.length < count) {
      const isTie = above.distance === below.distance;
      const isAbove = isTie
        ? above.member.address <= below.member.address
        : above.distance < below.distance;
      found.push(isAbove ? above.member : below.member);
      if (isAbove) above = finger(above.index + 1);
      else below = finger(below.index - 1);
    }
    return found;
  }

  get #sorted(): readonly Member[] {
    if (this.#isStale) this.#sort();
    return this.#sortedNow;
  }

  get #counted(): readonly Member[] {
    if (this.#isStale) this.#sort();
    return this.#countedNow;
  }

  #isCounted({ countedFromMs }: Standing): boolean {
    if (this.#rules.membership === 'known') return true;
    return countedFromMs !== null && countedFromMs <= this.#nowMs;
  }

  #sort(): void {
    const before = this.#countedNow;
    this.#isStale = false;
    const entries = [...this.#byAddress.values()].sort((a, b) =>
      a.member.address < b.member.address ? -1 : 1,
    );
    this.#sortedNow = entries.map(({ member }) => member);
    this.#countedNow = entries
      .filter(({ standing }) => this.#isCounted(standing))
      .map(({ member }) => member);
    this.#nextEntryMs = Math.min(
      ...entries.map(({ standing: { countedFromMs } }) =>
        countedFromMs !== null && countedFromMs > this.#nowMs
          ? countedFromMs
          : Number.POSITIVE_INFINITY,
      ),
    );
    this.#near.clear();
    for (const { address } of before) {
      if (this.has(address) && !this.counts(address)) this.#left(address, this.#nowMs);
    }
  }

  #left(address: Id, atMs: number): void {
    this.#gone.push({ address, atMs });
    if (this.#gone.length > MAX_GONE) this.#gone.shift();
  }

  /** Is `a` nearer to the point than `b`? Ties go to the lower address. */
  #closer(point: Id, a: Id, b: Id): boolean {
    const distance = this.#rules.distance === 'xor' ? xorDistance : ringDistance;
    const [left, right] = [distance(point, a), distance(point, b)];
    return left === right ? a <= b : left < right;
  }
}

/** Everyone's distance is computed and sorted: some tenths of a millisecond for 1,000, once per point. */
function nearestByXor(members: readonly Member[], point: Id, k: number): readonly Member[] {
  return members
    .map((member) => ({ member, distance: xorDistance(point, member.address) }))
    .sort((a, b) => (a.distance < b.distance ? -1 : 1))
    .slice(0, k)
    .map(({ member }) => member);
}

function around(sorted: readonly Member[], index: number): Member {
  const size = sorted.length;
  const member = sorted[((index % size) + size) % size];
  if (member === undefined) throw new RangeError('no member on an empty ring');
  return member;
}

/** Index of the first member whose address is not below `point`. */
function position(sorted: readonly Member[], point: Id): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const address = sorted[middle]?.address;
    if (address !== undefined && address < point) low = middle + 1;
    else high = middle;
  }
  return low;
}
