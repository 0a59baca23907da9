/** What the parts of a peer share. */
import type { Decisions } from '../decisions.ts';
import type { Host } from '../host.ts';
import type { Id } from '../id.ts';
import type { RecordChecker } from '../identity/checker.ts';
import type { Membership } from '../ledger/membership.ts';
import type { Transaction } from '../ledger/types.ts';
import type { ProtocolParameters } from '../parameters.ts';
import type { Message } from '../wire/messages.ts';
import type { Holdings } from './holdings.ts';

export interface PeerContext {
  readonly network: Id;
  readonly parameters: ProtocolParameters;
  /** This peer's address. */
  readonly self: Id;
  readonly host: Host;
  /** Without the banned. */
  readonly membership: Membership;
  /** Checks records that strangers bring, each once and within a budget. */
  readonly checker: RecordChecker;
  readonly holdings: Holdings;
  readonly decisions: Decisions;
  readonly send: (to: Id, message: Message) => void;
}

/** Addresses of the k members nearest a token, nearest first; `extra` more for who asked for them. */
export function neighbourhood(
  { membership, parameters }: Pick<PeerContext, 'membership' | 'parameters'>,
  token: Id,
  extra = 0,
): readonly Id[] {
  return membership.near(token, parameters.k + extra);
}

/** Who votes on `token` as `transaction` changes it, nearest first: it may ask for more than k. */
export function keepersOf(
  context: Pick<PeerContext, 'membership' | 'parameters'>,
  { body }: Transaction,
  token: Id,
): readonly Id[] {
  return neighbourhood(context, token, body.extraNeighbours);
}

/** Everyone that votes on one of its tokens. */
export function keepersOfAll(
  context: Pick<PeerContext, 'membership' | 'parameters'>,
  transaction: Transaction,
): ReadonlySet<Id> {
  const keepers = new Set<Id>();
  for (const { token } of transaction.body.changes) {
    for (const id of keepersOf(context, transaction, token)) keepers.add(id);
  }
  return keepers;
}
