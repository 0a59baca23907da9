/** Estimates with their intervals, for experiments. */
import { bootstrapInterval, quantile, wilsonInterval, Z_95 } from '../analysis/statistics.ts';
import type { Random } from '../simulator/random.ts';
import type { Estimate } from './claim.ts';

/** What follows from its inputs without chance. `n`: how many cases it was computed over. */
export function exact(value: number, n: number, of: string): Estimate {
  return { value, interval: [value, value], n, of };
}

/** `successes` of `n`, with Wilson's interval. Throws when nothing was tried. */
export function share(successes: number, n: number, of: string): Estimate {
  const interval = wilsonInterval(successes, n);
  if (interval === null) throw new RangeError(`a share of no ${of}`);
  return { value: successes / n, interval, n, of };
}

/** The mean of independent cases, with the percentile bootstrap's interval. */
export function meanOf(sample: readonly number[], of: string, random: Random): Estimate {
  const value = mean(sample);
  const interval = bootstrapInterval(sample, mean, () => random.next());
  return { value, interval: interval ?? [value, value], n: sample.length, of };
}

/**
 * A quantile of independent cases, with the interval between two of them whose ranks a binomial
 * count of those below it reaches in 95 % (normal approximation; no assumption on the distribution).
 */
export function quantileOf(sample: readonly number[], level: number, of: string): Estimate {
  const sorted = [...sample].sort((a, b) => a - b);
  const value = quantile(sorted, level);
  if (value === null) throw new RangeError(`a quantile of no ${of}`);
  const n = sorted.length;
  const half = Z_95 * Math.sqrt(n * level * (1 - level));
  const at = (rank: number) => sorted[Math.max(0, Math.min(n - 1, rank))] ?? value;
  const interval = [at(Math.floor(n * level - half)), at(Math.ceil(n * level + half))] as const;
  return { value, interval, n, of };
}

/** A monotone function of an estimate. */
export function scaled(estimate: Estimate, change: (value: number) => number): Estimate {
  const [a, b] = [change(estimate.interval[0]), change(estimate.interval[1])];
  const interval = [Math.min(a, b), Math.max(a, b)] as const;
  return { ...estimate, value: change(estimate.value), interval };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
