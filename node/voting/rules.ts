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
 *
 * Members also come in, lapse and return. Of two views let the one lack e members that the other
 * counts, d of them dishonest. Together they have k + e members, so two quorums share at least
 * 2q − k − e; those e are in one of the two views only, so at most f − d of the shared ones are
 * dishonest. At least 2q − k − f − (e − d) honest ones are left: whom an adversary brings in at a
 * moment of its choice costs no more than it has in f already, each honest change that not all have
 * seen costs one. So f < 2q − k − 1 while one honest change is under way (k = 8: f ≤ 2, k = 12: f ≤ 4).
 * That there is seldom more than one is the care of the honest: an entry is known and dated NOTICE_MS
 * before (registrar.ts), so that only clocks, two seconds off, make views differ; a newcomer whose
 * date is within CHANGE_SPACING_MS of another waits (phases.ts); voters leave as long between two
 * lapses (leases.ts). Nobody refuses an entry for its date: the lock that a vote takes would make a
 * refusal by some of them final. Views that differ by many changes need a peer that heard nothing for
 * long; it is far from a quorum then, or its word is a stale one among honest ones.
 *
 * A transaction that passed before an entry must not pass again otherwise after it: whoever comes in
 * holds what its neighbourhood held (that it is synchronised is voted) and follows it until it counts,
 * and calls nothing valid that contradicts it. Whoever falls out of a neighbourhood goes on serving
 * what it holds and votes no more.
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
