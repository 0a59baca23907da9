/**
 * What sources have committed since their chains were read, by the ids that they tell (`commits`): a
 * hundredth of what their blocks weigh. Each transaction is fetched once, from whoever told of it;
 * then its mappings count as told by each source, in the order in which that source told.
 */
import type { Id } from '../id.ts';
import { checkTransaction } from '../ledger/transaction.ts';
import type { Mapping, Transaction } from '../ledger/types.ts';
import type { PeerContext } from './context.ts';
import { genesisTransaction } from './genesis.ts';

/** Transactions remembered, oldest forgotten: what a busy range commits in some ten seconds. */
const MAX_KNOWN = 1024;
/** Told by one source and waiting for what it told before. */
const MAX_QUEUED = 1024;
/** Asked per call of `tick`, ten times a second: below what one source answers. */
const FETCHES_PER_TICK = 10;
/** Several far round trips. */
const RETRY_MS = 800;
/** A few liars and a lossy link are passed; what nobody has is left out. */
const MAX_TRIES = 16;

interface Told {
  readonly by: Set<Id>;
  transaction: Transaction | null;
  isGivenUp: boolean;
  sentAt: number;
  tries: number;
}

export class Following {
  readonly #context: PeerContext;
  readonly #note: (source: Id, mapping: Mapping) => void;
  readonly #known = new Map<Id, Told>();
  readonly #queues = new Map<Id, Id[]>();

  /** `note`: this is now the newest mapping of its token that the source holds. */
  constructor(context: PeerContext, note: (source: Id, mapping: Mapping) => void) {
    this.#context = context;
    this.#note = note;
  }

  /** In the order of its chain. */
  onCommits(source: Id, txs: readonly Id[]): void {
    const queue = this.#queues.get(source) ?? [];
    this.#queues.set(source, queue);
    for (const tx of txs) {
      // The founding mappings were read with the chain.
      if (tx === genesisTransaction(this.#context.network) || queue.length >= MAX_QUEUED) continue;
      queue.push(tx);
      const told = this.#known.get(tx) ?? this.#remember(tx);
      told.by.add(source);
    }
    this.#drain(source, queue);
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
    for (const source of told.by) this.#drain(source, this.#queues.get(source) ?? []);
    return true;
  }

  forget(source: Id): void {
    this.#queues.delete(source);
  }

  tick(nowMs: number): void {
    let left = FETCHES_PER_TICK;
    for (const [tx, told] of this.#known) {
      if (told.transaction !== null || told.isGivenUp || nowMs - told.sentAt < RETRY_MS) continue;
      if (left === 0) break;
      left -= 1;
      if (told.tries >= MAX_TRIES) {
        told.isGivenUp = true;
        for (const source of told.by) this.#drain(source, this.#queues.get(source) ?? []);
        continue;
      }
      const from = [...told.by][told.tries % told.by.size];
      told.sentAt = nowMs;
      told.tries += 1;
      if (from !== undefined) this.#context.send(from, { type: 'get-transaction', tx });
    }
  }

  #remember(tx: Id): Told {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= MAX_KNOWN) this.#known.delete(oldest);
    const transaction = this.#context.holdings.transaction(tx) ?? null;
    const told = {
      by: new Set<Id>(),
      transaction,
      isGivenUp: false,
      sentAt: Number.NEGATIVE_INFINITY,
      tries: 0,
    };
    this.#known.set(tx, told);
    return told;
  }

  #drain(source: Id, queue: Id[]): void {
    for (let [tx] = queue; tx !== undefined; [tx] = queue) {
      const told = this.#known.get(tx);
      if (told !== undefined && told.transaction === null && !told.isGivenUp) return;
      queue.shift();
      for (const change of told?.transaction?.body.changes ?? []) {
        this.#note(source, { ...change, tx });
      }
    }
  }
}
