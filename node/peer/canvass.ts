/** What the keepers of a transaction's tokens tell one another about it. */
import type { Id } from '../id.ts';
import type { Transaction } from '../ledger/types.ts';
import type { Pending } from '../voting/pending.ts';
import type { Tally } from '../voting/rules.ts';
import type { Message } from '../wire/messages.ts';
import type { TokenBallot } from '../wire/voting.ts';
import { keepersOf, keepersOfAll, type PeerContext } from './context.ts';

export class Canvass {
  readonly #context: PeerContext;

  constructor(context: PeerContext) {
    this.#context = context;
  }

  /** Those of its tokens that this peer keeps. */
  kept(transaction: Transaction): readonly Id[] {
    const { self } = this.#context;
    return transaction.body.changes.flatMap(({ token }) =>
      keepersOf(this.#context, transaction, token).includes(self) ? [token] : [],
    );
  }

  /** Did this peer keep one of them when the transaction was made, or only since others left? */
  wasKeeper(transaction: Transaction): boolean {
    const { membership, parameters, self } = this.#context;
    const { changes, extraNeighbours, timestamp } = transaction.body;
    const size = parameters.k + extraNeighbours;
    return changes.some(({ token }) => membership.wasNear(self, token, size, timestamp));
  }

  /** One tally per token, in the order of its changes. */
  tallies(pending: Pending, transaction: Transaction): readonly Tally[] {
    return transaction.body.changes.map(({ token }) =>
      pending.tally(token, keepersOf(this.#context, transaction, token)),
    );
  }

  say(to: Iterable<Id>, tx: Id, ballots: readonly TokenBallot[], committed: boolean): void {
    const message: Message = { type: 'vote', tx, committed, ballots };
    for (const id of to) this.#context.send(id, message);
  }

  /** This peer's ballots, to every keeper of every token. */
  sayToAll(transaction: Transaction, ballots: readonly TokenBallot[]): void {
    this.say(this.#keepers(transaction), transaction.id, ballots, false);
  }

  /** It is committed somewhere: have the others seen it pass? */
  askWhoCommitted(pending: Pending, transaction: Transaction): void {
    for (const id of this.#keepers(transaction)) {
      if (!pending.hasCommitted(id)) this.#context.send(id, { type: 'ask-votes', tx: pending.tx });
    }
  }

  /** Says and asks again, only to and of those whose voice is missing. */
  repeat(pending: Pending, transaction: Transaction): void {
    const { send } = this.#context;
    for (const id of this.#keepers(transaction)) {
      if (!this.#isMissing(pending, transaction, id)) continue;
      if (!pending.hasHeard(id)) send(id, { type: 'submit', transaction });
      this.say([id], pending.tx, pending.ballots, false);
      send(id, { type: 'ask-votes', tx: pending.tx });
    }
  }

  #isMissing(pending: Pending, transaction: Transaction, id: Id): boolean {
    return transaction.body.changes.some(
      ({ token }) =>
        keepersOf(this.#context, transaction, token).includes(id) && !pending.isSettled(id, token),
    );
  }

  /** Without this peer. */
  #keepers(transaction: Transaction): ReadonlySet<Id> {
    const keepers = new Set(keepersOfAll(this.#context, transaction));
    keepers.delete(this.#context.self);
    return keepers;
  }
}
