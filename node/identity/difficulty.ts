/**
 * How much work an identity needs (PROTOCOL.md 1, whitepaper 5.2, 5.4): d(N) = d0 + floor(log10(N /
 * N0)), never below d0, with N estimated by each peer from the spacing of addresses around its own.
 */
import type { Id } from '../id.ts';
import type { ProtocolParameters } from '../parameters.ts';
import type { Pow } from './record.ts';

/**
 * Addresses looked at to each side. Their number sets the error: the relative deviation is about
 * 1 / sqrt(2·8 − 2) = 27 %, far from the factor of ten that the tolerance of one bit covers; and no
 * peer must know the network farther than its own neighbourhood.
 */
export const SAMPLE_EACH_SIDE = 8;

/** Positions are compared by their first 64 bits: finer than any network is dense. */
const POSITION_DIGITS = 16;
const RING = 1n << 64n;

export type DifficultyParameters = Pick<ProtocolParameters, 'pow' | 'difficulty' | 'baseSize'>;

/**
 * Members of the network as they look from `self`, which is counted. `sorted`: addresses that
 * `self` knows, ascending, with or without its own; it must know those nearest to it without gaps,
 * what lies farther off is not looked at.
 *
 * The arc that holds 2m spacings of N uniform addresses is Beta(2m, N − 2m) distributed, for which
 * (2m − 1) / arc + 1 has the mean N exactly. A ring of up to 2m + 1 is counted instead.
 */
export function estimateSize(self: Id, sorted: readonly Id[]): number {
  const at = firstNotBelow(sorted, self);
  const others = sorted.length - (sorted[at] === self ? 1 : 0);
  if (others <= 2 * SAMPLE_EACH_SIDE) return others + 1;
  const after = sorted[at] === self ? at + 1 : at;
  const above = sorted[(after + SAMPLE_EACH_SIDE - 1) % sorted.length] ?? self;
  const below = sorted[(at - SAMPLE_EACH_SIDE + sorted.length) % sorted.length] ?? self;
  const arc = (position(above) - position(below) + RING) % RING;
  // Addresses that share 64 bits were never found by chance; they shall not divide by zero.
  const share = Math.max(Number(arc), 1) / Number(RING);
  return Math.round((2 * SAMPLE_EACH_SIDE - 1) / share) + 1;
}

/** Trailing zero bits that a new identity mints in a network of `members`. */
export function requiredBits(parameters: DifficultyParameters, members: number): number {
  const { pow, difficulty, baseSize } = parameters;
  if (difficulty === 'fixed') return pow.bits;
  // Counted by comparing: log10 of a power of ten may come out below it.
  let bits = pow.bits;
  for (let size = 10 * baseSize; size <= members; size *= 10) bits += 1;
  return bits;
}

/** What is accepted of a new identity: one bit less, since estimates differ; never below d0. */
export function toleratedBits(parameters: DifficultyParameters, members: number): number {
  return Math.max(parameters.pow.bits, requiredBits(parameters, members) - 1);
}

/**
 * The work that a new identity does when it is told, or counts in the list of founders it was
 * given, that the network has so many members: it has no address yet to estimate from.
 */
export function mintingPow(parameters: DifficultyParameters, members: number): Pow {
  return { ...parameters.pow, bits: requiredBits(parameters, members) };
}

function firstNotBelow(sorted: readonly Id[], id: Id): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? id) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function position(id: Id): bigint {
  return BigInt(`0x${id.slice(0, POSITION_DIGITS)}`);
}
