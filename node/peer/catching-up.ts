/** A peer that joins or comes back learns what its neighbourhood holds: when, and until when. */
import type { Id } from '../id.ts';
import type { Transaction } from '../ledger/types.ts';
import type { Statement } from '../minefield/types.ts';
import type { BlockAnswer, Commits } from '../wire/keeping.ts';
import type { PeerContext } from './context.ts';
import type { ProvingMessage } from '../wire/proving.ts';
import { type RoundResult, StorageProofs, type Verdict } from './storage-proofs.ts';
import { Poller } from './poller.ts';
import type { SyncProgress, SynchroniserEvents } from './progress.ts';
import { Synchroniser } from './synchroniser.ts';

/** A row of telemetry each time, while it is not done. */
const REPORT_MS = 5000;
/** There once this peer has read its whole range; without it the next start reads everything again. */
const DONE_KEY = 'synchronised';

export interface CatchingUpEvents {
  /** Taken over from the chains of others; what waited for it may go on. */
  adopted(transaction: Transaction): void;
  /** How neighbours answered a storage challenge. */
  agreement(results: readonly RoundResult[]): void;
  /** Digest of whom this peer has banned. */
  bans(): Id;
}

export class CatchingUp {
  readonly #context: PeerContext;
  readonly #events: SynchroniserEvents;
  readonly #synchroniser: Synchroniser;
  readonly #proofs: StorageProofs;
  /** Instead of the synchroniser, with `synchronisation: polling`, once there is something to learn. */
  #poller: Poller | null = null;
  /** Whether the chain of an earlier life is to be read from, and from what time on. */
  #begin: { readonly lastKnownMs: number | null } | null = null;
  /**
   * Time of the last transaction of its own that its neighbours have passed: it heard them vote. Later
   * it may have been cut off without noticing, and have lapsed for that.
   */
  #heardAllMs = 0;
  #ownTx: Id | null = null;
  /** Of the messages that were asked for here. */
  #bytes = 0;
  #reportAt = 0;
  #reported: SyncProgress['phase'] = 'idle';

  constructor(context: PeerContext, events: CatchingUpEvents) {
    this.#context = context;
    this.#proofs = new StorageProofs(context, {
      round: (results) => events.agreement(results),
    });
    this.#events = {
      adopted: (transaction) => events.adopted(transaction),
      synchronised: () => context.host.store.put(DONE_KEY, new Uint8Array([1])),
    };
    this.#synchroniser = new Synchroniser(context, this.#events, () => events.bans());
  }

  /** Does this member store what it should? Begins to examine it when that is not known. */
  verdict(address: Id): Verdict {
    return this.#proofs.verdict(address);
  }

  get progress(): SyncProgress {
    return this.#poller?.progress ?? this.#synchroniser.progress;
  }

  /** Does it hold what it should, as far as it knows? */
  get isSynchronised(): boolean {
    return this.#begin === null && this.progress.phase !== 'reading';
  }

  /** The network is known and the own chain not yet opened. A founder's first start has nothing to read. */
  restore(isFounder: boolean): void {
    const { chain } = this.#context.holdings;
    const wasHere = chain.height >= 0 && (isFounder || this.#isDone());
    if (wasHere) this.#begin = { lastKnownMs: chain.head.header.time };
    else if (!isFounder) this.#begin = { lastKnownMs: null };
  }

  /** Several times a second, once this peer may speak. */
  tick(): void {
    const { host, membership, self } = this.#context;
    const now = host.now();
    const isCounted = membership.counts(self);
    if (this.#begin !== null) this.#start(this.#begin.lastKnownMs);
    else if (this.progress.phase === 'idle' && !isCounted) {
      // Its membership ended: from now on it hears of no commit unless it reads.
      this.#start(this.#heardAllMs);
    }
    this.#begin = null;
    if (isCounted) this.#noteOwn();
    if (isCounted && this.progress.phase === 'synchronised') this.#stop();
    this.#synchroniser.tick();
    this.#poller?.tick();
    this.#proofs.tick();
    this.#report(now);
  }

  onProving(from: Id, message: ProvingMessage, sizeBytes: number): void {
    this.#proofs.onMessage(from, message);
    if (message.type !== 'storage-proof') return;
    this.#count(this.#poller?.onProof(from, message) === true, sizeBytes);
  }

  onStatement(statement: Statement): void {
    this.#synchroniser.onStatement(statement);
    this.#poller?.onStatement(statement);
  }

  /** True if it was asked for here. */
  onBlock(from: Id, message: BlockAnswer, sizeBytes: number): boolean {
    return this.#count(this.#synchroniser.onBlock(from, message), sizeBytes);
  }

  onCommits(from: Id, message: Commits, sizeBytes: number): void {
    this.#count(this.#synchroniser.onCommits(from, message), sizeBytes);
  }

  onTransaction(transaction: Transaction, sizeBytes: number): void {
    const isRead = this.#synchroniser.onTransaction(transaction);
    const isPolled = this.#poller?.onTransaction(transaction) ?? false;
    this.#count(isRead || isPolled, sizeBytes);
  }

  #count(wasAsked: boolean, sizeBytes: number): boolean {
    if (wasAsked) this.#bytes += sizeBytes;
    return wasAsked;
  }

  /** At each change of phase, and now and then before the end. */
  #report(now: number): void {
    const { phase, blocks, transactions, tokens, density } = this.progress;
    const isDue = phase === 'reading' && Math.abs(now - this.#reportAt) >= REPORT_MS;
    if (phase === this.#reported && !isDue) return;
    this.#reported = phase;
    this.#reportAt = now;
    const { host } = this.#context;
    const bytes = this.#bytes;
    host.report({ table: 'synchronisation', phase, blocks, transactions, tokens, density, bytes });
  }

  #noteOwn(): void {
    const { holdings, self } = this.#context;
    const tx = holdings.mapping(self)?.tx ?? null;
    if (tx === null || tx === this.#ownTx) return;
    this.#ownTx = tx;
    const own = holdings.transaction(tx)?.body;
    if (own !== undefined && own.purpose.kind !== 'lapse') this.#heardAllMs = own.timestamp;
  }

  #start(lastKnownMs: number | null): void {
    const { holdings, membership, parameters, self } = this.#context;
    // The founding tokens of its range are known from the genesis.
    holdings.widen(
      (token) => membership.isNear(self, token, parameters.k),
      membership.foundersAround(self, parameters.k),
    );
    if (parameters.synchronisation === 'chain') this.#synchroniser.start(lastKnownMs);
    else this.#poller = new Poller(this.#context, this.#events);
  }

  #stop(): void {
    this.#poller = null;
    this.#synchroniser.stop();
  }

  #isDone(): boolean {
    return this.#context.host.store.get(DONE_KEY) !== undefined;
  }
}
