/** How far two samples of one figure lie apart: whether chance explains it, and by how much. */

/** √(ln(2/α)/2) at α = 0.05: the two-sample Kolmogorov–Smirnov test (Smirnov 1948). */
const CRITICAL_AT_5_PERCENT = 1.358_101_5;

/** The two-sample Kolmogorov–Smirnov test. */
export interface KolmogorovSmirnov {
  /** Largest difference between the two shares that lie at or below one value, 0 to 1. */
  readonly distance: number;
  /** Samples of one distribution are further apart than this in one case of twenty. */
  readonly critical: number;
}

/**
 * The distance between two samples and what chance alone would give; null when one is empty. The
 * critical value is the large-sample one: with fewer than about 20 values it is a little too large.
 */
export function kolmogorovSmirnov(
  a: readonly number[],
  b: readonly number[],
): KolmogorovSmirnov | null {
  if (a.length === 0 || b.length === 0) return null;
  let distance = 0;
  for (const { shareA, shareB } of stepsOf(a, b)) {
    distance = Math.max(distance, Math.abs(shareA - shareB));
  }
  const n = (a.length * b.length) / (a.length + b.length);
  return { distance, critical: CRITICAL_AT_5_PERCENT / Math.sqrt(n) };
}

/**
 * The area between the two distribution functions (Wasserstein's or earth mover's distance), in the
 * unit of the values: by how much one sample must be moved, on average, to become the other. Null
 * when one is empty. Unlike the test it says how large a difference is, whatever the sample sizes.
 */
export function meanShift(a: readonly number[], b: readonly number[]): number | null {
  if (a.length === 0 || b.length === 0) return null;
  let area = 0;
  for (const { shareA, shareB, width } of stepsOf(a, b)) area += Math.abs(shareA - shareB) * width;
  return area;
}

/** (b − a) / a; null when either was not measured or there is nothing to compare with. */
export function relativeDifference(a: number | null, b: number | null): number | null {
  return a === null || b === null || a === 0 ? null : (b - a) / a;
}

interface Step {
  /** Shares at or below the step's value. */
  readonly shareA: number;
  readonly shareB: number;
  /** To the next value of either sample; 0 at the last. */
  readonly width: number;
}

/** Both distribution functions, a step for each distinct value. */
function stepsOf(a: readonly number[], b: readonly number[]): readonly Step[] {
  const sortedA = a.toSorted((x, y) => x - y);
  const sortedB = b.toSorted((x, y) => x - y);
  const values = [...new Set([...sortedA, ...sortedB])].toSorted((x, y) => x - y);
  let atA = 0;
  let atB = 0;
  return values.map((value, index) => {
    while ((sortedA[atA] ?? Number.POSITIVE_INFINITY) <= value) atA += 1;
    while ((sortedB[atB] ?? Number.POSITIVE_INFINITY) <= value) atB += 1;
    return {
      shareA: atA / sortedA.length,
      shareB: atB / sortedB.length,
      width: (values[index + 1] ?? value) - value,
    };
  });
}
