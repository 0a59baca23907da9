/** Transactions that a client has submitted and follows to their end. */
import type { Host } from '../host.ts';
import type { Id } from '../id.ts';
import { passesWith } from '../ledger/rounds.ts';
import type { ProtocolParameters } from '../parameters.ts';
import { describe } from '../peer/rows.ts';
import type { TransactionRow } from '../telemetry.ts';
import { isQuorum } from '../voting/rules.ts';
import type { Message } from '../wire/messages.ts';
import type { Draft, Wallet } from './wallet.ts';

/** After the peers' own first repeat. */
const RESEND_MS = 2000;
/** The peers have given up before. */
const LIMIT_MS = 25_000;
/** Under way: half a minute at thirty a second; arrivals beyond it are not made. */
const MAX_UNDER_WAY = 1024;

interface UnderWay {
  readonly draft: Draft;
  readonly wallet: Wallet;
  readonly submittedAt: number;
  resendAt: number;
  /** Who said that it is committed. */
  readonly told: Set<Id>;
}

export interface SubmissionEvents {
  send(to: Id, message: Message): void;
  /** Who keeps a token; `extra` more members for a transaction that asks for them. */
  neighbourhood(token: Id, extra: number): readonly Id[];
}

export class Submissions {
  readonly #parameters: Pick<ProtocolParameters, 'witnesses'>;
  readonly #host: Host;
  readonly #events: SubmissionEvents;
  readonly #underWay = new Map<Id, UnderWay>();

  constructor(
    parameters: Pick<ProtocolParameters, 'witnesses'>,
    host: Host,
    events: SubmissionEvents,
  ) {
    this.#parameters = parameters;
    this.#host = host;
    this.#events = events;
  }

  get size(): number {
    return this.#underWay.size;
  }

  get isFull(): boolean {
    return this.#underWay.size >= MAX_UNDER_WAY;
  }

  submit(draft: Draft, wallet: Wallet): void {
    const now = this.#host.now();
    const resendAt = now + RESEND_MS;
    const underWay = { draft, wallet, submittedAt: now, resendAt, told: new Set<Id>() };
    this.#underWay.set(draft.transaction.id, underWay);
    this.#host.report(row(draft, 'submitted', now, null));
    this.#send(underWay);
  }

  /** Committed when more than 2/3 of the neighbourhood of each token that must pass said so. */
  onCommitted(from: Id, tx: Id): void {
    const underWay = this.#underWay.get(tx);
    if (underWay === undefined) return;
    const { draft, wallet, told, submittedAt } = underWay;
    told.add(from);
    const { transaction } = draft;
    const isDone = passesWith(transaction, this.#parameters, (token) => {
      const { extraNeighbours } = transaction.body;
      const near = this.#events.neighbourhood(token, extraNeighbours);
      return isQuorum(near.filter((id) => told.has(id)).length, near.length);
    });
    if (!isDone) return;
    this.#underWay.delete(tx);
    wallet.committed(draft);
    const now = this.#host.now();
    this.#host.report(row(draft, 'committed', submittedAt, now));
    const linked = this.isFull ? null : wallet.link(draft, now);
    if (linked !== null) this.submit(linked, wallet);
  }

  /** Others are known to keep its tokens. */
  sendAgain(tx: Id): void {
    const underWay = this.#underWay.get(tx);
    if (underWay !== undefined) this.#send(underWay);
  }

  /** Sends again, the identical bytes; gives up at the limit. */
  tick(): void {
    const now = this.#host.now();
    for (const [tx, underWay] of this.#underWay) {
      const { draft, wallet, submittedAt } = underWay;
      if (now - submittedAt > LIMIT_MS) {
        this.#underWay.delete(tx);
        wallet.abandoned(draft);
        this.#host.report(row(draft, 'timed-out', submittedAt, null));
      } else if (now >= underWay.resendAt) {
        underWay.resendAt = now + RESEND_MS;
        this.#send(underWay);
      }
    }
  }

  /** To those that have not said that they committed it. */
  #send({ draft: { transaction }, told }: UnderWay): void {
    const { changes, extraNeighbours } = transaction.body;
    const near = new Set(
      changes.flatMap(({ token }) => this.#events.neighbourhood(token, extraNeighbours)),
    );
    for (const id of near.difference(told)) {
      this.#events.send(id, { type: 'submit', transaction });
    }
  }
}

function row(
  { transaction }: Draft,
  outcome: TransactionRow['outcome'],
  submittedAt: number,
  committedAt: number | null,
): TransactionRow {
  return {
    ...describe(transaction),
    part: 'client',
    outcome,
    kept: [],
    submittedAt,
    firstVoteAt: null,
    committedAt,
    viewOverlap: null,
    rounds: null,
  };
}
