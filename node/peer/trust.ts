/**
 * Trust (PROTOCOL.md 5, consensus-performance 11.9.6): members whose answers agree form clusters;
 * those outside this peer's own cluster are isolated: asked last and believed less. It steers that
 * alone, never who counts as a neighbour. A peer whose own cluster is not the largest one isolates
 * nobody: it may be itself that is behind.
 */
import type { Id } from '../id.ts';
import type { TokenBallot } from '../voting/ballots.ts';
import type { PeerContext } from './context.ts';
import { Detector } from './detection/detector.ts';
import { isSame, isStep, type Telling, type Tellings, viewOf } from './detection/views.ts';

/** Clusters are made anew this often. */
export const CLUSTER_MS = 10_000;
/** Older tellings say nothing about who agrees now. */
const MAX_AGE_MS = 60_000;
/** Two tellings further apart may both have been true; so may one that is not this old. */
const MAX_APART_MS = 30_000;
const SETTLED_MS = 6000;
/** Two members belong together when they agreed in this share of at least so many comparisons. */
const LINK_SHARE = 0.75;
const LEAST_COMPARED = 3;
/** What trust is made of, and how fast it moves towards that. */
const AGREEMENT_WEIGHT = 0.5;
const RESPONSE_WEIGHT = 0.3;
const VOTING_WEIGHT = 0.2;
const GAIN = 0.3;
const STRANGER = 0.5;
/** Transactions whose ballots are remembered until they commit; voters of each. */
const MAX_VOTED = 512;
const MAX_VOTERS = 64;
/** A stranger's share: one case for it and one against. */
const PRIOR = 1;

interface Tally {
  good: number;
  all: number;
}

export class Trust {
  readonly detector: Detector;
  readonly #context: PeerContext;
  readonly #tellings: Tellings;
  readonly #availability: (id: Id) => number;
  readonly #trust = new Map<Id, number>();
  readonly #ballots = new Map<Id, Map<Id, boolean>>();
  readonly #votes = new Map<Id, Tally>();
  readonly #challenges = new Map<Id, Tally>();
  #isolated: ReadonlySet<Id> = new Set();
  #clusteredAt: number;

  constructor(context: PeerContext, tellings: Tellings, availability: (id: Id) => number) {
    this.#context = context;
    this.#tellings = tellings;
    this.#availability = availability;
    this.#clusteredAt = context.host.now();
    this.detector = new Detector('trust', context.host);
  }

  /** In [0,1]. */
  of(id: Id): number {
    return this.#trust.get(id) ?? STRANGER;
  }

  /** Those who agree with others than this peer does. */
  get isolated(): ReadonlySet<Id> {
    return this.#isolated;
  }

  /** A vote; whether it was right is known when its transaction commits. */
  voted(voter: Id, tx: Id, ballots: readonly TokenBallot[]): void {
    // Out of order is no opinion.
    let isValid = true;
    let isInvalid = false;
    for (const { ballot } of ballots) {
      isValid &&= ballot === 'valid';
      isInvalid ||= ballot === 'invalid';
    }
    if (ballots.length === 0 || isValid === isInvalid) return;
    if (!this.#context.membership.has(voter)) return;
    let voters = this.#ballots.get(tx);
    if (voters === undefined) {
      voters = new Map();
      this.#ballots.set(tx, voters);
    }
    if (voters.size < MAX_VOTERS) voters.set(voter, isValid);
    if (this.#ballots.size <= MAX_VOTED) return;
    const [oldest] = this.#ballots.keys();
    if (oldest !== undefined) this.#ballots.delete(oldest);
  }

  committed(tx: Id): void {
    for (const [voter, isValid] of this.#ballots.get(tx) ?? []) count(this.#votes, voter, isValid);
    this.#ballots.delete(tx);
  }

  /** A storage challenge of this peer was answered as it would answer itself, or not. */
  challenged(id: Id, agreed: boolean): void {
    count(this.#challenges, id, agreed);
  }

  forget(id: Id): void {
    this.#tellings.forget(id);
    for (const table of [this.#trust, this.#votes, this.#challenges]) table.delete(id);
    this.#isolated = this.#isolated.difference(new Set([id]));
  }

  tick(): void {
    const now = this.#context.host.now();
    if (Math.abs(now - this.#clusteredAt) < CLUSTER_MS) return;
    this.#clusteredAt = now;
    const pairs = this.#compare(now);
    const clusters = clustered(pairs);
    const { self, membership } = this.#context;
    const own = clusters.get(self) ?? new Set([self]);
    const isLargest = [...clusters.values()].every(({ size }) => size <= own.size);
    const isolated = new Set<Id>();
    for (const id of new Set([...clusters.keys(), ...this.#challenges.keys()])) {
      if (id === self || !membership.has(id)) continue;
      const tally = this.#agreement(id, own, pairs);
      this.#move(id, share(tally));
      // Both its neighbours and this peer's own state are against what it tells (a cluster alone may
      // be mixed), or it stores something else: right in the one makes up for nothing in the other.
      const tells = disagrees(tally) && disagrees(pairs.get(pairOf(self, id)));
      const isClear = tells || disagrees(this.#challenges.get(id));
      if (own.has(id) || !isLargest || own.size < 2 || !isClear) continue;
      isolated.add(id);
      const size = clusters.get(id)?.size ?? 1;
      const reason = size > 1 ? 'agrees with others than its neighbours' : 'agrees with nobody';
      this.detector.flag(id, reason, 1 - share(tally));
    }
    this.#isolated = isolated;
    for (const old of [...this.#votes.values(), ...this.#challenges.values()]) {
      old.good *= 1 - GAIN / 2;
      old.all *= 1 - GAIN / 2;
    }
    this.#prune();
  }

  #move(id: Id, answers: number): void {
    const challenges = this.#challenges.get(id);
    const agreed = challenges === undefined ? answers : (answers + share(challenges)) / 2;
    const target =
      AGREEMENT_WEIGHT * agreed +
      RESPONSE_WEIGHT * this.#availability(id) +
      VOTING_WEIGHT * share(this.#votes.get(id) ?? { good: 0, all: 0 });
    const before = this.of(id);
    this.#trust.set(id, before + GAIN * (target - before));
  }

  /** With all of this peer's cluster, itself included. */
  #agreement(id: Id, own: ReadonlySet<Id>, pairs: ReadonlyMap<string, Tally>): Tally {
    const sum = { good: 0, all: 0 };
    for (const other of own) {
      const tally = pairs.get(pairOf(id, other));
      if (tally === undefined || other === id) continue;
      sum.good += tally.good;
      sum.all += tally.all;
    }
    return sum;
  }

  /** Every two members, and this peer, over the tokens of which both told. */
  #compare(now: number): ReadonlyMap<string, Tally> {
    const { holdings, self } = this.#context;
    const pairs = new Map<string, Tally>();
    for (const speakers of this.#tellings.all()) {
      const fresh = [...speakers].filter(([, { atMs }]) => Math.abs(now - atMs) <= MAX_AGE_MS);
      for (const [index, [a, left]] of fresh.entries()) {
        const view = viewOf(holdings, left.mapping);
        const isSettled = now - left.atMs >= SETTLED_MS;
        if (view === 'agrees') count(pairs, pairOf(self, a), true);
        else if (view === 'differs' || (view === 'open' && isSettled)) {
          count(pairs, pairOf(self, a), false);
        }
        for (const [b, right] of fresh.slice(index + 1)) {
          const agree = agreement(left, right);
          if (agree !== null) count(pairs, pairOf(a, b), agree);
        }
      }
    }
    this.detector.checked(pairs.size);
    return pairs;
  }

  #prune(): void {
    const { membership } = this.#context;
    for (const table of [this.#trust, this.#votes, this.#challenges]) {
      for (const id of table.keys()) if (!membership.has(id)) table.delete(id);
    }
  }
}

/** Null: they say nothing of each other, since one may just be behind. */
function agreement(a: Telling, b: Telling): boolean | null {
  if (isSame(a.mapping, b.mapping)) return true;
  const isApart = Math.abs(a.atMs - b.atMs) > MAX_APART_MS;
  return isApart || isStep(a.mapping, b.mapping) ? null : false;
}

/** Each member with the cluster that it belongs to: linked pairs, and what they link to in turn. */
function clustered(pairs: ReadonlyMap<string, Tally>): ReadonlyMap<Id, ReadonlySet<Id>> {
  const clusters = new Map<Id, Set<Id>>();
  for (const [pair, { good, all }] of pairs) {
    const [a = '', b = ''] = pair.split('/');
    const left = clusters.get(a) ?? new Set([a]);
    clusters.set(a, left);
    const right = clusters.get(b) ?? new Set([b]);
    clusters.set(b, right);
    if (left === right || all < LEAST_COMPARED || good < all * LINK_SHARE) continue;
    for (const id of right) {
      left.add(id);
      clusters.set(id, left);
    }
  }
  return clusters;
}

function pairOf(a: Id, b: Id): string {
  return a < b ? `${a}/${b}` : `${b}/${a}`;
}

function count(table: Map<string, Tally>, key: string, isGood: boolean): void {
  const tally = table.get(key) ?? { good: 0, all: 0 };
  table.set(key, tally);
  tally.all += 1;
  if (isGood) tally.good += 1;
}

/** More often than not, in enough comparisons. */
function disagrees(tally: Tally | undefined): boolean {
  return tally !== undefined && tally.all >= LEAST_COMPARED && tally.good < tally.all / 2;
}

function share({ good, all }: Tally): number {
  return (good + PRIOR) / (all + 2 * PRIOR);
}
