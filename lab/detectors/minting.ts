/**
 * Fingerprints of minting (W 12.1, D 7.5.4), from the time that every identity's address commits to: when
 * its Argon2 work ended. Founders are left out: they were made together, and whoever wrote the genesis
 * saw them.
 *
 * Burst: many found within a time in which honest newcomers rarely come. Rhythm: found at even
 * intervals, as by one machine that pauses between; honest ones come like a Poisson process. Hoard:
 * found long before it was shown, where others come soon after they are made.
 */
import type { Registration } from './observations.ts';
import { amongMany, evennessSurprise, poissonSurprise } from './surprise.ts';

export interface Fingerprints {
  /** Only of those with a score above 0. */
  readonly scores: ReadonlyMap<string, number>;
  readonly comparisons: number;
}

/** Windows double from 64 ms to 2^24 times that, twelve days: 50 counters a registration. */
const NARROWEST_MS = 64;
const WIDTHS = 25;
/** Two of one time are no burst. */
const LEAST_BURST = 3;
/** Windows are at most this part of the time looked at: a rate needs an outside. */
const LEAST_CONTRAST = 4;
/** Even intervals are looked for among so many identities in a row. */
const LEAST_ROW = 5;
const LONGEST_ROW = 13;
/** Rows that hold one identity: five of five, six of six, to thirteen of thirteen. */
const ROWS_AROUND = ((LEAST_ROW + LONGEST_ROW) * (LONGEST_ROW - LEAST_ROW + 1)) / 2;
/** A shelf time below is none: it takes that long to be told of the network and to connect. */
const LEAST_SHELF_MS = 1000;

/**
 * Counts of newcomers by time windows of every width, each width on two grids half a width apart, so
 * that no burst is cut in two on both. A registration costs the same however many came before.
 */
export class MintingWindows {
  readonly #counts = new Map<string, number>();
  #total = 0;
  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** An identity whose address was found then. */
  add(createdMs: number): void {
    this.#total += 1;
    this.#firstMs = Math.min(this.#firstMs, createdMs);
    this.#lastMs = Math.max(this.#lastMs, createdMs);
    for (const { name } of windowsOf(createdMs)) {
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
  }

  /** Counters kept: at most 2 · WIDTHS per identity, and one for those that share a window. */
  get size(): number {
    return this.#counts.size;
  }

  /**
   * How surprising the fullest window around this time is, by the rate of those outside of it, until
   * `nowMs`.
   */
  score(createdMs: number, nowMs: number): number {
    const spanMs = Math.max(nowMs, this.#lastMs) - this.#firstMs;
    let most = 0;
    for (const { name, widthMs } of windowsOf(createdMs)) {
      const count = this.#counts.get(name) ?? 0;
      if (count < LEAST_BURST || widthMs * LEAST_CONTRAST > spanMs) continue;
      // One more than came: that nobody did outside does not mean that nobody comes.
      const rate = (this.#total - count + 1) / Math.max(spanMs - widthMs, widthMs);
      most = Math.max(most, poissonSurprise(count, rate * widthMs));
    }
    return amongMany(most, 2 * WIDTHS);
  }
}

function windowsOf(timeMs: number): { readonly name: string; readonly widthMs: number }[] {
  return Array.from({ length: 2 * WIDTHS }, (_, at) => {
    const widthMs = NARROWEST_MS * 2 ** (at >> 1);
    const shiftMs = at % 2 === 0 ? 0 : widthMs / 2;
    return { name: `${at}/${Math.floor((timeMs + shiftMs) / widthMs)}`, widthMs };
  });
}

export function mintingBurst(registrations: readonly Registration[]): Fingerprints {
  const newcomers = newcomersOf(registrations);
  const windows = new MintingWindows();
  for (const { createdMs } of newcomers) windows.add(createdMs);
  const nowMs = Math.max(...newcomers.map(({ seenMs }) => seenMs));
  return {
    scores: positive(
      newcomers.map(({ address, createdMs }) => [address, windows.score(createdMs, nowMs)]),
    ),
    comparisons: 2 * 2 * WIDTHS * newcomers.length,
  };
}

export function mintingRhythm(registrations: readonly Registration[]): Fingerprints {
  const newcomers = newcomersOf(registrations).sort((a, b) => a.createdMs - b.createdMs);
  const scores = new Map<string, number>();
  let comparisons = 0;
  for (const from of newcomers.keys()) {
    for (let row = LEAST_ROW; row <= LONGEST_ROW && from + row <= newcomers.length; row += 1) {
      comparisons += 1;
      const members = newcomers.slice(from, from + row);
      const times = members.map(({ createdMs }) => createdMs);
      const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
      if (spanMs === 0) continue;
      const longestMs = Math.max(...times.slice(1).map((time, at) => time - (times[at] ?? 0)));
      const score = amongMany(evennessSurprise(row - 1, longestMs / spanMs), ROWS_AROUND);
      for (const { address } of members) {
        if (score > (scores.get(address) ?? 0)) scores.set(address, score);
      }
    }
  }
  return { scores, comparisons };
}

/**
 * As if shelf times were exponential with the median that these have; the chance is that of a time beyond
 * a mean known from half as many (Lomax), since a median of few is no good measure.
 */
export function mintingHoard(registrations: readonly Registration[]): Fingerprints {
  const newcomers = newcomersOf(registrations);
  const n = newcomers.length;
  const shelf = ({ createdMs, seenMs }: Registration): number =>
    Math.max(LEAST_SHELF_MS, seenMs - createdMs);
  const sorted = newcomers.map(shelf).sort((a, b) => a - b);
  // The lower middle: of few, the longer ones must not set the measure.
  const meanMs = (sorted[Math.floor((n - 1) / 2)] ?? LEAST_SHELF_MS) / Math.LN2;
  return {
    scores: positive(
      newcomers.map((newcomer) => {
        const surprise = (n / 2) * Math.log10(1 + shelf(newcomer) / meanMs / (n / 2));
        return [newcomer.address, surprise];
      }),
    ),
    comparisons: n,
  };
}

export function newcomersOf(registrations: readonly Registration[]): Registration[] {
  return registrations.filter(({ founding }) => !founding);
}

export function positive(scores: Iterable<readonly [string, number]>): ReadonlyMap<string, number> {
  return new Map([...scores].filter(([, score]) => score > 0));
}
