/**
 * How surprising a count is, as −log10 of the chance of as much or more: the one scale of all detectors.
 * Sums of logarithms, so that what is all but impossible still has a size.
 */

/** Chances below are told as this: no model here is believed that far. */
const MOST_SURPRISE = 300;

/** ln n! */
function lnFactorial(n: number): number {
  if (n < 2) return 0;
  if (n < 30) {
    let sum = 0;
    for (let i = 2; i <= n; i += 1) sum += Math.log(i);
    return sum;
  }
  // Stirling's series: wrong by less than 1e-9 from 30 on.
  return n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3);
}

/** −log10 P(X ≥ count) for X Poisson with this mean. */
export function poissonSurprise(count: number, mean: number): number {
  if (count <= 0) return 0;
  if (mean <= 0) return MOST_SURPRISE;
  // Up to the mean nothing surprises; the exact tail there would be a long sum for nothing.
  if (count <= mean) return 0;
  const first = count * Math.log(mean) - mean - lnFactorial(count);
  let sum = 1;
  let term = 1;
  for (let k = count + 1; term > sum * 1e-12; k += 1) {
    term *= mean / k;
    sum += term;
  }
  return told(first + Math.log(sum));
}

/** −log10 P(X ≥ count) for X binomial: n tries, each with chance p. */
export function binomialSurprise(count: number, n: number, p: number): number {
  if (count <= 0 || p >= 1 || count <= n * p) return 0;
  if (p <= 0 || count > n) return MOST_SURPRISE;
  const first =
    lnFactorial(n) -
    lnFactorial(count) -
    lnFactorial(n - count) +
    count * Math.log(p) +
    (n - count) * Math.log1p(-p);
  let sum = 1;
  let term = 1;
  for (let k = count; k < n && term > sum * 1e-12; k += 1) {
    term *= ((n - k) / (k + 1)) * (p / (1 - p));
    sum += term;
  }
  return told(first + Math.log(sum));
}

/**
 * −log10 of the chance that the longest of `gaps` random gaps (a Poisson process) is no more than
 * `share` of their sum: small when events come like clockwork (Fisher 1929, of random divisions).
 */
export function evennessSurprise(gaps: number, share: number): number {
  let chance = 0;
  let choose = 1;
  for (let j = 0; j <= gaps && j * share < 1; j += 1) {
    chance += (j % 2 === 0 ? choose : -choose) * (1 - j * share) ** (gaps - 1);
    choose *= (gaps - j) / (j + 1);
  }
  // The alternating sum has no more digits than that for the dozen gaps that it is used for.
  return -Math.log10(Math.min(1, Math.max(chance, 1e-9)));
}

/** What is left of a surprise that was looked for in so many places around one identity; never below 0. */
export function amongMany(surprise: number, places: number): number {
  return Math.max(0, surprise - Math.log10(Math.max(1, places)));
}

function told(lnChance: number): number {
  return Math.min(MOST_SURPRISE, Math.max(0, -lnChance / Math.LN10));
}
