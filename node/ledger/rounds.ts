/**
 * Two-of-three rounds (PROTOCOL.md 4; P 11.9.5, 11.9.8.1): a transaction of the high value class that
 * moves one token is confirmed at three other places of the ring, each by a witness token of its own,
 * and passes when its own token and two of the three do.
 *
 * The witness token of round i is `H(round, token 32 ‖ previous 32 ‖ key 32 ‖ i u8)`, where `key` is the
 * public key that signs the change. A mapping names only the key's hash, so nobody but the owner knows
 * the places before the transaction is sent, and every move has new ones. But the owner can't choose
 * them: two transactions that follow one mapping are signed by one key and have the same three, any two
 * of which share one with any other two. So where even all keepers of the token say yes to both, only
 * one of the two passes (docs/decisions/2026-11-21-two-of-three-rounds.md).
 */
import { hash } from '../crypto/hash.ts';
import { type Id, idToBytes } from '../id.ts';
import type { ProtocolParameters } from '../parameters.ts';
import { isWitness } from './transaction.ts';
import type { TokenChange, Transaction } from './types.ts';

/** P 11.9.5. */
export const ROUNDS = 3;
export const ROUNDS_NEEDED = 2;

/** Witness tokens of the rounds that confirm this change, in order; `key` signs it. */
export function roundTokens(
  { token, previous }: Pick<TokenChange, 'token' | 'previous'>,
  key: Uint8Array,
): readonly Id[] {
  const place = [idToBytes(token), idToBytes(previous), key] as const;
  return Array.from({ length: ROUNDS }, (_, round) =>
    hash('round', ...place, new Uint8Array([round])),
  );
}

/** Witness tokens of its three rounds; none where it has other witnesses, or moves several tokens. */
export function roundsOf({ body, authorisations }: Transaction): readonly Id[] {
  const { changes, valueClass } = body;
  // The hashes are only worth it where they may matter.
  if (valueClass !== 'high' || changes.length !== 1 + ROUNDS) return [];
  const index = changes.findIndex((change) => !isWitness(change));
  const main = changes[index];
  const key = authorisations[index]?.key;
  if (main === undefined || key === undefined) return [];
  const rounds = roundTokens(main, key);
  const isRound = ({ token }: TokenChange): boolean =>
    token === main.token || rounds.includes(token);
  return changes.every(isRound) ? rounds : [];
}

/** Which of its rounds have passed, given which of its tokens have. */
export function passedRounds(
  transaction: Transaction,
  hasPassed: (token: Id) => boolean,
): readonly Id[] {
  return roundsOf(transaction).filter((token) => hasPassed(token));
}

/** Has it passed, given which of its tokens have? */
export function passesWith(
  transaction: Transaction,
  { witnesses }: Pick<ProtocolParameters, 'witnesses'>,
  hasPassed: (token: Id) => boolean,
): boolean {
  const rounds = witnesses === 'two-of-three' ? roundsOf(transaction) : [];
  const { changes } = transaction.body;
  if (!changes.every(({ token }) => rounds.includes(token) || hasPassed(token))) return false;
  return rounds.length === 0 || passedRounds(transaction, hasPassed).length >= ROUNDS_NEEDED;
}
