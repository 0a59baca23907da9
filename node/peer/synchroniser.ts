/**
 * A peer catches up (PROTOCOL.md 6): it reads chains of those that share tokens with it, some at a
 * time, and takes over what more than half of each token's keepers hold. It begins with so many that
 * of every neighbourhood more than half are read, and reads another only where that leaves a token in
 * doubt. It goes on following what they commit until it counts as a neighbour itself and hears of
 * every commit. A newcomer reads whole chains; a peer that was away reads from shortly before it left.
 *
 * With `synchronisation: polling`, the papers' baseline, it asks neighbours about random tokens for
 * ever instead (poller.ts).
 */
import { type Id, ZERO_ID } from '../id.ts';
import type { Mapping, TokenChange, Transaction } from '../ledger/types.ts';
import { QUERY_BYTES } from '../minefield/statement.ts';
import type { Statement } from '../minefield/types.ts';
import type { BlockAnswer, Commits } from '../wire/keeping.ts';
import { Adoption } from './adoption.ts';
import { ChainSource } from './chain-source.ts';
import { neighbourhood, type PeerContext } from './context.ts';
import { Following } from './following.ts';
import {
  ENOUGH_DENSITY,
  NOTHING,
  type SyncPhase,
  type SyncProgress,
  type SynchroniserEvents,
} from './progress.ts';
import { Sources } from './sources.ts';
import { Tally } from './tally.ts';

/** What is agreed on is looked through as often: a pass costs about a microsecond per token. */
const DECIDE_MS = 500;
/**
 * A peer that was away reads from as long before its last block: longer than a transaction may wait
 * (20 s), so that nothing that was under way then is missed.
 */
const OVERLAP_MS = 30_000;
/**
 * A token that more than half of its keepers may hold, and that those read do not agree on: after so
 * long they have all been asked again, and what is still open another chain has to settle.
 */
const DOUBT_MS = 6000;
/**
 * The same where some have gone on and others not: after so long a source has been asked three times,
 * and is dead, cut off, or keeps from us what it has committed.
 */
const BEHIND_MS = 13_000;

interface Doubt {
  readonly sinceMs: number;
  /** The last that they agree on; null where there is none. */
  readonly tx: Id | null;
}

export class Synchroniser {
  readonly #context: PeerContext;
  readonly #events: SynchroniserEvents;
  readonly #bans: () => Id;
  readonly #sources: Sources;
  #adoption: Adoption;
  #following: Following;
  #tally = new Tally();
  #sinceMs: number | null = null;
  #phase: SyncPhase = 'idle';
  #progress = NOTHING;
  #decideAt = 0;
  /** What was missing when enough was read: while commits go on, something always is. */
  #missing: Set<Id> | null = null;
  /** Tokens in doubt. */
  #doubts = new Map<Id, Doubt>();
  /** Members near, when it was looked last. */
  #near: readonly Id[] = [];

  /** `bans`: digest of whom this peer has banned. */
  constructor(context: PeerContext, events: SynchroniserEvents, bans: () => Id) {
    this.#context = context;
    this.#events = events;
    this.#bans = bans;
    this.#sources = new Sources(
      context,
      (id) => this.#source(id),
      (id) => this.#following.forget(id),
    );
    this.#following = this.#newFollowing();
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
    this.#clear();
  }

  /** Nothing is read any more, and nothing kept but what was adopted. */
  stop(): void {
    this.#phase = 'idle';
    this.#progress = { ...this.#progress, phase: 'idle' };
    this.#clear();
  }

  /** Several times a second. */
  tick(): void {
    if (this.#phase === 'idle') return;
    const now = this.#context.host.now();
    this.#sources.tick(now);
    this.#following.tick(now);
    this.#adoption.tick(now);
    if (now >= this.#decideAt || now < this.#decideAt - DECIDE_MS) {
      this.#decideAt = now + DECIDE_MS;
      this.#lookAround();
      this.#sources.choose();
      this.#decide(now);
    }
  }

  /** Well signed, and told by its speaker itself. */
  onStatement({ peer, head }: Statement): void {
    this.#sources.get(peer)?.onHead(head, this.#context.host.now());
  }

  /** True if it was asked for here. */
  onBlock(from: Id, answer: BlockAnswer): boolean {
    return this.#sources.get(from)?.onBlock(answer, this.#context.host.now()) ?? false;
  }

  /** True if it was asked for here. */
  onCommits(from: Id, message: Commits): boolean {
    return this.#sources.get(from)?.onCommits(message, this.#context.host.now()) ?? false;
  }

  /** True if it was asked for here. */
  onTransaction(transaction: Transaction): boolean {
    if (this.#phase === 'idle') return false;
    const isFollowed = this.#following.onTransaction(transaction);
    return this.#adoption.onTransaction(transaction) || isFollowed;
  }

  /** Where a member has gone, the range has grown: of what is in it now the sources told nothing. */
  #lookAround(): void {
    const { membership, parameters, self } = this.#context;
    if (!this.#near.every((id) => membership.counts(id))) {
      this.#sources.clear();
      if (this.#phase === 'reading') this.#missing = null;
    }
    this.#near = membership.near(self, 2 * parameters.k + 1);
  }

  #clear(): void {
    this.#near = [];
    this.#sources.clear();
    this.#doubts.clear();
    this.#tally = new Tally();
    this.#following = this.#newFollowing();
    this.#adoption = this.#newAdoption();
  }

  #newFollowing(): Following {
    return new Following(this.#context, {
      committed: (source, transaction) => this.#committed(source, transaction),
      lost: (source) => this.#sources.get(source)?.lose(this.#context.host.now()),
    });
  }

  #newAdoption(): Adoption {
    return new Adoption(
      this.#context,
      (transaction) => this.#events.adopted(transaction),
      (tx) => this.#following.transaction(tx),
    );
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
      askCommits: (above) => send(id, { type: 'ask-commits', above, bans: this.#bans() }),
      told: (mappings) => {
        // It may have been read before, and put back to an older state since.
        this.#tally.forget(id);
        this.#told(id, mappings);
      },
      committed: (txs) => this.#following.onCommits(id, txs),
      hasRoom: () => this.#following.hasRoom(id),
    });
  }

  #told(source: Id, mappings: Iterable<Mapping>): void {
    const { membership, parameters, self } = this.#context;
    for (const mapping of mappings) {
      if (membership.isNear(self, mapping.token, parameters.k)) this.#tally.note(source, mapping);
    }
  }

  /** Told for one of its tokens: of the others the source may hold a later mapping already. */
  #committed(source: Id, { id, body }: Transaction): void {
    const isNewer = ({ token, owner }: TokenChange) => {
      const present = this.#tally.of(source, token);
      // As in Holdings: what was destroyed stays so, and says nothing of when that was.
      if (present === undefined || owner === ZERO_ID) return true;
      return present.owner !== ZERO_ID && this.#timeOf(present.tx) <= body.timestamp;
    };
    this.#told(
      source,
      body.changes.filter(isNewer).map((change) => ({ ...change, tx: id })),
    );
  }

  /** 0 for what is not here. */
  #timeOf(tx: Id): number {
    const { holdings } = this.#context;
    return this.#following.transaction(tx)?.body.timestamp ?? holdings.timestampOf(tx);
  }

  #keepers(token: Id): readonly Id[] {
    return neighbourhood(this.#context, token).filter((id) => id !== this.#context.self);
  }

  /** Takes what is agreed on and not held, and counts how far that is. */
  #decide(now: number): void {
    let [wanted, tokens] = [0, 0];
    const lacking = new Set<Id>();
    const doubts = new Map<Id, Doubt>();
    for (const token of this.#tally.tokens()) {
      const keepers = this.#keepers(token);
      const mapping = this.#tally.decided(token, keepers);
      if (mapping === null) {
        if (!this.#isPossible(token, keepers)) continue;
        lacking.add(token);
        doubts.set(token, this.#doubt(token, null, now));
        if (this.#tally.isSpread(token, keepers)) wanted += 1;
        continue;
      }
      if (this.#adoption.isRefused(mapping)) continue;
      if (!this.#tally.isSettled(mapping, keepers)) {
        doubts.set(token, this.#doubt(token, mapping.tx, now));
      }
      wanted += 1;
      // It counts once it is in a block: before that, nobody is told of it.
      if (this.#isHeld(mapping, this.#context.holdings.chain.state.get(token))) {
        tokens += 1;
        continue;
      }
      lacking.add(token);
      if (!this.#isHeld(mapping, this.#context.holdings.mapping(token))) {
        this.#adoption.want(mapping, this.#tally.holders(mapping));
      }
    }
    this.#doubts = doubts;
    this.#readMore(now);
    if (this.#missing !== null) this.#missing = this.#missing.intersection(lacking);
    else if (this.#sources.areEnough) this.#missing = lacking;
    this.#progress = this.#progressOf(wanted, tokens);
    const isEnough = this.#progress.complete && this.#progress.density >= ENOUGH_DENSITY;
    if (isEnough && this.#phase === 'reading') this.#end();
  }

  #progressOf(wanted: number, tokens: number): SyncProgress {
    const sources = this.#sources.all;
    const complete = this.#missing?.size === 0;
    return {
      phase: this.#phase,
      chains: sources.filter(({ isUpToDate }) => isUpToDate).length,
      sources: this.#sources.chosen,
      queries: 0,
      hops: sources.reduce((sum, source) => sum + source.hops, 0),
      blocks: sources.reduce((sum, source) => sum + source.blocks, 0),
      transactions: this.#adoption.transactions,
      wanted,
      tokens,
      // A range without a token is held whole.
      density: complete && wanted === 0 ? 1 : tokens / Math.max(1, wanted),
      complete,
    };
  }

  /** May more than half of the keepers hold some mapping of it, by what is read? */
  #isPossible(token: Id, keepers: readonly Id[]): boolean {
    const holding = this.#tally.holding(token);
    const open = keepers.filter((id) => holding.has(id) || !this.#sources.isSettled(id));
    return 2 * open.length > keepers.length;
  }

  /** Goes on while they agree on the same. */
  #doubt(token: Id, tx: Id | null, now: number): Doubt {
    const before = this.#doubts.get(token);
    return before !== undefined && before.tx === tx ? before : { sinceMs: now, tx };
  }

  /** One more chain for what has been in doubt long enough, when no other is being read. */
  #readMore(now: number): void {
    if (!this.#sources.areEnough) return;
    for (const [token, { sinceMs, tx }] of this.#doubts) {
      if (now - sinceMs < (tx === null ? DOUBT_MS : BEHIND_MS)) continue;
      this.#sources.add(this.#keepers(token));
      return;
    }
  }

  /** Is `own` this mapping, or one that came after it? */
  #isHeld({ tx }: Mapping, own: Mapping | undefined): boolean {
    const { holdings } = this.#context;
    if (own === undefined || own.tx === tx) return own !== undefined;
    const told = holdings.transaction(tx);
    return told !== undefined && holdings.timestampOf(own.tx) >= told.body.timestamp;
  }

  #end(): void {
    this.#phase = 'synchronised';
    const { density } = this.#progress;
    this.#progress = { ...this.#progress, phase: 'synchronised' };
    this.#events.synchronised(density);
  }
}
