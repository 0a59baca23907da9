/** A peer's own transactions (its identity token, its lamppost): followed as a client follows its. */
import type { Id } from '../id.ts';
import type { Transaction } from '../ledger/types.ts';
import { isQuorum } from '../voting/rules.ts';
import { keepersOf, keepersOfAll, type PeerContext } from './context.ts';

/** After the voters' own first repeat. */
const RESEND_MS = 2000;
/** The voters have given up before. */
const LIMIT_MS = 25_000;
/** Far more than a peer has to say of itself; beyond it the oldest is not followed any more. */
const MAX_UNDER_WAY = 32;

export type OwnOutcome = 'committed' | 'timed-out';

interface UnderWay {
  readonly transaction: Transaction;
  readonly settled: (outcome: OwnOutcome) => void;
  readonly since: number;
  resendAt: number;
  readonly told: Set<Id>;
}

export class OwnTransactions {
  readonly #context: PeerContext;
  /** Hands a transaction to this peer itself, should it vote on it. */
  readonly #judge: (transaction: Transaction) => void;
  readonly #underWay = new Map<Id, UnderWay>();

  constructor(context: PeerContext, judge: (transaction: Transaction) => void) {
    this.#context = context;
    this.#judge = judge;
  }

  /**
   * Sends it to all who vote on it, until more than 2/3 of the neighbourhood of each of its tokens
   * said that it is committed, or time is over. Submit the identical transaction to try again: a
   * second one for the same mapping may freeze the token.
   */
  submit(transaction: Transaction, settled: (outcome: OwnOutcome) => void = () => {}): void {
    if (this.#underWay.has(transaction.id)) return;
    const [oldest] = this.#underWay.keys();
    if (oldest !== undefined && this.#underWay.size >= MAX_UNDER_WAY) {
      this.#end(oldest, 'timed-out');
    }
    const now = this.#context.host.now();
    const told = new Set<Id>();
    const underWay = { transaction, settled, since: now, resendAt: now + RESEND_MS, told };
    this.#underWay.set(transaction.id, underWay);
    this.#send(underWay);
    this.#judge(transaction);
  }

  /** `from` says that it has committed it; this peer itself too. */
  onCommitted(from: Id, tx: Id): void {
    const underWay = this.#underWay.get(tx);
    if (underWay === undefined) return;
    const { transaction, told } = underWay;
    told.add(from);
    const isDone = transaction.body.changes.every(({ token }) => {
      const near = keepersOf(this.#context, transaction, token);
      return isQuorum(near.filter((id) => told.has(id)).length, near.length);
    });
    if (isDone) this.#end(tx, 'committed');
  }

  tick(): void {
    const now = this.#context.host.now();
    for (const [tx, underWay] of this.#underWay) {
      if (now - underWay.since > LIMIT_MS) this.#end(tx, 'timed-out');
      else if (now >= underWay.resendAt) {
        underWay.resendAt = now + RESEND_MS;
        this.#send(underWay);
      }
    }
  }

  #end(tx: Id, outcome: OwnOutcome): void {
    const underWay = this.#underWay.get(tx);
    this.#underWay.delete(tx);
    underWay?.settled(outcome);
  }

  /** To those that have not said that they committed it. */
  #send({ transaction, told }: UnderWay): void {
    const { self, send } = this.#context;
    for (const id of keepersOfAll(this.#context, transaction)) {
      if (id !== self && !told.has(id)) send(id, { type: 'submit', transaction });
    }
  }
}
