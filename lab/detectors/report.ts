/**
 * What network-level detectors say of a run: suspicion per identity, in numbers that mean the same in
 * every run, and what it cost to find out. No threshold and no truth is in it: thresholds are
 * chosen on other seeds, and who is guilty is joined in lab/analysis (detector-judgement.ts).
 */

/** Every detector, in the order of reports. What each looks at: docs/DETECTORS.md. */
export const DETECTORS = [
  'minting-burst',
  'minting-rhythm',
  'minting-hoard',
  'synchronisation-pattern',
  'agreement-exact',
  'agreement-clustered',
  'address-range',
  'ring-concentration',
] as const;

export type DetectorName = (typeof DETECTORS)[number];

/** They look at newcomers alone: founders were made together and saw nobody register them. */
export const OF_NEWCOMERS: ReadonlySet<DetectorName> = new Set([
  'minting-burst',
  'minting-rhythm',
  'minting-hoard',
  'synchronisation-pattern',
]);

/** A subject was suspected more than ever before. */
export interface Rise {
  /** The end of the epoch in whose data it showed, ms since the epoch. */
  readonly atMs: number;
  readonly score: number;
}

/** What one detector says of one identity. Whom it saw nothing against has score 0 and no rises. */
export interface Score {
  readonly detector: DetectorName;
  /** The identity's address. */
  readonly subject: string;
  /**
   * −log10 of the chance that an honest identity shows as much at one look, by the detector's model;
   * never below 0. The highest that it came to.
   */
  readonly score: number;
  /** When it came to that; null with score 0. */
  readonly atMs: number | null;
  /** How it came there, in order of time; the last is `score` at `atMs`. */
  readonly rises: readonly Rise[];
}

/** What a detector cost: all its looks together, each at all that was known by then. */
export interface DetectorCost {
  readonly detector: DetectorName;
  readonly looks: number;
  /** Processor time of its thread. */
  readonly ms: number;
  /** Pairs, buckets or windows that it looked at. */
  readonly comparisons: number;
  /** Identities that it had anything to look at for in the end. */
  readonly subjects: number;
}

export interface DetectorReport {
  readonly scores: readonly Score[];
  readonly costs: readonly DetectorCost[];
}

/** When the score first was above `threshold`; null if it never was. */
export function firstAbove(score: Score, threshold: number): number | null {
  return score.rises.find((rise) => rise.score > threshold)?.atMs ?? null;
}
