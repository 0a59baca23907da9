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
