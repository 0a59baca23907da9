/**
 * Frozen tokens (PROTOCOL.md 4): an owner who signed two transactions after one mapping may have
 * split the neighbourhood's votes so that neither ever passes. Both together prove it: the token is
 * marked, told to its keepers, and nobody waits for it any more. The mark changes no vote; whoever
 * sees one of the two, or any successor of the mapping, pass after all clears it.
 *
 * Stored as `frozen/` + token → the two transactions.
 */
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { type Id, ZERO_ID } from '../id.ts';
import {
  authorisedBy,
  checkTransaction,
  readTransaction,
  writeTransaction,
} from '../ledger/transaction.ts';
import type { Transaction } from '../ledger/types.ts';
import type { Message } from '../wire/messages.ts';
import { Allowance } from './allowance.ts';
import { keepersOf, neighbourhood, type PeerContext } from './context.ts';
import { keeperRow } from './rows.ts';

const PREFIX = 'frozen/';
/** Marks kept, about 1 KB each, the oldest forgotten: each costs its owner the token. */
const MAX_FROZEN = 1024;
/** Two transactions have up to twelve signatures to check. */
const REPORTS_PER_SECOND = 4;

export class Frozen {
  readonly #context: PeerContext;
  readonly #tokens = new Set<Id>();
  readonly #reports = new Allowance(REPORTS_PER_SECOND, 1000);

  constructor(context: PeerContext) {
    this.#context = context;
    for (const [key] of context.host.store.entries(PREFIX)) {
      this.#tokens.add(key.slice(PREFIX.length));
    }
  }

  get size(): number {
    return this.#tokens.size;
  }

  /** The two that froze it. */
  proof(token: Id): readonly Transaction[] {
    const bytes = this.#context.host.store.get(PREFIX + token);
    if (bytes === undefined) return [];
    const both = decode(bytes, (reader) => [readTransaction(reader), readTransaction(reader)]);
    if (!both.ok) throw new Error(`stored proof of frozen ${token} is damaged: ${both.reason}`);
    return both.value;
  }

  /** Neither passed here in the time there is. */
  declare(one: Transaction, other: Transaction): void {
    const tokens = this.#mark(one, other);
    if (tokens.length === 0) return;
    const [first, second] = one.id < other.id ? [one, other] : [other, one];
    const message: Message = { type: 'frozen', one: first, other: second };
    const keepers = new Set(tokens.flatMap((token) => neighbourhood(this.#context, token)));
    for (const id of keepers) this.#context.send(id, message);
  }

  hear(from: Id, one: Transaction, other: Transaction): void {
    const { host, membership } = this.#context;
    if (!membership.has(from) || !this.#reports.take(from, host.now())) return;
    this.#mark(one, other);
  }

  committed({ body }: Transaction): void {
    for (const { token } of body.changes) {
      if (this.#tokens.delete(token)) this.#context.host.store.delete(PREFIX + token);
    }
  }

  /** Tokens that were not frozen before. */
  #mark(one: Transaction, other: Transaction): readonly Id[] {
    const tokens = this.#contested(one, other);
    if (tokens.length === 0 || !this.#isSigned(one) || !this.#isSigned(other)) return [];
    const writer = new Writer();
    writeTransaction(writer, one);
    writeTransaction(writer, other);
    for (const token of tokens) {
      const [oldest] = this.#tokens;
      if (oldest !== undefined && this.#tokens.size >= MAX_FROZEN) {
        this.#tokens.delete(oldest);
        this.#context.host.store.delete(PREFIX + oldest);
      }
      this.#context.host.store.put(PREFIX + token, writer.finish());
      this.#tokens.add(token);
    }
    for (const transaction of [one, other]) {
      const here = {
        part: 'neighbour',
        kept: tokens,
        firstVoteAt: null,
        committedAt: null,
      } as const;
      this.#context.host.report(keeperRow(transaction, 'frozen', here));
    }
    return tokens;
  }

  /** Tokens kept here that both would change, from the mapping they have, with their owner's word. */
  #contested(one: Transaction, other: Transaction): readonly Id[] {
    const { holdings, self } = this.#context;
    if (one.id === other.id) return [];
    return one.body.changes.flatMap(({ token, previous }, index) => {
      const otherIndex = other.body.changes.findIndex((change) => change.token === token);
      const rival = other.body.changes[otherIndex];
      if (rival === undefined || rival.previous !== previous || this.#tokens.has(token)) return [];
      if (!keepersOf(this.#context, one, token).includes(self)) return [];
      const mapping = holdings.mapping(token);
      if ((mapping?.tx ?? ZERO_ID) !== previous) return [];
      const owners = [authorisedBy(one, index), authorisedBy(other, otherIndex)];
      // Of a creation there is no owner before: whoever signed it may have.
      const isOwners = mapping === undefined || owners.every((owner) => owner === mapping.owner);
      return isOwners ? [token] : [];
    });
  }

  #isSigned(transaction: Transaction): boolean {
    const { host, network } = this.#context;
    return checkTransaction(transaction, { network, nowMs: host.now() }).ok;
  }
}
