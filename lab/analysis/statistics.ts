/** Quantiles and intervals, defined once. */
import type { Quantiles } from './result.ts';

/** 97.5 % quantile of the standard normal distribution. */
export const Z_95 = 1.959963984540054;

/**
 * Quantile of type 7 (Hyndman and Fan 1996): linear between order statistics; what ClickHouse calls
 * quantileExactInclusive, NumPy and R their default. null of nothing.
 */
export function quantile(sorted: readonly number[], level: number): number | null {
  if (sorted.length === 0) return null;
  const position = (sorted.length - 1) * level;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) return null;
  return below + (above - below) * (position - Math.floor(position));
}

/** The quantiles of a run's JSON; nulls among the values are what was not reached, and not counted. */
export function quantilesOf(values: readonly (number | null)[]): Quantiles {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return {
    n: sorted.length,
    p50: rounded(quantile(sorted, 0.5)),
    p90: rounded(quantile(sorted, 0.9)),
    p99: rounded(quantile(sorted, 0.99)),
    max: rounded(sorted.at(-1) ?? null),
  };
}

export function medianOf(values: readonly number[]): number | null {
  return rounded(
    quantile(
      [...values].sort((a, b) => a - b),
      0.5,
    ),
  );
}

/** Microseconds are what the clock gives. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}

/**
 * Wilson score interval at 95 % for `successes` of `n` (Wilson 1927); null when nothing was tried.
 * Wilson's, because it stays inside 0–1 and is not empty at 0 of n and n of n.
 */
export function wilsonInterval(successes: number, n: number): readonly [number, number] | null {
  if (n === 0) return null;
  const z = Z_95;
  const p = successes / n;
  const centre = p + (z * z) / (2 * n);
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  const lo = successes === 0 ? 0 : (centre - half) / scale;
  const hi = successes === n ? 1 : (centre + half) / scale;
  return [lo, hi];
}

/**
 * Interval at 95 % of a quantile, whatever the distribution: the order statistics between which it lies, by the
 * normal approximation of their ranks (Conover 1999, 3.2). Values count as independent. An end is null
 * where there are too few values beyond it; null of nothing.
 */
export function quantileInterval(
  sorted: readonly number[],
  level: number,
): readonly [number | null, number | null] | null {
  const n = sorted.length;
  if (n === 0) return null;
  const spread = Z_95 * Math.sqrt(n * level * (1 - level));
  const at = (rank: number): number | null => sorted[Math.ceil(rank) - 1] ?? null;
  return [at(n * level - spread), at(n * level + spread)];
}

/** A share with what it was counted from. */
export interface Rate {
  /** Null: nothing was tried. */
  readonly value: number | null;
  readonly n: number;
  /** At 95 %. */
  readonly interval: readonly [number, number] | null;
}

/** Of independent trials; Wilson's interval. */
export function rateOf(successes: number, n: number): Rate {
  const value = n === 0 ? null : successes / n;
  return { value, n, interval: wilsonInterval(successes, n) };
}

/** Trials that share a run, and so its fate. */
export interface Cluster {
  readonly successes: number;
  readonly n: number;
}

/**
 * Of trials that come in clusters: Wilson's interval at the effective sample size, the trials over
 * their design effect (Kish 1965; the ratio estimate's variance between clusters over that of as many
 * independent trials). Where all trials came out alike that effect cannot be seen: then each cluster
 * counts as one trial.
 */
export function clusteredRate(clusters: readonly Cluster[]): Rate {
  const tried = clusters.filter(({ n }) => n > 0);
  const n = tried.reduce((sum, cluster) => sum + cluster.n, 0);
  if (n === 0) return { value: null, n: 0, interval: null };
  const value = tried.reduce((sum, cluster) => sum + cluster.successes, 0) / n;
  const effective = effectiveSize(tried, value, n);
  return { value, n, interval: wilsonInterval(value * effective, effective) };
}

function effectiveSize(clusters: readonly Cluster[], rate: number, n: number): number {
  const m = clusters.length;
  if (m < 2 || rate === 0 || rate === 1) return m;
  const squares = clusters.reduce((sum, cluster) => {
    return sum + (cluster.successes - rate * cluster.n) ** 2;
  }, 0);
  const variance = (m / (m - 1)) * (squares / (n * n));
  const independent = (rate * (1 - rate)) / n;
  // Clusters that balance one another by chance prove no more than independent trials would.
  return n / Math.max(1, variance / independent);
}

/**
 * The highest rate at which none of `n` trials would still show the event in one of twenty such
 * counts: 1 − 0.05^(1/n), the exact form of the rule of three (3/n).
 */
export function upperOfNone(n: number): number | null {
  return n === 0 ? null : 1 - 0.05 ** (1 / n);
}

/** Enough that an interval's ends, not their drawing, are what a reader sees. */
const RESAMPLES = 1_000;

/**
 * Percentile interval at 95 % of a statistic over independent units (Efron 1979): runs, each with all
 * that was measured in it. `draw` is uniform in [0, 1). Null for fewer than two units.
 */
export function bootstrapInterval<T>(
  units: readonly T[],
  statistic: (units: readonly T[]) => number | null,
  draw: () => number,
): readonly [number, number] | null {
  if (units.length < 2) return null;
  const found: number[] = [];
  for (let n = 0; n < RESAMPLES; n += 1) {
    const resample = units.flatMap(() => {
      const unit = units[Math.floor(draw() * units.length)];
      return unit === undefined ? [] : [unit];
    });
    const value = statistic(resample);
    if (value !== null) found.push(value);
  }
  found.sort((a, b) => a - b);
  const [lo, hi] = [quantile(found, 0.025), quantile(found, 0.975)];
  return lo === null || hi === null ? null : [lo, hi];
}
