/**
 * What it takes to capture a neighbourhood (whitepaper 5.3, 9.1; consensus-performance 11.9): the
 * probability that at least `m` of the `k` members nearest a point are the attacker's, and the work.
 *
 * Honest addresses are uniform on the ring. The attacker's are too (`reach` null: it takes what its
 * work gives), or uniform within `reach` of the point on either side, since it throws away every
 * identity that lies elsewhere. Distances are shares of the ring: the far side is at 0.5.
 */
import { type Id, ringDistance } from '../../node/id.ts';

export interface Capture {
  /** Honest identities that count as members. */
  readonly honest: number;
  /** Identities of the attacker that count. */
  readonly attackers: number;
  readonly k: number;
  /** Of the k nearest. */
  readonly m: number;
  /** Half-width of the arc that the attacker's lie in, 0 to 0.5, as a share of the ring; null: no arc. */
  readonly reach: number | null;
}

/** Points of Simpson's rule: the integrand is smooth, and the error far below that of any experiment. */
const POINTS = 2_000;
/** Shares of the ring are compared by the upper 52 bits of a distance: what a number holds. */
const SHARE_SHIFT = 204n;
const RING_SHARES = 2 ** 52;

/** Exact but for numerical integration. */
export function captureProbability({ honest, attackers, k, m, reach }: Capture): number {
  if (m <= 0) return 1;
  if (attackers < m || m > k) return 0;
  if (honest <= k - m) return 1;
  if (reach === null) return hypergeometricTail({ honest, attackers, drawn: k, least: m });
  // The m-th nearest of the attacker's must be nearer than the (k − m + 1)-th nearest honest one.
  const logScale = logGamma(attackers + 1) - logGamma(m) - logGamma(attackers - m + 1);
  const density = (u: number): number => {
    if ((u === 0 && m > 1) || (u === 1 && attackers > m)) return 0;
    const low = m === 1 ? 0 : (m - 1) * Math.log(u);
    const high = attackers === m ? 0 : (attackers - m) * Math.log1p(-u);
    return Math.exp(logScale + low + high);
  };
  const honestWithin = (u: number): number =>
    binomialCdf(k - m, honest, Math.min(1, 2 * reach * u));
  return Math.min(
    1,
    integrate((u) => density(u) * honestWithin(u)),
  );
}

/**
 * Half-width of the arc within which as many honest members are expected as may be left among the k
 * nearest: nearer costs more work, farther out honest ones are nearer.
 */
export function reachFor({ k, m, honest }: Pick<Capture, 'k' | 'm' | 'honest'>): number {
  return Math.min(0.5, Math.max(1, k - m) / (2 * Math.max(1, honest)));
}

/** Argon2 evaluations that are expected for identities of `bits` zero bits within the reach. */
export function expectedAttempts(identities: number, bits: number, reach: number | null): number {
  const share = reach === null ? 1 : Math.min(1, 2 * reach);
  return (identities * 2 ** bits) / share;
}

/** The fewest identities that capture m of k at least as often as `wanted`; null: more than `most`. */
export function identitiesNeeded(
  terms: Omit<Capture, 'attackers'>,
  wanted: number,
  most = 1_000_000,
): number | null {
  const isEnough = (attackers: number): boolean =>
    captureProbability({ ...terms, attackers }) >= wanted;
  let high = Math.max(1, terms.m);
  while (!isEnough(high)) {
    if (high >= most) return null;
    high = Math.min(most, 2 * high);
  }
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Distance on the ring as a share of it, 0 to 0.5. */
export function shareBetween(a: Id, b: Id): number {
  return Number(ringDistance(a, b) >> SHARE_SHIFT) / RING_SHARES;
}

interface Draw {
  readonly honest: number;
  readonly attackers: number;
  readonly drawn: number;
  readonly least: number;
}

/** Of all addresses drawn alike, the k nearest any point are any k of them. */
function hypergeometricTail({ honest, attackers, drawn, least }: Draw): number {
  const all = logChoose(honest + attackers, drawn);
  let sum = 0;
  for (let own = least; own <= Math.min(drawn, attackers); own += 1) {
    if (drawn - own > honest) continue;
    sum += Math.exp(logChoose(attackers, own) + logChoose(honest, drawn - own) - all);
  }
  return Math.min(1, sum);
}

/** P(at most `most` of `n` trials succeed). */
function binomialCdf(most: number, n: number, p: number): number {
  if (p <= 0) return 1;
  if (p >= 1) return most >= n ? 1 : 0;
  let sum = 0;
  for (let hits = 0; hits <= Math.min(most, n); hits += 1) {
    sum += Math.exp(logChoose(n, hits) + hits * Math.log(p) + (n - hits) * Math.log1p(-p));
  }
  return Math.min(1, sum);
}

/** Simpson's rule over [0, 1]. */
function integrate(f: (u: number) => number): number {
  let sum = f(0) + f(1);
  for (let point = 1; point < POINTS; point += 1) {
    sum += (point % 2 === 1 ? 4 : 2) * f(point / POINTS);
  }
  return sum / (3 * POINTS);
}

function logChoose(n: number, r: number): number {
  return logGamma(n + 1) - logGamma(r + 1) - logGamma(n - r + 1);
}

/** Stirling's series where its error is below 1e-15, the recurrence down to there. */
function logGamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < 15; y += 1) shift += Math.log(y);
  const inverse = 1 / (y * y);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / y;
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
