/**
 * Mappings that a neighbourhood agrees on are taken over with their transactions, each fetched from
 * those that hold it and validated again (PROTOCOL.md 6): form, time, signatures, that it sets just
 * this mapping, and that whoever signed was made owner by the transaction before it, which is fetched
 * for that and not kept. One step back is enough: whoever could make a neighbourhood agree on a false
 * predecessor could as well have it agree on a false creation.
 */
import type { Id } from '../id.ts';
import { ZERO_ID } from '../id.ts';
import { authorisedBy, checkTransaction } from '../ledger/transaction.ts';
import type { Mapping, Transaction } from '../ledger/types.ts';
import { MAX_ENTRIES } from '../ledger/block.ts';
import { neighbourhood, type PeerContext } from './context.ts';
import { genesisTransaction } from './genesis.ts';
import { MAX_BLOCKS_PER_ROUND } from './holdings.ts';

/** Transactions under way: more than are fetched in the second that a slow answer takes. */
const MAX_OPEN = 512;
/** Asked per call of `tick`, ten times a second, of all and of one: below what answers.ts serves. */
const FETCHES_PER_TICK = 32;
const FETCHES_PER_SOURCE = 10;
/** Several far round trips. */
const RETRY_MS = 800;
/** Each goes to another holder: a few liars and a lossy link are passed. */
const MAX_TRIES = 16;
/** Entries waiting for a block beyond which nothing more is taken in: what two rounds may take. */
const MAX_WAITING = 2 * MAX_ENTRIES * MAX_BLOCKS_PER_ROUND;
/** Transactions found false, so that they aren't fetched for ever. */
const MAX_REFUSED = 4096;

interface Open {
  readonly mappings: Map<Id, Mapping>;
  readonly before: Set<Id>;
}

interface Fetch {
  readonly holders: readonly Id[];
  transaction: Transaction | null;
  sentAt: number;
  tries: number;
}

export class Adoption {
  readonly #context: PeerContext;
  readonly #adopted: (transaction: Transaction) => void;
  readonly #fetched: (tx: Id) => Transaction | undefined;
  readonly #open = new Map<Id, Open>();
  readonly #fetches = new Map<Id, Fetch>();
  readonly #refused = new Set<Id>();
  #transactions = 0;

  /** `fetched`: transactions that are here already, checked in themselves. */
  constructor(
    context: PeerContext,
    adopted: (transaction: Transaction) => void,
    fetched: (tx: Id) => Transaction | undefined = () => undefined,
  ) {
    this.#context = context;
    this.#adopted = adopted;
    this.#fetched = fetched;
  }

  /** Under way. */
  get size(): number {
    return this.#open.size;
  }

  /** Adopted so far. */
  get transactions(): number {
    return this.#transactions;
  }

  /** Its transaction was fetched and is no reason for this mapping. */
  isRefused({ tx }: Mapping): boolean {
    return this.#refused.has(tx);
  }

  /** False when there is no room now: the caller comes again. */
  want(mapping: Mapping, holders: readonly Id[]): boolean {
    const { token, tx, previous } = mapping;
    const { holdings } = this.#context;
    const open = this.#open.get(tx);
    if (open === undefined && !this.#hasRoom()) return false;
    const entry = open ?? { mappings: new Map<Id, Mapping>(), before: new Set<Id>() };
    if (entry.mappings.has(token)) return true;
    entry.mappings.set(token, mapping);
    this.#open.set(tx, entry);
    this.#fetch(tx, holders);
    const isFirst = previous === ZERO_ID || previous === genesisTransaction(this.#context.network);
    if (!isFirst) {
      entry.before.add(previous);
      if (holdings.transaction(previous) === undefined) this.#fetch(previous, holders);
    }
    this.#settle(tx, entry);
    return true;
  }

  tick(nowMs: number): void {
    const asked = new Map<Id, number>();
    let left = FETCHES_PER_TICK;
    for (const [tx, fetch] of this.#fetches) {
      if (fetch.transaction !== null || nowMs - fetch.sentAt < RETRY_MS) continue;
      if (fetch.tries >= MAX_TRIES) {
        this.#giveUp(tx);
        continue;
      }
      const from = this.#source(tx, fetch);
      const before = asked.get(from) ?? 0;
      if (left === 0 || before >= FETCHES_PER_SOURCE) continue;
      asked.set(from, before + 1);
      left -= 1;
      fetch.sentAt = nowMs;
      fetch.tries += 1;
      this.#context.send(from, { type: 'get-transaction', tx });
    }
  }

  /** True if it was asked for. */
  onTransaction(transaction: Transaction): boolean {
    const fetch = this.#fetches.get(transaction.id);
    if (fetch === undefined || fetch.transaction !== null) return false;
    const { host, network } = this.#context;
    if (!checkTransaction(transaction, { network, nowMs: host.now() }).ok) return true;
    fetch.transaction = transaction;
    for (const [tx, open] of this.#open) {
      if (tx === transaction.id || open.before.has(transaction.id)) this.#settle(tx, open);
    }
    return true;
  }

  #hasRoom(): boolean {
    return this.#open.size < MAX_OPEN && this.#context.holdings.waiting < MAX_WAITING;
  }

  #fetch(tx: Id, holders: readonly Id[]): void {
    if (this.#fetches.has(tx)) return;
    // What was committed here for other tokens' sake was checked then.
    const transaction = this.#context.holdings.transaction(tx) ?? this.#fetched(tx) ?? null;
    const sentAt = Number.NEGATIVE_INFINITY;
    this.#fetches.set(tx, { holders, transaction, sentAt, tries: 0 });
  }

  /** The holders in turn, then the witnesses: those around the transaction’s own id. */
  #source(tx: Id, { holders, tries }: Fetch): Id {
    const all = [...holders, ...neighbourhood(this.#context, tx)];
    return all[tries % Math.max(1, all.length)] ?? this.#context.self;
  }

  #known(tx: Id): Transaction | undefined {
    return this.#fetches.get(tx)?.transaction ?? this.#context.holdings.transaction(tx);
  }

  #settle(tx: Id, open: Open): void {
    const transaction = this.#fetches.get(tx)?.transaction ?? null;
    if (transaction === null) return;
    if ([...open.before].some((before) => this.#known(before) === undefined)) return;
    const { holdings, membership, parameters, self } = this.#context;
    const sound = [...open.mappings.values()].filter((one) => this.#isSound(transaction, one));
    this.#close(tx);
    if (sound.length < open.mappings.size) this.#refuse(tx);
    if (sound.length === 0) return;
    // It has passed as a whole. Left out, its other tokens would wait for votes that nobody casts.
    const near = transaction.body.changes
      .map(({ token }) => token)
      .filter((token) => membership.isNear(self, token, parameters.k));
    holdings.adopt(transaction, new Set([...sound.map(({ token }) => token), ...near]));
    this.#transactions += 1;
    this.#adopted(transaction);
  }

  /** Does the transaction set this mapping, and was its signer the owner? */
  #isSound(transaction: Transaction, { token, owner, previous }: Mapping): boolean {
    const { changes, purpose, timestamp } = transaction.body;
    const index = changes.findIndex((change) => change.token === token);
    const change = changes[index];
    if (change === undefined || change.owner !== owner || change.previous !== previous)
      return false;
    // Who signs a creation, checkTransaction has seen; these two are signed by others than the owner.
    if (previous === ZERO_ID || purpose.kind === 'slashing' || purpose.kind === 'lapse')
      return true;
    const { holdings, network } = this.#context;
    if (previous === genesisTransaction(network)) {
      return holdings.founding(token)?.owner === authorisedBy(transaction, index);
    }
    const before = this.#known(previous)?.body;
    const owned = before?.changes.find((other) => other.token === token)?.owner;
    return (
      before !== undefined &&
      before.timestamp < timestamp &&
      owned === authorisedBy(transaction, index)
    );
  }

  #giveUp(tx: Id): void {
    this.#fetches.delete(tx);
    for (const [other, open] of this.#open) {
      if (other === tx || open.before.has(tx)) this.#close(other);
    }
  }

  #close(tx: Id): void {
    const before = this.#open.get(tx)?.before ?? [];
    this.#open.delete(tx);
    for (const fetched of [tx, ...before]) {
      const isNeeded = this.#open.has(fetched) || this.#isBefore(fetched);
      if (!isNeeded) this.#fetches.delete(fetched);
    }
  }

  #isBefore(tx: Id): boolean {
    return [...this.#open.values()].some(({ before }) => before.has(tx));
  }

  #refuse(tx: Id): void {
    const [oldest] = this.#refused;
    if (oldest !== undefined && this.#refused.size >= MAX_REFUSED) this.#refused.delete(oldest);
    this.#refused.add(tx);
  }
}
