/**
 * Supporting tokens (PROTOCOL.md 4; P 11.9.8.3): five tokens at other places of the ring that say
 * which transaction a valuable token is at, so that its state survives the loss of all its keepers.
 *
 * The i-th supporting token of a main token is `H(supporting, main 32 ‖ i u8)`: who has lost
 * everything but the main token's id can find them. A transaction of the high value class supports
 * its main token when it also changes at least three of the five, and leaves those with the main
 * token's new owner (with any owner, when it destroys the main token). Every change that follows a
 * supported one changes at least three of the five too, or the keepers call it invalid.
 *
 * Why three of five restore: they change in one transaction with the main token, so each names a
 * transaction that its main token's own keepers committed. Two sets of three of five share one, so as
 * long as three name a transaction none that follows it was committed. Any one alone proves nothing: the
 * two that a later change left out still name an older state.
 */
import { hash } from '../crypto/hash.ts';
import { type Id, idToBytes, ZERO_ID } from '../id.ts';
import type { Transaction } from './types.ts';

/** P 11.9.8.3: five, of which any three restore. */
export const SUPPORTING = 5;
export const RESTORING = 3;

export function supportingTokens(main: Id): readonly Id[] {
  const bytes = idToBytes(main);
  return Array.from({ length: SUPPORTING }, (_, index) =>
    hash('supporting', bytes, new Uint8Array([index])),
  );
}

/** Can the state that `transaction` gives to `main` be restored from supporting tokens? */
export function isSupported({ body }: Transaction, main: Id): boolean {
  const { changes, valueClass } = body;
  // Five hashes are only worth it where they may matter.
  if (valueClass !== 'high' || changes.length <= RESTORING) return false;
  const own = changes.find(({ token }) => token === main);
  if (own === undefined) return false;
  const supporting = supportingTokens(main);
  const living = changes.filter(
    ({ token, owner }) =>
      supporting.includes(token) &&
      owner !== ZERO_ID &&
      (owner === own.owner || own.owner === ZERO_ID),
  );
  return living.length >= RESTORING;
}

/** May `transaction` follow a supported state of `main`? It must take three of the five along. */
export function takesSupportAlong(transaction: Transaction, main: Id): boolean {
  return supportWith(transaction, main).length >= RESTORING;
}

/**
 * Tokens that must have passed before a keeper of `token` votes on it: where its supporting tokens
 * go along, these. Whoever holds one of them up, or has created one first, then costs the owner that
 * transaction, not the token: nobody who keeps it has bound itself.
 */
export function votedBefore(transaction: Transaction, token: Id): readonly Id[] {
  const { changes, valueClass } = transaction.body;
  if (valueClass !== 'high' || changes.length <= RESTORING) return [];
  const supporting = supportWith(transaction, token);
  return supporting.length >= RESTORING ? supporting : [];
}

/** Those of its changes that are supporting tokens of `main`. */
function supportWith({ body }: Transaction, main: Id): readonly Id[] {
  const supporting = supportingTokens(main);
  return body.changes.flatMap(({ token }) => (supporting.includes(token) ? [token] : []));
}
