/**
 * What the keepers of a transaction's tokens tell one another about it (PROTOCOL.md 4).
 *
 * `voting: push` says each ballot to all who count it and asks again for what is missing; `polled`
 * says nothing unasked: each round it asks a few. With `voteExchange: certificates` votes stay
 * inside their neighbourhood; its two nearest members show the others the quorum they have seen.
 */
import type { Id } from '../id.ts';
import { passedRounds, passesWith, roundsOf } from '../ledger/rounds.ts';
import type { Transaction } from '../ledger/types.ts';
import type { Pending } from '../voting/pending.ts';
import { isQuorum, passes, type Tally } from '../voting/rules.ts';
import { MAX_CERTIFIED_VOTES } from '../voting/signed-vote.ts';
import { overlap, sketchOf } from '../voting/view-sketch.ts';
import type { Message } from '../wire/messages.ts';
import type { BallotBox } from './ballot-box.ts';
import { keepersOf, neighbourhood, type PeerContext } from './context.ts';

/**
 * Keepers of each token asked per round. The papers' example sends a vote to four
 * (consensus-performance 6); their simulation says no number.
 */
const POLLED_PER_ROUND = 4;
/** Who shows the others a neighbourhood's quorum: one more than needed, since one may be down. */
const MESSENGERS = 2;
/** So many repeats trust the messengers; then every missing voice is asked for itself. */
const MESSENGER_REPEATS = 2;

export class Canvass {
  readonly #context: PeerContext;
  readonly #box: BallotBox;

  constructor(context: PeerContext, box: BallotBox) {
    this.#context = context;
    this.#box = box;
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

  /** Does its word count for one of the tokens? */
  isKeeper(transaction: Transaction, id: Id): boolean {
    return transaction.body.changes.some(({ token }) =>
      keepersOf(this.#context, transaction, token).includes(id),
    );
  }

  /**
   * Does it pass for each token, and, where the transaction asks for larger neighbourhoods, with the k
   * nearest as well? Without their quorum a rival that asks for none could pass too, since a quorum of
   * many and one of few need not share an honest peer.
   */
  passes(pending: Pending, transaction: Transaction, rule: (tally: Tally) => boolean): boolean {
    const { parameters } = this.#context;
    return passesWith(transaction, parameters, (token) =>
      this.#hasPassed(pending, transaction, token, rule),
    );
  }

  /** Of tokens of it that must have passed before others are voted on, those that have not. */
  open(pending: Pending, transaction: Transaction, tokens: readonly Id[]): readonly Id[] {
    return tokens.filter((token) => !this.#hasPassed(pending, transaction, token));
  }

  /** How many of its three rounds have passed; null when it has none. */
  rounds(pending: Pending, transaction: Transaction): number | null {
    const { witnesses } = this.#context.parameters;
    if (witnesses !== 'two-of-three' || roundsOf(transaction).length === 0) return null;
    return passedRounds(transaction, (token) => this.#hasPassed(pending, transaction, token))
      .length;
  }

  /** That of its first token: a slashing has one. */
  firstTally(pending: Pending, transaction: Transaction): Tally | undefined {
    const [change] = transaction.body.changes;
    if (change === undefined) return undefined;
    return pending.tally(change.token, keepersOf(this.#context, transaction, change.token));
  }

  /** Mean over the voters heard and the tokens kept here; null when none told its view. */
  viewOverlap(pending: Pending, transaction: Transaction): number | null {
    const shares = this.kept(transaction).flatMap((token) => {
      const keepers = keepersOf(this.#context, transaction, token);
      const own = sketchOf(keepers);
      const others = keepers.filter((id) => id !== this.#context.self);
      return pending.views(token, others).map((view) => overlap(own, view));
    });
    if (shares.length === 0) return null;
    return shares.reduce((sum, share) => sum + share, 0) / shares.length;
  }

  /** Whose voices are awaited, per token: their usual lateness says when to ask again. */
  awaited(transaction: Transaction): readonly (readonly Id[])[] {
    const { self } = this.#context;
    return transaction.body.changes.map(({ token }) =>
      keepersOf(this.#context, transaction, token).filter((id) => id !== self),
    );
  }

  seenToPass(to: Id, tx: Id): void {
    if (!this.#box.isMute) this.#context.send(to, this.#box.seenToPass(tx));
  }

  /** This peer's ballots have changed: told to all who count them, unless they are polled. */
  sayToAll(pending: Pending, transaction: Transaction): void {
    if (this.#context.parameters.voting === 'polled') return;
    this.#send(this.#listeners(transaction), this.#box.own(transaction, pending.own));
  }

  /** What this peer knows of a transaction under vote, to who asks. */
  answer(to: Id, pending: Pending, transaction: Transaction): void {
    if (!this.#box.isMute) this.#context.send(to, this.#box.own(transaction, pending.own));
    if (!this.#isCertified(transaction)) return;
    for (const { token } of transaction.body.changes) {
      const keepers = keepersOf(this.#context, transaction, token);
      if (!keepers.includes(to)) this.#show([to], pending, token, keepers);
    }
  }

  /** It is committed somewhere: have the others seen it pass? */
  askWhoCommitted(pending: Pending, transaction: Transaction): void {
    for (const id of this.#keepers(transaction)) {
      if (!pending.hasCommitted(id)) this.#context.send(id, { type: 'ask-votes', tx: pending.tx });
    }
  }

  /** A quorum of a token that this peer is nearest to, to the other tokens' neighbourhoods. */
  certify(pending: Pending, transaction: Transaction): void {
    if (!this.#isCertified(transaction)) return;
    const { self } = this.#context;
    for (const { token } of transaction.body.changes) {
      const keepers = keepersOf(this.#context, transaction, token);
      const rank = keepers.indexOf(self);
      if (rank < 0 || rank >= MESSENGERS || pending.certified.has(token)) continue;
      const others = this.#keepers(transaction).difference(new Set(keepers));
      if (this.#show(others, pending, token, keepers)) pending.certified.add(token);
    }
  }

  /** Says and asks again, only to and of those whose voice is missing. */
  repeat(pending: Pending, transaction: Transaction): void {
    const { send } = this.#context;
    const listeners = this.#listeners(transaction);
    const isPatient = pending.retries < MESSENGER_REPEATS;
    for (const id of this.#keepers(transaction)) {
      if (!this.#isMissing(pending, transaction, id)) continue;
      if (listeners.has(id) || !isPatient) {
        if (!pending.hasHeard(id)) send(id, { type: 'submit', transaction });
        if (!this.#box.isMute) send(id, this.#box.own(transaction, pending.own));
      }
      if (listeners.has(id) || !isPatient || this.#isMessenger(transaction, id)) {
        send(id, { type: 'ask-votes', tx: pending.tx });
      }
    }
  }

  /** A round of `voting: polled`: the nearest missing voices of each token, in turn. */
  poll(pending: Pending, transaction: Transaction): void {
    const asked = new Set<Id>();
    for (const { token } of transaction.body.changes) {
      const missing = keepersOf(this.#context, transaction, token).filter(
        (id) => id !== this.#context.self && !pending.isSettled(id, token),
      );
      const from = (pending.retries * POLLED_PER_ROUND) % Math.max(1, missing.length);
      const turned = [...missing.slice(from), ...missing.slice(0, from)];
      for (const id of turned.slice(0, POLLED_PER_ROUND)) asked.add(id);
    }
    for (const id of asked) this.#context.send(id, { type: 'ask-votes', tx: pending.tx });
  }

  #hasPassed(
    pending: Pending,
    transaction: Transaction,
    token: Id,
    rule: (tally: Tally) => boolean = (tally) => passes(this.#context.parameters.commitRule, tally),
  ): boolean {
    if (!rule(pending.tally(token, keepersOf(this.#context, transaction, token)))) return false;
    return (
      transaction.body.extraNeighbours === 0 ||
      rule(pending.tally(token, neighbourhood(this.#context, token)))
    );
  }

  #show(to: Iterable<Id>, pending: Pending, token: Id, keepers: readonly Id[]): boolean {
    const votes = pending.signedValid(token, keepers);
    if (!isQuorum(votes.length, keepers.length)) return false;
    // As many as a quorum needs, and no more.
    const enough = votes.slice(0, Math.floor((keepers.length * 2) / 3) + 1);
    this.#send(to, {
      type: 'vote-certificate',
      votes: enough.toSorted((a, b) => (a.peer < b.peer ? -1 : 1)),
    });
    return true;
  }

  #send(to: Iterable<Id>, message: Message): void {
    for (const id of to) this.#context.send(id, message);
  }

  #isMissing(pending: Pending, transaction: Transaction, id: Id): boolean {
    return transaction.body.changes.some(
      ({ token }) =>
        keepersOf(this.#context, transaction, token).includes(id) && !pending.isSettled(id, token),
    );
  }

  #isMessenger(transaction: Transaction, id: Id): boolean {
    return transaction.body.changes.some(({ token }) => {
      const rank = keepersOf(this.#context, transaction, token).indexOf(id);
      return rank >= 0 && rank < MESSENGERS;
    });
  }

  /** Do certificates stand for votes of other neighbourhoods? Not where one would be too long. */
  #isCertified({ body }: Transaction): boolean {
    const { k, voteExchange } = this.#context.parameters;
    const quorum = Math.floor(((k + body.extraNeighbours) * 2) / 3) + 1;
    return voteExchange === 'certificates' && quorum <= MAX_CERTIFIED_VOTES;
  }

  /** Who is told this peer's votes: everyone that counts them, or its own neighbourhoods. */
  #listeners(transaction: Transaction): ReadonlySet<Id> {
    if (!this.#isCertified(transaction)) return this.#keepers(transaction);
    const near = this.kept(transaction).flatMap((token) =>
      keepersOf(this.#context, transaction, token),
    );
    const listeners = new Set(near);
    listeners.delete(this.#context.self);
    return listeners;
  }

  /** Without this peer. */
  #keepers(transaction: Transaction): ReadonlySet<Id> {
    const { self } = this.#context;
    const keepers = new Set<Id>();
    for (const { token } of transaction.body.changes) {
      for (const id of keepersOf(this.#context, transaction, token)) {
        if (id !== self) keepers.add(id);
      }
    }
    return keepers;
  }
}
