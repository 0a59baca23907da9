/**
 * How well scores tell guilty identities from innocent ones: the receiver operating characteristic, its area
 * with an interval, and thresholds, which are chosen on some cases and judged on others.
 *
 * The area is Mann and Whitney's statistic. Identities of one run are no independent draws, so its
 * variance is that of clustered data (Obuchowski 1997; DeLong et al. 1988 when every cluster is one).
 * That is zero where scores part the two kinds wholly, which a few cases do by luck; so the interval is
 * the wider, at each end, of it and of the one without that fault (Newcombe 2006, method 5).
 */
import { wilsonInterval, Z_95 } from './statistics.ts';

/** One identity. */
export interface ScoredCase {
  readonly score: number;
  readonly guilty: boolean;
  /** What it shares luck with others in: its run. */
  readonly cluster: string;
}

/** What flagging all with a score above `threshold` gives. */
export interface RocPoint {
  readonly threshold: number;
  /** Share of the guilty flagged, and of the innocent. */
  readonly truePositiveRate: number;
  readonly falsePositiveRate: number;
}

export interface Area {
  readonly value: number;
  /** Of clustered data. */
  readonly standardError: number;
  readonly interval: readonly [number, number];
  readonly guilty: number;
  readonly innocent: number;
}

export interface Share {
  readonly value: number | null;
  readonly n: number;
  /** Wilson's, at 95 %. */
  readonly interval: readonly [number, number] | null;
}

/** A detection rate is never without the rate of false positives at the same threshold. */
export interface Rates {
  readonly threshold: number;
  readonly detected: Share;
  readonly falsePositives: Share;
}

/** From nobody flagged to everybody, a point for each score; empty when one kind is missing. */
export function rocCurve(cases: readonly ScoredCase[]): readonly RocPoint[] {
  const [guilty, innocent] = sides(cases);
  if (guilty.length === 0 || innocent.length === 0) return [];
  const scores = [...new Set(cases.map(({ score }) => score))].sort((a, b) => b - a);
  const thresholds = [...scores, Number.NEGATIVE_INFINITY];
  const above = (side: readonly ScoredCase[], threshold: number): number =>
    side.filter(({ score }) => score > threshold).length / side.length;
  return thresholds.map((threshold) => ({
    threshold,
    truePositiveRate: above(guilty, threshold),
    falsePositiveRate: above(innocent, threshold),
  }));
}

/**
 * The chance that a guilty one scores above an innocent one, ties counting half; null when one kind is
 * missing.
 */
export function areaUnder(cases: readonly ScoredCase[]): Area | null {
  const [guilty, innocent] = sides(cases);
  if (guilty.length === 0 || innocent.length === 0) return null;
  const overInnocent = placements(guilty, innocent);
  const underGuilty = placements(innocent, guilty).map((share) => 1 - share);
  const value = meanOf(overInnocent);
  const standardError = Math.sqrt(clusteredVariance(guilty, innocent, overInnocent, underGuilty));
  const half = Z_95 * standardError;
  const [lo, hi] = newcombeInterval(value, guilty.length, innocent.length);
  return {
    value,
    standardError,
    interval: [Math.max(0, Math.min(lo, value - half)), Math.min(1, Math.max(hi, value + half))],
    guilty: guilty.length,
    innocent: innocent.length,
  };
}

/**
 * The lowest threshold at which at most this share of the innocent is flagged, in the middle between the
 * two scores that it parts: on other cases neither side is known to be luckier. Null without innocents.
 */
export function chooseThreshold(
  training: readonly ScoredCase[],
  maxFalsePositiveRate: number,
): number | null {
  const [, innocent] = sides(training);
  const falling = innocent.map(({ score }) => score).sort((a, b) => b - a);
  // The innocent one that must not be flagged any more.
  const highest = falling[Math.floor(maxFalsePositiveRate * falling.length)];
  if (highest === undefined) return falling.length === 0 ? null : Number.NEGATIVE_INFINITY;
  const above = training.map(({ score }) => score).filter((score) => score > highest);
  return above.length === 0 ? highest : (highest + Math.min(...above)) / 2;
}

/** What flagging those above a threshold, chosen elsewhere, gives here. */
export function ratesAt(cases: readonly ScoredCase[], threshold: number): Rates {
  const share = (side: readonly ScoredCase[]): Share => {
    const flagged = side.filter(({ score }) => score > threshold).length;
    return {
      value: side.length === 0 ? null : flagged / side.length,
      n: side.length,
      interval: wilsonInterval(flagged, side.length),
    };
  };
  const [guilty, innocent] = sides(cases);
  return { threshold, detected: share(guilty), falsePositives: share(innocent) };
}

function sides(cases: readonly ScoredCase[]): [ScoredCase[], ScoredCase[]] {
  return [cases.filter(({ guilty }) => guilty), cases.filter(({ guilty }) => !guilty)];
}

/** For each of `these`, the share of `those` that it scores above, ties half. */
function placements(these: readonly ScoredCase[], those: readonly ScoredCase[]): number[] {
  const sorted = Float64Array.from(those, ({ score }) => score).sort();
  return these.map(({ score }) => {
    const below = firstFrom(sorted, (other) => other >= score);
    const upTo = firstFrom(sorted, (other) => other > score);
    return (below + upTo) / 2 / sorted.length;
  });
}

/** The position of the first that passes, by halving; all after it pass too. */
function firstFrom(sorted: Float64Array, passes: (value: number) => boolean): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (passes(sorted[middle] ?? 0)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** Obuchowski's: deviations from the area summed within each cluster first. */
function clusteredVariance(
  guilty: readonly ScoredCase[],
  innocent: readonly ScoredCase[],
  overInnocent: readonly number[],
  underGuilty: readonly number[],
): number {
  const area = meanOf(overInnocent);
  const ofGuilty = deviations(guilty, overInnocent, area);
  const ofInnocent = deviations(innocent, underGuilty, area);
  const [m, n] = [guilty.length, innocent.length];
  const variance = (sums: ReadonlyMap<string, number>, count: number): number => {
    const squares = [...sums.values()].reduce((sum, value) => sum + value * value, 0);
    return sums.size < 2 ? 0 : ((sums.size / (sums.size - 1)) * squares) / (count * count);
  };
  const clusters = new Set([...ofGuilty.keys(), ...ofInnocent.keys()]).size;
  const both = [...ofGuilty].reduce(
    (sum, [cluster, value]) => sum + value * (ofInnocent.get(cluster) ?? 0),
    0,
  );
  const covariance = clusters < 2 ? 0 : ((clusters / (clusters - 1)) * both) / (m * n);
  return Math.max(0, variance(ofGuilty, m) + variance(ofInnocent, n) + 2 * covariance);
}

function deviations(
  side: readonly ScoredCase[],
  placed: readonly number[],
  area: number,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [at, { cluster }] of side.entries()) {
    sums.set(cluster, (sums.get(cluster) ?? 0) + (placed[at] ?? area) - area);
  }
  return sums;
}

/** The areas that are not 95 % away from the one seen, each by its own variance (Hanley, McNeil 1982). */
function newcombeInterval(area: number, m: number, n: number): readonly [number, number] {
  const others = (m + n) / 2 - 1;
  const distance = (theta: number): number => {
    const grouped = 1 + others * ((1 - theta) / (2 - theta) + theta / (1 + theta));
    return Math.abs(area - theta) - Z_95 * Math.sqrt((theta * (1 - theta) * grouped) / (m * n));
  };
  return [edge(0, area, distance), edge(1, area, distance)];
}

/** Where `distance` becomes 0 between an end, where it is positive, and the area, where it is not. */
function edge(end: number, area: number, distance: (theta: number) => number): number {
  if (distance(end) <= 0) return end;
  let [outside, inside] = [end, area];
  for (let step = 0; step < 60; step += 1) {
    const middle = (outside + inside) / 2;
    if (distance(middle) > 0) outside = middle;
    else inside = middle;
  }
  return outside;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
