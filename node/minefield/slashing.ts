/**
 * Slashing (PROTOCOL.md 7): the accused's neighbours, without it, destroy its identity token.
 *
 * The transaction's body follows from the accused alone: whichever of several packages a neighbour
 * holds, its proposal is the same transaction, so that the vote lock never splits between rivals.
 * Who votes for it has verified a package itself. The nearest proposes at once, each next one a turn
 * later if nothing was executed.
 */
import { decode } from '../codec/reader.ts';
import type { SigningKey } from '../crypto/ed25519.ts';
import { hash } from '../crypto/hash.ts';
import { type Id, idToBytes, ZERO_ID } from '../id.ts';
import { readRecord } from '../identity/record.ts';
import { signTransaction } from '../ledger/transaction.ts';
import type { Transaction } from '../ledger/types.ts';
import type { EvidencePackage } from './types.ts';

/** A far round trip, the window of a vote, and some. */
export const PROPOSER_TURN_MS = 4000;

/** What a slashing of this identity names as its ground. */
export function chargeAgainst(accused: Id): Id {
  return hash('evidence', idToBytes(accused));
}

/** The slashing of a verified package; null if its record can't be read. */
export function slashing(
  evidence: EvidencePackage,
  previous: Id,
  proposer: SigningKey,
): Transaction | null {
  const record = decode(evidence.record, readRecord);
  if (!record.ok) return null;
  const { network, accused } = evidence;
  const body = {
    network,
    changes: [{ token: accused, owner: ZERO_ID, previous }],
    timestamp: record.value.createdAtMs,
    valueClass: 'low' as const,
    extraNeighbours: 0,
    purpose: { kind: 'slashing' as const, charge: chargeAgainst(accused) },
  };
  return signTransaction(body, [proposer]);
}

/** How long this peer leaves the proposal to those nearer; null when it isn't a neighbour. */
export function proposalDelayMs(neighbourhood: readonly Id[], self: Id): number | null {
  const rank = neighbourhood.indexOf(self);
  return rank === -1 ? null : rank * PROPOSER_TURN_MS;
}
