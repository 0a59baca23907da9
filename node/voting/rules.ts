/**
 * When a token of a transaction passes (PROTOCOL.md 4, 7).
 *
 * Why `quorum` never lets two conflicting transactions pass, although bans are seen at different
 * moments: say two views have excluded the sets E1 and E2 of proven offenders. Of the k nearest that
 * each has left, the honest part of the nearer ones is common; if a members of the second view are
 * excluded by the first and b the other way round (a ≥ b), the two neighbourhoods together have k + a
 * members, and those a + b are in at most one of them. Two quorums of q > 2k/3 share at least
 * 2q − k − a members, of which at most f − a − b are dishonest: at least 2q − k − f honest ones,
 * just as many as without any ban. That is at least one while f < 2q − k, and each honest one has
 * called at most one of the two valid (lock.ts). It needs that only offenders are excluded, which is
 * what the conflict rules promise.
 */
import type { ProtocolParameters } from '../parameters.ts';

/** Ballots of one neighbourhood on one token. */
export interface Tally {
  /** Members that said valid, or that have seen the whole transaction pass. */
  readonly valid: number;
  /** Those of them that have seen the whole transaction pass. */
  readonly committed: number;
  readonly invalid: number;
  /** Members of the neighbourhood. */
  readonly size: number;
}

/** PROTOCOL.md 7: a slashing needs 67 % of those who answer. */
const SLASH_SHARE = 0.67;

export function passes(rule: ProtocolParameters['commitRule'], tally: Tally): boolean {
  if (rule === 'net') return tally.valid - tally.invalid >= 2;
  return isQuorum(tally.valid, tally.size) || isVouched(tally);
}

/**
 * More members than a quorum tolerates liars (2q − k − 1) say that they have seen it pass: one of
 * them is honest, so a quorum was there. Whoever moves up after bans learns from those that are left
 * of a neighbourhood, although they may be no quorum any more.
 */
function isVouched({ committed, size }: Tally): boolean {
  return isKnowinglyVouched(committed, size);
}

/** So many of a neighbourhood of `size` say one thing that an honest one of them knows it. */
export function isKnowinglyVouched(count: number, size: number): boolean {
  const quorum = Math.floor((size * 2) / 3) + 1;
  return count > 0 && count >= 2 * quorum - size;
}

/** More than two thirds. */
export function isQuorum(count: number, size: number): boolean {
  return count * 3 > size * 2;
}

/**
 * 67 % of those who answered within the window, and more than half of all, so that a minority cut
 * off from the rest can't slash alone. Before the window ends it must hold whatever the rest says.
 */
export function slashPasses({ valid, invalid, size }: Tally, windowOver: boolean): boolean {
  const answered = windowOver ? valid + invalid : size;
  return answered * 2 > size && valid >= SLASH_SHARE * answered;
}
