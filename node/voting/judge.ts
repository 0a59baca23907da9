/** What an honest peer thinks of one token of a transaction, given what it knows (PROTOCOL.md 3, 4). */
import type { Ballot } from '../decisions.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { takesSupportAlong } from '../ledger/supporting.ts';
import { authorisedBy } from '../ledger/transaction.ts';
import type { Mapping, TokenChange, Transaction } from '../ledger/types.ts';
import { type Identities, judgeIdentityChange, judgeRegister } from './judge-identity.ts';
import { boundTo, type VoteLock } from './lock.ts';

/** What a voter knows. */
export interface Knowledge {
  /** The newest committed mapping of a token. */
  mapping(token: Id): Mapping | undefined;
  isCommitted(tx: Id): boolean;
  /** Timestamp of a committed transaction; 0 for the genesis and what is not kept. */
  timestampOf(tx: Id): number;
  /** Can the state that this committed transaction gave to the token be restored (supporting.ts)? */
  isSupported(tx: Id, token: Id): boolean;
  /** Is this the charge against the owner of this identity token, and is it proven here? */
  convicts(charge: Id, token: Id): boolean;
  /** What is known of members and of those that want to be. */
  readonly identities: Identities;
}

/** `conflict`: valid, had this peer not already called another one valid after the same previous. */
export type Judgement = { readonly ballot: Ballot; readonly conflict: boolean };

/** Judges change `index`; a `valid` has taken the vote lock. */
export function judge(
  transaction: Transaction,
  index: number,
  knowledge: Knowledge,
  lock: VoteLock,
): Judgement {
  const change = transaction.body.changes[index];
  if (change === undefined) throw new RangeError(`no change ${index}`);
  const ballot = withoutLock(transaction, index, change, knowledge);
  const { token } = change;
  const bound = boundTo(transaction, change);
  if (ballot === 'invalid') {
    const holder = lock.holder(token, bound);
    return { ballot, conflict: holder !== undefined && holder !== transaction.id };
  }
  if (ballot !== 'valid' || lock.claim(token, bound, transaction.id)) {
    return { ballot, conflict: false };
  }
  return { ballot: 'invalid', conflict: true };
}

function withoutLock(
  transaction: Transaction,
  index: number,
  change: TokenChange,
  knowledge: Knowledge,
): Ballot {
  const { token, previous } = change;
  const { purpose, timestamp } = transaction.body;
  const { identities } = knowledge;
  const { kind } = purpose;
  const mapping = knowledge.mapping(token);
  if (mapping?.tx === transaction.id) return 'valid';
  const signer = authorisedBy(transaction, index);
  if (kind === 'ordinary' && identities.standing(token) !== undefined) return 'invalid';
  if (previous === ZERO_ID) {
    if (mapping !== undefined) return 'invalid';
    if (kind !== 'register') return 'valid';
    return judgeRegister({ change, kind, timestamp, signer }, identities);
  }
  // What this peer has never seen committed may be so elsewhere: it asks before it judges.
  if (mapping === undefined) return 'out-of-order';
  if (mapping.owner === ZERO_ID) return 'invalid';
  // Whatever the convicted one has done to its token since.
  if (kind === 'slashing') {
    return knowledge.convicts(purpose.charge, token) ? 'valid' : 'out-of-order';
  }
  if (mapping.tx !== previous) {
    if (!knowledge.isCommitted(previous)) return 'out-of-order';
    // Who comes back need not have heard what passed while it was away.
    if (kind !== 'synchronised') return 'invalid';
  }
  const previousMs = knowledge.timestampOf(mapping.tx);
  if (kind !== 'ordinary') {
    const asked = { change, kind, timestamp, signer };
    return judgeIdentityChange(asked, mapping, previousMs, identities);
  }
  if (timestamp <= previousMs) return 'invalid';
  // Its supporting tokens would go on naming the state that this one ends.
  const isLeftBehind =
    knowledge.isSupported(previous, token) && !takesSupportAlong(transaction, token);
  return signer === mapping.owner && !isLeftBehind ? 'valid' : 'invalid';
}
