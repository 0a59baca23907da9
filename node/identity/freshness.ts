/**
 * Freshness (PROTOCOL.md 1): an identity must be seen for the first time within 30 days of its
 * making, so that nobody stockpiles addresses. The first sight is where an identity asks to be
 * registered: its neighbours judge it once, together, and keep the result. A sealed channel is no
 * first sight: members that registered long ago meet newcomers every day, and are old. Founders
 * are exempt: whoever wrote the genesis saw them.
 */
import { type ProtocolParameters, scaledMs } from '../parameters.ts';
import { type DifficultyParameters, toleratedBits } from './difficulty.ts';
import type { IdentityRecord } from './record.ts';

/** 30 days of the papers. */
export const FRESH_HOURS = 720;
/** On a network that runs much faster than the papers' hours, an identity still needs time to come. */
export const MIN_FRESH_MS = 60_000;
/** How far a newcomer's clock may be ahead; not scaled, since clocks aren't. */
export const FUTURE_SKEW_MS = 60_000;

type FreshnessParameters = Pick<ProtocolParameters, 'freshness' | 'timeScale'>;

/** How long after its making an identity may be seen for the first time, in ms of this network. */
export function freshMs(parameters: Pick<ProtocolParameters, 'timeScale'>): number {
  return Math.max(MIN_FRESH_MS, scaledMs(FRESH_HOURS, parameters));
}

/** Claims to be made, or signed, later than any clock here could show. Holds whatever `freshness` says. */
export function isFromFuture(record: IdentityRecord, nowMs: number): boolean {
  return record.renewedAtMs > nowMs + FUTURE_SKEW_MS;
}

/** Is it time to sign the record again, so that it shows that somebody still has the key? */
export function isStale(
  record: IdentityRecord,
  nowMs: number,
  parameters: Pick<ProtocolParameters, 'timeScale'>,
): boolean {
  return record.renewedAtMs < nowMs - freshMs(parameters);
}

/** May an identity that is first seen at `nowMs` still enter? */
export function isFresh(
  record: IdentityRecord,
  nowMs: number,
  parameters: FreshnessParameters,
): boolean {
  if (isFromFuture(record, nowMs)) return false;
  if (parameters.freshness === 'off') return true;
  // Made, not renewed: renewing costs nothing.
  return record.createdAtMs >= nowMs - freshMs(parameters);
}

/**
 * What speaks against registering an identity, besides its record: null for nothing. `members` is
 * the size that the judging peer estimates (estimateSize).
 */
export function newcomerProblem(
  record: IdentityRecord,
  seen: { readonly nowMs: number; readonly members: number },
  parameters: FreshnessParameters & DifficultyParameters,
): string | null {
  if (isFromFuture(record, seen.nowMs)) return 'it is from the future';
  if (!isFresh(record, seen.nowMs, parameters)) return 'it was made too long ago';
  const bits = toleratedBits(parameters, seen.members);
  return record.bits < bits ? `it claims ${record.bits} zero bits where ${bits} are needed` : null;
}
