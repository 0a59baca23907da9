/** What the committer needs of the other parts of a peer, and what it tells them. */
import type { Id } from '../id.ts';
import type { Transaction } from '../ledger/types.ts';
import type { Identities } from '../voting/judge-identity.ts';
import type { Pending } from '../voting/pending.ts';
import type { DoubleVote } from './ballot-box.ts';

export interface CommitterEvents {
  /** It passed here; `kept` are those of its tokens that this peer keeps. Its block comes later. */
  committed(transaction: Transaction, kept: readonly Id[]): void;
  /** May this peer vote on what it first saw then? Not with a memory that it has lost. */
  mayVote(firstSeenMs: number): boolean;
  /** Are the far neighbourhoods that it touches seen as their own members see them? */
  viewsHold(pending: Pending, transaction: Transaction): boolean;
  /** One voter has called two transactions valid that follow one mapping, and signed both. */
  readonly doubleVote: DoubleVote;
  /** What was to be voted on follows a mapping that is not here: the token itself may be lost. */
  missing(token: Id): void;
  /** This is the charge against the owner of this identity token, and it was verified here. */
  convicts(charge: Id, token: Id): boolean;
  /** What is known of members and of those that want to be. */
  readonly identities: Identities;
  /** A slashing passed or ran out of time here. */
  slashed(transaction: Transaction, outcome: 'executed' | 'rejected', tally: SlashTally): void;
  /** This peer voted on a slashing. */
  slashVoted(transaction: Transaction): void;
}

export interface SlashTally {
  readonly valid: number;
  readonly invalid: number;
}
