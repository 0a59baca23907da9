/**
 * What sources have committed since their chains were read, by the ids that they tell (`commits`): a
 * hundredth of what their blocks weigh. Each transaction is fetched once, from those who told of it;
 * then its mappings count as told by each source, in the order in which that source told. A source
 * that can't be followed without a gap is lost: its chain is read again.
 */
import type { Id } from '../id.ts';
import { checkTransaction } from '../ledger/transaction.ts';
import type { Transaction } from '../ledger/types.ts';
import type { PeerContext } from './context.ts';
import { genesisTransaction } from './genesis.ts';

/** Told by one source and not fetched: it is not asked for more, each answer brings MAX_COMMITS. */
const MAX_QUEUED = 512;
/** Transactions remembered, about a kilobyte each: a few sources that tell nothing true have room. */
const MAX_KNOWN = 4096;
/** Asked per call of `tick`, ten times a second, of all and of one: below what answers.ts serves. */
const FETCHES_PER_TICK = 32;
const FETCHES_PER_SOURCE = 10;
/** Several far round trips. */
const RETRY_MS = 800;
/** A few liars and a lossy link are passed; what nobody has, nobody can have committed. */
const MAX_TRIES = 16;

interface Told {
  readonly by: Set<Id>;
  transaction: Transaction | null;
  sentAt: number;
  tries: number;
}

export interface FollowingEvents {
  /** The source has committed this after all that it told before. */
  committed(source: Id, transaction: Transaction): void;
  /** What it committed is not known without a gap any more. */
  lost(source: Id): void;
}

export class Following {
  readonly #context: PeerContext;
  readonly #events: FollowingEvents;
  readonly #known = new Map<Id, Told>();
  readonly #queues = new Map<Id, Id[]>();

  constructor(context: PeerContext, events: FollowingEvents) {
    this.#context = context;
    this.#events = events;
  }

  /** May this source be asked for more? */
  hasRoom(source: Id): boolean {
    return (this.#queues.get(source)?.length ?? 0) < MAX_QUEUED;
  }

  /** In the order of its chain. */
  onCommits(source: Id, txs: readonly Id[]): void {
    const queue = this.#queues.get(source) ?? [];
    this.#queues.set(source, queue);
    for (const tx of txs) {
      // The founding mappings were read with the chain.
      if (tx === genesisTransaction(this.#context.network)) continue;
      queue.push(tx);
      const told = this.#known.get(tx) ?? this.#remember(tx);
      if (told.by.has(source)) continue;
      told.by.add(source);
      // Whoever named it before, and had it not, must not use up the tries of those who have.
      told.tries = 0;
    }
    this.#drain(source);
  }

  /** What was fetched for it, checked in itself. */
  transaction(tx: Id): Transaction | undefined {
    return this.#known.get(tx)?.transaction ?? undefined;
  }

  /** True if it was asked for. */
  onTransaction(transaction: Transaction): boolean {
    const told = this.#known.get(transaction.id);
    if (told === undefined || told.transaction !== null) return false;
    const { host, network } = this.#context;
    if (!checkTransaction(transaction, { network, nowMs: host.now() }).ok) return true;
    told.transaction = transaction;
    for (const source of told.by) this.#drain(source);
    return true;
  }

  forget(source: Id): void {
    this.#queues.delete(source);
  }

  tick(nowMs: number): void {
    const asked = new Map<Id, number>();
    let left = FETCHES_PER_TICK;
    for (const [tx, told] of this.#known) {
      if (told.transaction !== null || nowMs - told.sentAt < RETRY_MS) continue;
      if (told.tries >= MAX_TRIES) {
        this.#giveUp(tx, told);
        continue;
      }
      const from = [...told.by][told.tries % told.by.size];
      const before = from === undefined ? 0 : (asked.get(from) ?? 0);
      if (left === 0 || from === undefined || before >= FETCHES_PER_SOURCE) continue;
      asked.set(from, before + 1);
      left -= 1;
      told.sentAt = nowMs;
      told.tries += 1;
      this.#context.send(from, { type: 'get-transaction', tx });
    }
  }

  #remember(tx: Id): Told {
    const [oldest] = this.#known;
    if (oldest !== undefined && this.#known.size >= MAX_KNOWN) this.#giveUp(...oldest);
    const transaction = this.#context.holdings.transaction(tx) ?? null;
    const sentAt = Number.NEGATIVE_INFINITY;
    const told = { by: new Set<Id>(), transaction, sentAt, tries: 0 };
    this.#known.set(tx, told);
    return told;
  }

  /** Those in whose queue it stands are not followed any more. */
  #giveUp(tx: Id, { by }: Told): void {
    this.#known.delete(tx);
    for (const source of by) {
      if (this.#queues.get(source)?.includes(tx) === true) this.#lose(source);
    }
  }

  #lose(source: Id): void {
    this.#queues.delete(source);
    this.#events.lost(source);
  }

  #drain(source: Id): void {
    const queue = this.#queues.get(source) ?? [];
    for (let [tx] = queue; tx !== undefined; [tx] = queue) {
      const transaction = this.transaction(tx);
      if (transaction === undefined) return;
      queue.shift();
      this.#events.committed(source, transaction);
    }
  }
}
