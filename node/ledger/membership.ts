/**
 * Who belongs to the network, and who is near a point (PROTOCOL.md 3).
 *
 * Known is every identity whose record was checked and that is not banned: its statements can convict
 * it. Counted, as a neighbour that votes, are those of them whose standing says so at this time; with
 * `membership: known`, the papers' rule, all of them.
 *
 * The founders come from a roster that many may share; here is kept how this view differs from it.
 */
import type { Endpoint } from '../host.ts';
import { type Id, ringDistance, xorDistance } from '../id.ts';
import type { IdentityRecord } from '../identity/record.ts';
import { DEFAULT_PARAMETERS, type ProtocolParameters } from '../parameters.ts';
import { Ring } from './ring.ts';
import { EMPTY_ROSTER, type Roster } from './roster.ts';
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

/** Who may enter, and how many, is the caller's decision. */
export class Membership {
  readonly #rules: Pick<ProtocolParameters, 'distance' | 'membership'>;
  #founders: Roster = EMPTY_ROSTER;
  /** Founders of whom something was learnt since, and whoever came later. */
  readonly #entries = new Map<Id, Entry>();
  /** Founders that were banned. */
  readonly #removed = new Set<Id>();
  /** Everyone known, and those that are counted. */
  #knownNow = new Ring(EMPTY_ROSTER, [], []);
  #countedNow = this.#knownNow;
  /** Something was changed since they were made. */
  #isStale = false;
  /** Of whom: did it count then? */
  readonly #changed = new Map<Id, boolean>();
  /** Those who are known anew or by another record since then. */
  readonly #entered = new Set<Id>();
  /** Answers of `near` for those counted at present: k, then point. */
  readonly #near = new Map<number, Map<Id, readonly Id[]>>();
  readonly #gone: { readonly address: Id; readonly atMs: number }[] = [];
  #nowMs = 0;
  /** When, by the clock, another one will count. */
  #nextEntryMs = Number.POSITIVE_INFINITY;

  constructor(rules: Pick<ProtocolParameters, 'distance' | 'membership'> = DEFAULT_PARAMETERS) {
    this.#rules = rules;
  }

  /** The genesis. Nobody is known before. */
  found(founders: Roster): void {
    this.#founders = founders;
    this.#isStale = true;
  }

  get founders(): Roster {
    return this.#founders;
  }

  /** Everyone known. */
  get size(): number {
    return this.known.size;
  }

  get countedSize(): number {
    return this.counted.size;
  }

  /** Adds a member, or replaces what was known of it; its standing too when that is later. */
  add(member: Member, standing: Standing = FOUNDING): void {
    const { address } = member;
    const before = this.standing(address);
    this.#change(address);
    this.#entered.add(address);
    this.#removed.delete(address);
    const isLater = before === undefined || standing.sinceMs >= before.sinceMs;
    this.#entries.set(address, { member, standing: isLater ? standing : before });
  }

  /** Its standing from now on, unless what is known is later; true if that changed anything. */
  stand(address: Id, standing: Standing): boolean {
    const before = this.standing(address);
    const member = this.get(address);
    if (before === undefined || member === undefined) return false;
    if (standing.sinceMs <= before.sinceMs) return false;
    this.#change(address);
    this.#entries.set(address, { member, standing });
    return true;
  }

  /** Time passes: those whose trust period is over count from now on. True if somebody new does. */
  advance(nowMs: number): boolean {
    const isStale = this.#isStale;
    const before = this.#countedNow;
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    if (!isStale && this.#nowMs < this.#nextEntryMs) return false;
    const entered = new Set(this.#entered);
    this.#sort();
    const touched = [...this.#entries.keys()].filter((address) => this.counts(address));
    return touched.some((address) => entered.has(address) || !before.has(address));
  }

  /** Banned. True if it was known. */
  remove(address: Id, atMs: number): boolean {
    if (!this.has(address)) return false;
    const wasCounted = this.counts(address);
    this.#change(address);
    this.#entered.delete(address);
    this.#entries.delete(address);
    if (this.#founders.has(address)) this.#removed.add(address);
    if (wasCounted) this.#left(address, atMs);
    return true;
  }

  get(address: Id): Member | undefined {
    const entry = this.#entries.get(address);
    if (entry !== undefined) return entry.member;
    return this.#removed.has(address) ? undefined : this.#founders.get(address);
  }

  has(address: Id): boolean {
    return this.standing(address) !== undefined;
  }

  standing(address: Id): Standing | undefined {
    const entry = this.#entries.get(address);
    if (entry !== undefined) return entry.standing;
    return !this.#removed.has(address) && this.#founders.has(address) ? FOUNDING : undefined;
  }

  /** Does it count as a neighbour at this time? */
  counts(address: Id): boolean {
    const standing = this.standing(address);
    return standing !== undefined && this.#isCounted(standing);
  }

  /** Everyone, in order of address. */
  get known(): Ring {
    if (this.#isStale) this.#sort();
    return this.#knownNow;
  }

  get counted(): Ring {
    if (this.#isStale) this.#sort();
    return this.#countedNow;
  }

  /** Everyone whose standing may have changed since the genesis, or who came after it. */
  get moved(): readonly Member[] {
    return [...this.#entries.values()].map(({ member }) => member);
  }

  /** Addresses of the `k` counted nearest `point`, nearest first; kept until those change. */
  near(point: Id, k: number): readonly Id[] {
    if (this.#isStale) this.#sort();
    let kept = this.#near.get(k);
    if (kept === undefined) {
      kept = new Map();
      this.#near.set(k, kept);
    }
    let near = kept.get(point);
    if (near === undefined) {
      if (kept.size >= MAX_NEAR_KEPT) kept.clear();
      near = [...this.#byDistance(this.counted, point).take(k)];
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

  /**
   * The founders, banned or not, that `who` may be among the `k` nearest to: with no gap, and few more
   * than there are. Whoever has k of those that count on its way to a point is not near it. By XOR
   * distance there is no such way: then they are all.
   */
  foundersAround(who: Id, k: number): readonly Id[] {
    const { counted } = this;
    const founders = new Ring(this.#founders, [], []);
    if (this.#rules.distance === 'xor' || counted.size <= 2 * k + 1) return [...founders];
    const at = counted.position(who);
    const first = counted.at(at - k);
    const last = counted.at(counted.at(at) === who ? at + k : at + k - 1);
    const [from, to] = [founders.position(first), founders.position(last)];
    const size = to - from + 1 + (first <= last ? 0 : founders.size);
    return Array.from({ length: Math.min(size, founders.size) }, (_, step) =>
      founders.at(from + step),
    );
  }

  /** Addresses of the `count` nearest that are or were members, counted or not, nearest first. */
  around(point: Id, count: number): readonly Id[] {
    return [
      ...this.#byDistance(this.known, point)
        .filter((address) => !isSameStanding(this.standing(address) ?? CANDIDATE, CANDIDATE))
        .take(count),
    ];
  }

  /** Up to `count` known next to an address in either direction of the ring, without its own. */
  beside(address: Id, count: number): readonly Id[] {
    return this.known.around(address, count).filter((other) => other !== address);
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
    return this.near(point, k).flatMap((address) => this.get(address) ?? []);
  }

  #byDistance(ring: Ring, point: Id): Generator<Id, void> {
    return this.#rules.distance === 'xor' ? ring.nearestByXor(point) : ring.nearest(point);
  }

  #isCounted({ countedFromMs }: Standing): boolean {
    if (this.#rules.membership === 'known') return true;
    return countedFromMs !== null && countedFromMs <= this.#nowMs;
  }

  /** Something about it is going to be otherwise. */
  #change(address: Id): void {
    this.#isStale = true;
    if (!this.#changed.has(address)) this.#changed.set(address, this.counts(address));
  }

  #sort(): void {
    this.#isStale = false;
    const entries = [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1));
    const removed = [...this.#removed].sort();
    const later = entries.filter(([address]) => !this.#founders.has(address));
    const isCounted = ([, { standing }]: readonly [Id, Entry]) => this.#isCounted(standing);
    const uncounted = entries.filter((entry) => !isCounted(entry) && this.#founders.has(entry[0]));
    const addresses = (some: readonly (readonly [Id, Entry])[]) => some.map(([address]) => address);
    this.#knownNow = new Ring(this.#founders, removed, addresses(later));
    this.#countedNow = new Ring(
      this.#founders,
      [...removed, ...addresses(uncounted)].sort(),
      addresses(later.filter(isCounted)),
    );
    this.#nextEntryMs = Math.min(
      ...entries.map(([, { standing }]) =>
        standing.countedFromMs !== null && standing.countedFromMs > this.#nowMs
          ? standing.countedFromMs
          : Number.POSITIVE_INFINITY,
      ),
    );
    this.#near.clear();
    for (const [address, wasCounted] of this.#changed) {
      if (wasCounted && this.has(address) && !this.counts(address)) {
        this.#left(address, this.#nowMs);
      }
    }
    this.#changed.clear();
    this.#entered.clear();
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
