/**
 * Statistical agreement between speakers (D 7.5.3): who departs from what most say, and who departs
 * with whom. Honest speakers depart seldom (they lag) and each by itself; colluders depart together.
 *
 * Which pairs are looked at is what the ways differ in: all (the paper's O(n²)), neighbours in some
 * sorted orders (its O(n log n)), or those that an index finds to share anything (exact as well).
 */
import type { Telling } from './observations.ts';
import { amongMany, poissonSurprise } from './surprise.ts';

/** What one speaker was asked about and where it departed from the others. */
export interface Pattern {
  readonly subject: string;
  /** Values about which it could have departed. */
  readonly asked: number;
  /** Numbers of the values with which it did, ascending. */
  readonly departures: readonly number[];
}

export interface Agreement {
  /** Only of those with a score above 0. */
  readonly scores: ReadonlyMap<string, number>;
  readonly comparisons: number;
}

/** Which pairs of patterns, by position, are looked at; the count is of those that were. */
export type PairsOf = (
  patterns: readonly Pattern[],
  look: (a: number, b: number) => void,
) => number;

/** Answers so far apart may have met the same state: a far round trip. */
const TOGETHER_MS = 300;
/** Of fewer answers no majority is told. */
const LEAST_ASKED = 3;
/** Honest speakers depart at least this often, in the model: they lag behind commits now and then. */
const LEAST_RATE = 0.01;
/** Those who depart most are left out of the rate of the honest: fewer than a third are not. */
const HONEST_SHARE = 2 / 3;

/** Sorted orders: a pair that shares a fraction J of its departures is missed with (1 − J)^orders. */
const ORDERS = 12;
/** Neighbours looked at in each order: rings of more are found through those in between. */
const WINDOW = 8;

/** The patterns of all speakers, ordered by speaker. */
export function patternsOf(tellings: readonly Telling[]): readonly Pattern[] {
  const asked = new Map<string, number>();
  const departures = new Map<string, number[]>();
  let values = 0;
  for (const { speaker } of tellings) asked.set(speaker, 0);
  for (const ofToken of Map.groupBy(tellings, ({ token }) => token).values()) {
    for (const told of Map.groupBy(ofToken, ({ owner }) => owner).values()) {
      const fromMs = Math.min(...told.map(({ firstMs }) => firstMs)) - TOGETHER_MS;
      const toMs = Math.max(...told.map(({ lastMs }) => lastMs)) + TOGETHER_MS;
      const meanwhile = ofToken.filter(
        ({ firstMs, lastMs }) => firstMs <= toMs && lastMs >= fromMs,
      );
      const speakers = new Set(meanwhile.map(({ speaker }) => speaker));
      const tellers = new Set(told.map(({ speaker }) => speaker));
      if (speakers.size < LEAST_ASKED || tellers.size * 2 >= speakers.size) continue;
      for (const speaker of speakers) asked.set(speaker, (asked.get(speaker) ?? 0) + 1);
      for (const speaker of tellers) {
        const own = departures.get(speaker);
        if (own === undefined) departures.set(speaker, [values]);
        else own.push(values);
      }
      values += 1;
    }
  }
  return [...asked].map(([subject, count]) => {
    return { subject, asked: count, departures: departures.get(subject) ?? [] };
  });
}

/** Each speaker's best pair: how surprising it is that two departed together so often. */
export function agreement(patterns: readonly Pattern[], pairsOf: PairsOf): Agreement {
  const rate = honestRate(patterns);
  const partners = patterns.length - 1;
  const departing = patterns.filter(({ departures }) => departures.length > 0);
  const best = new Map<string, number>();
  const keep = (subject: string, score: number): void => {
    if (score > (best.get(subject) ?? 0)) best.set(subject, score);
  };
  const comparisons = pairsOf(departing, (first, second) => {
    const [a, b] = [departing[first], departing[second]];
    if (a === undefined || b === undefined) return;
    const shared = sharedOf(a.departures, b.departures);
    if (shared === 0) return;
    const byChance = Math.min(a.asked, b.asked) * rate * rate;
    const score = amongMany(poissonSurprise(shared, byChance), partners);
    keep(a.subject, score);
    keep(b.subject, score);
  });
  return { scores: best, comparisons };
}

/** All pairs: n(n − 1)/2. */
export const everyPair: PairsOf = ({ length }, look) => {
  for (let a = 0; a < length; a += 1) for (let b = a + 1; b < length; b += 1) look(a, b);
  return (length * (length - 1)) / 2;
};

/**
 * Neighbours in orders by smallest hash of their departures (Broder 1997: two sets have the same
 * smallest with the chance of their Jaccard similarity): sorting costs n log n, looking n.
 */
export const sortedPairs: PairsOf = (patterns, look) => {
  const seen = new Set<number>();
  const { length } = patterns;
  for (let order = 0; order < ORDERS; order += 1) {
    const keys = patterns.map(({ departures }) => smallestHash(departures, order));
    // Among those with one smallest value, others' smallest keep neighbours alike.
    const ties = patterns.map(({ departures }) => smallestHash(departures, ORDERS + order));
    const sorted = [...keys.keys()].sort(
      (a, b) => (keys[a] ?? 0) - (keys[b] ?? 0) || (ties[a] ?? 0) - (ties[b] ?? 0) || a - b,
    );
    for (const [at, a] of sorted.entries()) {
      for (const b of sorted.slice(at + 1, at + 1 + WINDOW)) {
        if (keys[b] !== keys[a]) break;
        const pair = Math.min(a, b) * length + Math.max(a, b);
        if (seen.has(pair)) continue;
        seen.add(pair);
        look(a, b);
      }
    }
  }
  // Each was held against its neighbour at least, in every order.
  return ORDERS * length + seen.size;
};

/** All pairs that share anything, by an index from values to speakers: exact, as cheap as sharing is rare. */
export const indexedPairs: PairsOf = (patterns, look) => {
  const tellers = new Map<number, number[]>();
  for (const [at, { departures }] of patterns.entries()) {
    for (const value of departures) {
      const known = tellers.get(value);
      if (known === undefined) tellers.set(value, [at]);
      else known.push(at);
    }
  }
  const seen = new Set<number>();
  let comparisons = 0;
  for (const ats of tellers.values()) {
    for (const [at, a] of ats.entries()) {
      for (const b of ats.slice(at + 1)) {
        comparisons += 1;
        const pair = a * patterns.length + b;
        if (seen.has(pair)) continue;
        seen.add(pair);
        look(a, b);
      }
    }
  }
  return comparisons;
};

/** How often one departs who is no colluder. */
function honestRate(patterns: readonly Pattern[]): number {
  const byRate = patterns
    .map(({ asked, departures }) => ({ asked, departed: departures.length }))
    .sort((a, b) => (a.departed + 0.5) / (a.asked + 1) - (b.departed + 0.5) / (b.asked + 1));
  const honest = byRate.slice(0, Math.ceil(byRate.length * HONEST_SHARE));
  const asked = honest.reduce((sum, one) => sum + one.asked, 0);
  const departed = honest.reduce((sum, one) => sum + one.departed, 0);
  return Math.max(LEAST_RATE, departed / Math.max(1, asked));
}

/** How many numbers two ascending lists have in common. */
function sharedOf(a: readonly number[], b: readonly number[]): number {
  let [i, j, shared] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const [left, right] = [a[i] ?? 0, b[j] ?? 0];
    if (left === right) shared += 1;
    if (left <= right) i += 1;
    if (right <= left) j += 1;
  }
  return shared;
}

function smallestHash(values: readonly number[], order: number): number {
  let smallest = 2 ** 32;
  for (const value of values) smallest = Math.min(smallest, scrambled(value, order));
  return smallest;
}

/** 32 bits of a number under one of many orders (the finaliser of MurmurHash3, Appleby). */
function scrambled(value: number, order: number): number {
  let bits = (value + Math.imul(order + 1, 0x9e3779b1)) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
