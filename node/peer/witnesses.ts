/**
 * Witnesses (PROTOCOL.md 3, whitepaper 8.4): the k members nearest a transaction's id keep a copy of
 * it once it is committed, so that it can be found by its id alone. The two of its keepers that are
 * nearest the id send it. A witness vouches for nothing: a copy says "witnessed", whoever needs to
 * know that it is committed asks the keepers of its tokens.
 */
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { type Id, ringDistance } from '../id.ts';
import { checkTransaction, readTransaction, writeTransaction } from '../ledger/transaction.ts';
import type { Transaction } from '../ledger/types.ts';
import { Allowance } from './allowance.ts';
import { keepersOfAll, neighbourhood, type PeerContext } from './context.ts';
import { keeperRow } from './rows.ts';

const PREFIX = 'witness/';
/** Copies: about a kilobyte each, so some megabytes of disk; those that came first leave. */
export const MAX_WITNESSED = 4096;
/** One lost datagram must not lose the copies, and each more sender costs k messages. */
const SENDERS = 2;
/** Copies from one remote: each costs the check of up to six signatures. */
const COPIES_PER_SECOND = 100;

/** Who has a copy, or should have one, nearest first. */
export function witnessesOf(
  context: Pick<PeerContext, 'membership' | 'parameters'>,
  tx: Id,
): readonly Id[] {
  return neighbourhood(context, tx);
}

export class Witnesses {
  readonly #context: PeerContext;
  /** Oldest first. */
  readonly #copies = new Set<Id>();
  readonly #allowance = new Allowance(COPIES_PER_SECOND, 1000);

  constructor(context: PeerContext) {
    this.#context = context;
    const stored = [...context.host.store.entries(PREFIX)].map(([key, bytes]) => {
      const read = decode(bytes, (reader) => ({
        at: reader.u64(),
        copy: reader.raw(reader.remaining),
      }));
      if (!read.ok) throw new Error(`the stored ${key} is damaged: ${read.reason}`);
      return { tx: key.slice(PREFIX.length), at: read.value.at };
    });
    stored.sort((a, b) => a.at - b.at);
    for (const { tx } of stored) this.#copies.add(tx);
  }

  get size(): number {
    return this.#copies.size;
  }

  /** A transaction was committed here: whoever of its keepers is nearest its id tells the witnesses. */
  committed(transaction: Transaction): void {
    const { self, send } = this.#context;
    const keepers = keepersOfAll(this.#context, transaction);
    const own = ringDistance(transaction.id, self);
    let nearer = 0;
    for (const id of keepers) {
      if (ringDistance(transaction.id, id) < own) nearer += 1;
      if (nearer >= SENDERS) return;
    }
    for (const witness of witnessesOf(this.#context, transaction.id)) {
      if (!keepers.has(witness)) send(witness, { type: 'witness', transaction });
    }
  }

  /** A keeper hands over a copy. What is not near this peer, or no sound transaction, is not kept. */
  onWitness(from: Id, transaction: Transaction): void {
    const { holdings, host, network, self } = this.#context;
    const { id } = transaction;
    if (this.#copies.has(id) || holdings.transaction(id) !== undefined) return;
    const now = host.now();
    if (!witnessesOf(this.#context, id).includes(self)) return;
    if (!keepersOfAll(this.#context, transaction).has(from)) return;
    if (!this.#allowance.take(from, now)) return;
    if (!checkTransaction(transaction, { network, nowMs: now }).ok) return;
    const [oldest] = this.#copies;
    if (oldest !== undefined && this.#copies.size >= MAX_WITNESSED) {
      this.#copies.delete(oldest);
      host.store.delete(PREFIX + oldest);
    }
    this.#copies.add(id);
    const writer = new Writer().u64(now);
    writeTransaction(writer, transaction);
    host.store.put(PREFIX + id, writer.finish());
    const here = { part: 'witness', kept: [], firstVoteAt: null, committedAt: null } as const;
    host.report(keeperRow(transaction, 'witnessed', here));
  }

  /** The copy of a transaction. Throws an Error when it is damaged. */
  transaction(tx: Id): Transaction | undefined {
    const bytes = this.#copies.has(tx) ? this.#context.host.store.get(PREFIX + tx) : undefined;
    if (bytes === undefined) return undefined;
    const stored = decode(bytes, (reader) => {
      reader.u64();
      return readTransaction(reader);
    });
    if (!stored.ok) throw new Error(`the copy of transaction ${tx} is damaged: ${stored.reason}`);
    return stored.value;
  }

  /** Answers who asks for a transaction that this peer does not hold as a keeper. */
  answer(from: Id, tx: Id): void {
    const transaction = this.transaction(tx);
    if (transaction === undefined) return;
    this.#context.send(from, { type: 'transaction', transaction, commit: 'witnessed' });
  }
}
