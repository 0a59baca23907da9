/** Estimates with their intervals, for experiments. */
import { wilsonInterval } from '../analysis/statistics.ts';
import type { Random } from '../simulator/random.ts';
import type { Estimate } from './claim.ts';

/** Resamples: their 2.5 % tails hold 50 each. */
const RESAMPLES = 2000;

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

/** A statistic of a sample, with the percentile bootstrap's interval (Efron 1979). */
export function bootstrapped(
  sample: readonly number[],
  statistic: (sorted: readonly number[]) => number,
  { random, of }: { readonly random: Random; readonly of: string },
): Estimate {
  if (sample.length === 0) throw new RangeError(`no ${of}`);
  const sorted = [...sample].sort((a, b) => a - b);
  const drawn = Array.from({ length: RESAMPLES }, () => statistic(resample(sorted, random))).sort(
    (a, b) => a - b,
  );
  const value = statistic(sorted);
  const at = (level: number) => drawn[Math.round(level * (RESAMPLES - 1))] ?? value;
  return { value, interval: [at(0.025), at(0.975)], n: sample.length, of };
}

/** Sorted: quantiles are what statistics ask for most. */
function resample(sorted: readonly number[], random: Random): readonly number[] {
  const drawn = Float64Array.from(
    sorted,
    () => sorted[Math.floor(random.next() * sorted.length)] ?? 0,
  );
  return [...drawn.sort()];
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A monotone function of an estimate. */
export function scaled(estimate: Estimate, change: (value: number) => number): Estimate {
  const [a, b] = [change(estimate.interval[0]), change(estimate.interval[1])];
  const interval = [Math.min(a, b), Math.max(a, b)] as const;
  return { ...estimate, value: change(estimate.value), interval };
}
