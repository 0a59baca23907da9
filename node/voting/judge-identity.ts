/**
 * What a voter thinks of a transaction about an identity token (PROTOCOL.md 1, 3, 5). Each purpose
 * has its rule; nothing else may touch the token of a known identity, so that nobody takes an
 * address before its owner registers it, or moves it past its neighbours' eyes.
 *
 * What may still come true (a record that has not arrived, a storage challenge under way, a clock
 * that is behind) is out of order and judged again; only what no time can mend is invalid.
 */
import type { Ballot } from '../decisions.ts';
import { type Id, ZERO_ID } from '../id.ts';
import type { Standing } from '../ledger/standing.ts';
import type { Mapping, Purpose, TokenChange } from '../ledger/types.ts';

/** How far a member's clock may be ahead of a voter's, ms: twice the two seconds that skew is taken for. */
export const MAX_CLOCK_AHEAD_MS = 4000;

/** What a voter knows of identities. */
export interface Identities {
  readonly nowMs: number;
  /** A lease of this network, ms. */
  readonly leaseMs: number;
  /** How old a `synchronised` may be when it is voted on, ms: its trust period begins at its time. */
  readonly maxSynchronisedAgeMs: number;
  /** Hash of its identity key, when its record was checked here and it is not banned. */
  keyOf(address: Id): Id | undefined;
  standing(address: Id): Standing | undefined;
  /** May an identity of this record be registered now? */
  mayRegister(address: Id): boolean;
  /** Has it answered this peer's storage challenges? */
  storesItsRange(address: Id): boolean;
  /** Has its lease run out, and is it silent while its neighbours are not? */
  hasLapsed(address: Id): boolean;
}

export interface IdentityChange {
  readonly change: TokenChange;
  readonly kind: Exclude<Purpose['kind'], 'ordinary' | 'slashing'>;
  readonly timestamp: number;
  /** Hash of the key that authorised it. */
  readonly signer: Id;
}

/** `kind` creates the token; nobody has a mapping of it here. */
export function judgeRegister(asked: IdentityChange, identities: Identities): Ballot {
  const { change, timestamp } = asked;
  const key = identities.keyOf(change.token);
  if (key === undefined) return 'out-of-order';
  if (key !== change.owner || !identities.mayRegister(change.token)) return 'invalid';
  return timestamp > identities.nowMs + MAX_CLOCK_AHEAD_MS ? 'out-of-order' : 'valid';
}

/** `mapping` is what the change follows, made at `previousMs`. */
export function judgeIdentityChange(
  asked: IdentityChange,
  mapping: Mapping,
  previousMs: number,
  identities: Identities,
): Ballot {
  const { change, kind, timestamp } = asked;
  const { token, owner } = change;
  const standing = identities.standing(token);
  if (owner !== mapping.owner || owner === ZERO_ID) return 'invalid';
  if (standing === undefined) return 'out-of-order';
  if (kind === 'lapse') {
    if (timestamp !== lapseTime(previousMs)) return 'invalid';
    return standing.countedFromMs !== null && identities.hasLapsed(token)
      ? 'valid'
      : 'out-of-order';
  }
  if (asked.signer !== mapping.owner || timestamp <= previousMs) return 'invalid';
  if (timestamp > identities.nowMs + MAX_CLOCK_AHEAD_MS) return 'out-of-order';
  // More often than this a renewal is a burden and nothing else.
  const isSoon = timestamp < previousMs + identities.leaseMs / 4;
  if (kind === 'synchronised') {
    const isOld = timestamp < identities.nowMs - identities.maxSynchronisedAgeMs;
    // It may have lapsed where others voted: to who has not heard of that it is a late renewal.
    if (isOld || (isSoon && standing.countedFromMs !== null)) return 'out-of-order';
    return identities.storesItsRange(token) ? 'valid' : 'out-of-order';
  }
  if (isSoon) return 'invalid';
  return standing.countedFromMs === null ? 'out-of-order' : 'valid';
}

/**
 * The timestamp of the lapse that follows a transaction of this one: any two proposers must make the
 * same transaction, so that the vote lock never splits between them.
 */
export function lapseTime(previousMs: number): number {
  return previousMs + 1;
}
