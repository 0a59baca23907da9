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
  readonly invalid: number;
  /** Members of the neighbourhood. */
  readonly size: number;
}

/** PROTOCOL.md 7: a slashing needs 67 % of those who answer. */
const SLASH_SHARE = 0.67;

export function passes(rule: ProtocolParameters['commitRule'], tally: Tally): boolean {
  return rule === 'quorum' ? isQuorum(tally.valid, tally.size) : tally.valid - tally.invalid >= 2;
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
