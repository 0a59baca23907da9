/**
 * A peer catches up (PROTOCOL.md 6): it reads the chains of all that may share a token with it, some
 * at a time, and takes over what more than half of each token's keepers hold. It goes on following
 * them until it counts as a neighbour itself and hears of every commit. A newcomer reads whole
 * chains; a peer that was away reads from shortly before it left.
 *
 * With `synchronisation: polling`, the papers' baseline, it asks neighbours about random tokens for
 * ever instead (poller.ts).
 */
import type { Id } from '../id.ts';
import type { Mapping, Transaction } from '../ledger/types.ts';
import { QUERY_BYTES } from '../minefield/statement.ts';
import type { Statement } from '../minefield/types.ts';
import type { Message } from '../wire/messages.ts';
import { Adoption } from './adoption.ts';
import { ChainSource } from './chain-source.ts';
import { neighbourhood, type PeerContext } from './context.ts';
import {
  ENOUGH_DENSITY,
  NOTHING,
  type SyncPhase,
  type SyncProgress,
  type SynchroniserEvents,
} from './progress.ts';
import { Tally } from './tally.ts';

/** Chains read at the same time: enough to use several links, few enough to hold in memory. */
const WALKS_AT_ONCE = 4;
/** A source that failed is tried again from the start: it may have been away itself. */
const RETRY_SOURCE_MS = 10_000;
/** What is agreed on is looked through as often: a pass costs about a microsecond per token. */
const DECIDE_MS = 500;
/**
 * A peer that was away reads from as long before its last block: longer than a transaction may wait
 * (20 s), so that nothing that was under way then is missed.
 */
const OVERLAP_MS = 30_000;

export class Synchroniser {
  readonly #context: PeerContext;
  readonly #events: SynchroniserEvents;
  readonly #sources = new Map<Id, ChainSource>();
  #adoption: Adoption;
  #tally = new Tally();
  #sinceMs: number | null = null;
  #phase: SyncPhase = 'idle';
  #progress = NOTHING;
  #decideAt = 0;
  /** What was missing when enough was read: while commits go on, something always is. */
  #missing: Set<Id> | null = null;

  constructor(context: PeerContext, events: SynchroniserEvents) {
    this.#context = context;
    this.#events = events;
    this.#adoption = this.#newAdoption();
  }

  get progress(): SyncProgress {
    return this.#progress;
  }

  /** `lastKnownMs`: time of the newest block before this peer was away; null for a newcomer. */
  start(lastKnownMs: number | null): void {
    this.#sinceMs = lastKnownMs === null ? null : lastKnownMs - OVERLAP_MS;
    this.#phase = 'reading';
    this.#progress = { ...NOTHING, phase: 'reading' };
    this.#missing = null;
    this.#sources.clear();
    this.#tally = new Tally();
    this.#adoption = this.#newAdoption();
  }

  /** Nothing is read any more, and nothing kept but what was adopted. */
  stop(): void {
    this.#phase = 'idle';
    this.#progress = { ...this.#progress, phase: 'idle' };
    this.#sources.clear();
    this.#tally = new Tally();
    this.#adoption = this.#newAdoption();
  }

  /** Several times a second. */
  tick(): void {
    if (this.#phase === 'idle') return;
    const now = this.#context.host.now();
    this.#choose(now);
    for (const source of this.#sources.values()) source.tick(now);
    this.#adoption.tick(now);
    if (now >= this.#decideAt || now < this.#decideAt - DECIDE_MS) {
      this.#decideAt = now + DECIDE_MS;
      this.#decide();
    }
  }

  /** Well signed, and told by its speaker itself. */
  onStatement({ peer, head }: Statement): void {
    this.#sources.get(peer)?.onHead(head, this.#context.host.now());
  }

  /** True if it was asked for here. */
  onBlock(from: Id, { block }: Extract<Message, { type: 'block' }>): boolean {
    return this.#sources.get(from)?.onBlock(block, this.#context.host.now()) ?? false;
  }

  /** True if it was asked for here. */
  onTransaction(transaction: Transaction): boolean {
    return this.#phase !== 'idle' && this.#adoption.onTransaction(transaction);
  }

  #newAdoption(): Adoption {
    return new Adoption(this.#context, (transaction) => this.#events.adopted(transaction));
  }

  /** Everyone that may keep a token which this peer keeps, the nearest first. */
  #neighbours(): readonly Id[] {
    const { membership, parameters, self } = this.#context;
    return membership.near(self, 2 * parameters.k + 1).filter((id) => id !== self);
  }

  #choose(now: number): void {
    const neighbours = this.#neighbours();
    for (const [id, source] of this.#sources) {
      const isLeft = !neighbours.includes(id);
      const isDue = source.phase === 'failed' && now - source.failedAt >= RETRY_SOURCE_MS;
      if (isLeft || isDue) this.#sources.delete(id);
    }
    let busy = 0;
    for (const { phase } of this.#sources.values()) {
      if (phase !== 'following' && phase !== 'failed') busy += 1;
    }
    for (const id of neighbours) {
      if (busy >= WALKS_AT_ONCE) return;
      if (this.#sources.has(id)) continue;
      const source = this.#source(id);
      if (source === null) continue;
      this.#sources.set(id, source);
      busy += 1;
    }
  }

  #source(id: Id): ChainSource | null {
    const { host, membership, network, parameters, send, self } = this.#context;
    const member = membership.get(id);
    if (member === undefined) return null;
    const { identityKey } = member.record;
    const since = { ms: this.#sinceMs, timeScale: parameters.timeScale };
    return new ChainSource({ network, peer: id, identityKey }, since, {
      askHead: () =>
        send(id, {
          type: 'ask-mapping',
          token: self,
          query: host.random(QUERY_BYTES),
          direct: true,
        }),
      askBlock: (wanted) =>
        send(id, { type: 'get-block', wanted, under: null, priority: 'synchronisation' }),
      told: (mappings) => this.#told(id, mappings),
    });
  }

  #told(source: Id, mappings: Iterable<Mapping>): void {
    const { membership, parameters, self } = this.#context;
    for (const mapping of mappings) {
      if (membership.isNear(self, mapping.token, parameters.k)) this.#tally.note(source, mapping);
    }
  }

  #keepers(token: Id): readonly Id[] {
    return neighbourhood(this.#context, token).filter((id) => id !== this.#context.self);
  }

  /** Takes what is agreed on and not held, and counts how far that is. */
  #decide(): void {
    let [wanted, tokens] = [0, 0];
    const lacking = new Set<Id>();
    for (const token of this.#tally.tokens()) {
      const keepers = this.#keepers(token);
      if (!this.#tally.isSpread(token, keepers)) continue;
      const mapping = this.#tally.decided(token, keepers);
      if (mapping !== null && this.#adoption.isRefused(mapping)) continue;
      wanted += 1;
      const isHeld = mapping !== null && this.#isHeld(mapping);
      // It counts once it is in a block: before that, nobody is told of it.
      if (isHeld && this.#context.holdings.chain.state.get(token) !== undefined) {
        tokens += 1;
        continue;
      }
      lacking.add(token);
      if (mapping !== null && !isHeld) this.#adoption.want(mapping, this.#tally.holders(mapping));
    }
    if (this.#missing !== null) this.#missing = this.#missing.intersection(lacking);
    else if (this.#hasReadEnough()) this.#missing = lacking;
    const sources = [...this.#sources.values()];
    const chains = sources.filter(({ isUpToDate }) => isUpToDate).length;
    const complete = this.#missing?.size === 0;
    const density = tokens / Math.max(1, wanted);
    this.#progress = {
      phase: this.#phase,
      chains,
      sources: this.#neighbours().length,
      queries: 0,
      hops: sources.reduce((sum, source) => sum + source.hops, 0),
      blocks: sources.reduce((sum, source) => sum + source.blocks, 0),
      transactions: this.#adoption.transactions,
      wanted,
      tokens,
      // A range without a token is held whole.
      density: complete && wanted === 0 ? 1 : density,
      complete,
    };
    const isEnough = complete && this.#progress.density >= ENOUGH_DENSITY;
    if (isEnough && this.#phase === 'reading') this.#end();
  }

  #isHeld({ token, tx }: Mapping): boolean {
    const { holdings } = this.#context;
    const own = holdings.mapping(token);
    if (own === undefined || own.tx === tx) return own !== undefined;
    const told = holdings.transaction(tx);
    return told !== undefined && holdings.timestampOf(own.tx) >= told.body.timestamp;
  }

  /**
   * Every source has been read, or failed, and of those around each member's place more than half
   * are read: a token that more than half of its keepers hold can't have been missed.
   */
  #hasReadEnough(): boolean {
    const neighbours = this.#neighbours();
    const isRead = (id: Id) => this.#sources.get(id)?.phase === 'following';
    const isSettled = (id: Id) => isRead(id) || this.#sources.get(id)?.phase === 'failed';
    if (!neighbours.every(isSettled)) return false;
    const { membership, parameters, self } = this.#context;
    const places = [self, ...neighbours].filter((id) => membership.isNear(self, id, parameters.k));
    return places.every((place) => {
      const keepers = this.#keepers(place);
      return 2 * keepers.filter(isRead).length > keepers.length;
    });
  }

  #end(): void {
    this.#phase = 'synchronised';
    const { density } = this.#progress;
    this.#progress = { ...this.#progress, phase: 'synchronised' };
    this.#events.synchronised(density);
  }
}
