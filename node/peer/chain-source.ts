/**
 * One neighbour's chain as a source: its head, a floor reached by jumps, the walk back from the head
 * with several requests under way, then the ids of what it commits (PROTOCOL.md 6).
 */
import type { Id } from '../id.ts';
import {
  BackwardWalk,
  BlockVerifier,
  type Floor,
  MAX_WALKED_BLOCKS,
  type Owner,
} from '../ledger/foreign-chain.ts';
import { headerHash } from '../ledger/block.ts';
import { MAX_HOPS, nextHop, shortestJump } from '../ledger/jumps.ts';
import type { Block, BlockHeader, Mapping } from '../ledger/types.ts';
import type { BlockAnswer, BlockPlace, Commits } from '../wire/keeping.ts';

/** Blocks asked for and not yet taken: they cover a far round trip, and are all that is held back. */
const WINDOW = 16;
/** Stays below what a source serves one remote (answers.ts) when asked ten times a second. */
export const REQUESTS_PER_TICK = 10;
/** Several far round trips. */
const RETRY_MS = 800;
/** With a fifth of all datagrams lost, one in 50,000 requests is given up. */
const MAX_TRIES = 10;
/**
 * How long after its last answer a source is asked what it has committed since: less than after which
 * storage challenges are about it (storage-judge.ts).
 */
const FOLLOW_MS = 4000;

export type SourcePhase = 'asking' | 'seeking' | 'walking' | 'following' | 'failed';

export interface SourceEvents {
  /** Asks the source for its head. */
  askHead(): void;
  askBlock(wanted: Id | number): void;
  /** What has it committed above this height? */
  askCommits(above: number): void;
  /** The newest mappings of what was read, when it is verified. */
  told(mappings: Iterable<Mapping>): void;
  /** Committed since, in order. */
  committed(txs: readonly Id[]): void;
  /** Has what was told been taken in, so that it may tell more? */
  hasRoom(): boolean;
}

interface Request {
  sentAt: number;
  tries: number;
}

export class ChainSource {
  readonly #owner: Owner;
  readonly #events: SourceEvents;
  readonly #timeScale: number;
  readonly #verifier: BlockVerifier;
  /** Where reading stops: the time up to which the own chain knows what happened. Null reads all. */
  readonly #sinceMs: number | null;
  readonly #asked = new Map<Id | number, Request>();
  readonly #early = new Map<number, Block>();
  #phase: SourcePhase = 'asking';
  #reason = '';
  #failedAt = 0;
  #head: BlockHeader | null = null;
  #walk: BackwardWalk | null = null;
  /** Block up to which it is known what the source holds; null before its chain is read. */
  #reached: BlockPlace | null = null;
  #budget = 0;
  #hops = 0;
  #blocks = 0;
  #idleSince = 0;
  #upToDate = false;

  constructor(owner: Owner, since: { ms: number | null; timeScale: number }, events: SourceEvents) {
    this.#owner = owner;
    this.#events = events;
    this.#sinceMs = since.ms;
    this.#timeScale = since.timeScale;
    this.#verifier = new BlockVerifier(owner);
  }

  get phase(): SourcePhase {
    return this.#phase;
  }

  /** Why it failed, for people. */
  get reason(): string {
    return this.#reason;
  }

  get failedAt(): number {
    return this.#failedAt;
  }

  /** Jumps taken to the floor. */
  get hops(): number {
    return this.#hops;
  }

  /** Blocks taken. */
  get blocks(): number {
    return this.#blocks;
  }

  /** Its whole chain is verified, and at its last answer it had nothing more. */
  get isUpToDate(): boolean {
    return this.#phase === 'following' && this.#upToDate;
  }

  /** Several times a second: what was lost is asked for again, and more of what is due. */
  tick(nowMs: number): void {
    this.#budget = REQUESTS_PER_TICK;
    if (this.#phase === 'failed') return;
    if (this.#phase === 'asking') {
      if (this.#asked.size === 0) this.#asked.set('head', { sentAt: nowMs - RETRY_MS, tries: 0 });
    } else if (this.#phase === 'following' && this.#asked.size === 0) {
      if (nowMs - this.#idleSince >= FOLLOW_MS) this.#follow(nowMs);
    }
    const waitMs = this.#phase === 'following' ? FOLLOW_MS : RETRY_MS;
    for (const [wanted, request] of this.#asked) {
      if (nowMs - request.sentAt < waitMs) continue;
      if (request.tries >= MAX_TRIES && this.#phase !== 'following') {
        this.#fail('it does not answer', nowMs);
        return;
      }
      this.#upToDate = false;
      this.#send(wanted, request, nowMs);
    }
    this.#pump(nowMs);
  }

  /** A well-signed statement of the source named this head. */
  onHead(head: BlockHeader, nowMs: number): void {
    if (this.#phase !== 'asking') return;
    this.#asked.clear();
    this.#head = head;
    if (this.#sinceMs === null) this.#beginWalk(head, null, nowMs);
    else {
      this.#phase = 'seeking';
      this.#ask(headerHash(head), nowMs);
    }
  }

  /** True if it was asked for; null: the source says that it has no such block. */
  onBlock({ wanted, block }: Pick<BlockAnswer, 'wanted' | 'block'>, nowMs: number): boolean {
    if (block === null) return this.#onNothing(wanted, nowMs);
    const { height } = block.header;
    if (this.#phase === 'seeking') return this.#onHop(block, nowMs);
    if (!this.#asked.delete(height)) return false;
    this.#blocks += 1;
    this.#early.set(height, block);
    this.#takeInOrder(nowMs);
    return true;
  }

  /** What it said can't be known without a gap any more. */
  lose(nowMs: number): void {
    this.#fail('it can not be followed', nowMs);
  }

  /** What it has committed since. True if it was asked for. */
  onCommits({ above, upTo, more, txs }: Commits, nowMs: number): boolean {
    // Others here ask it too (upkeep.ts): what it answers them would leave a gap.
    if (above.height !== this.#reached?.height || !this.#asked.delete('commits')) return false;
    this.#idleSince = nowMs;
    if (above.hash !== this.#reached.hash) {
      this.#fail('it was put back to an older state', nowMs);
      return true;
    }
    this.#reached = upTo;
    this.#upToDate = !more;
    this.#events.committed(txs);
    if (more) this.#follow(nowMs);
    return true;
  }

  #onHop(block: Block, nowMs: number): boolean {
    const hash = headerHash(block.header);
    if (!this.#asked.delete(hash)) return false;
    const fault = this.#verifier.fault(block, hash);
    const head = this.#head;
    if (fault !== null || head === null) {
      this.#fail(fault ?? 'it has no head', nowMs);
      return true;
    }
    if (this.#hops >= MAX_HOPS) {
      this.#beginWalk(head, null, nowMs);
      return true;
    }
    this.#hops += 1;
    const since = this.#sinceMs ?? 0;
    const isReached = block.header.time <= since;
    const next = isReached ? null : (nextHop(block, since, this.#timeScale) ?? shortestJump(block));
    if (next !== null) this.#ask(next, nowMs);
    else if (!isReached) this.#beginWalk(head, null, nowMs);
    else this.#beginWalk(head, { height: block.header.height, hash }, nowMs);
    return true;
  }

  #beginWalk(head: BlockHeader, floor: Floor | null, nowMs: number): void {
    if (head.height - (floor?.height ?? -1) > MAX_WALKED_BLOCKS) {
      this.#fail('its chain is too long', nowMs);
      return;
    }
    this.#phase = 'walking';
    this.#walk = new BackwardWalk(this.#owner, head, floor);
    if (this.#walk.isDone) this.#endWalk(this.#walk, nowMs);
    else this.#pump(nowMs);
  }

  #takeInOrder(nowMs: number): void {
    const walk = this.#walk;
    if (walk === null) return;
    for (let block = this.#early.get(walk.nextHeight); block !== undefined; ) {
      this.#early.delete(walk.nextHeight);
      const taken = walk.take(block);
      if (!taken.ok) {
        this.#fail(taken.reason, nowMs);
        return;
      }
      block = this.#early.get(walk.nextHeight);
    }
    if (walk.isDone) this.#endWalk(walk, nowMs);
    else this.#pump(nowMs);
  }

  #endWalk(walk: BackwardWalk, nowMs: number): void {
    this.#phase = 'following';
    this.#asked.clear();
    this.#reached = { height: walk.head.height, hash: headerHash(walk.head) };
    this.#walk = null;
    this.#events.told(walk.mappings.values());
    this.#follow(nowMs);
  }

  #follow(nowMs: number): void {
    if (this.#phase === 'following' && this.#events.hasRoom()) this.#ask('commits', nowMs);
  }

  /** A refusal, which no honest peer makes. */
  #onNothing(wanted: Id | number, nowMs: number): boolean {
    const isWaiting = this.#phase === 'seeking' || this.#phase === 'walking';
    if (!isWaiting || !this.#asked.has(wanted)) return false;
    this.#fail('it refuses a block of its chain', nowMs);
    return true;
  }

  #pump(nowMs: number): void {
    const walk = this.#walk;
    if (this.#phase !== 'walking' || walk === null) return;
    const lowest = Math.max(walk.lowest, walk.nextHeight - WINDOW + 1);
    for (let height = walk.nextHeight; height >= lowest && this.#budget > 0; height -= 1) {
      if (!this.#asked.has(height) && !this.#early.has(height)) this.#ask(height, nowMs);
    }
  }

  #ask(wanted: Id | number, nowMs: number): void {
    const request = { sentAt: nowMs, tries: 0 };
    this.#asked.set(wanted, request);
    this.#send(wanted, request, nowMs);
  }

  #send(wanted: Id | number, request: Request, nowMs: number): void {
    if (this.#budget <= 0) return;
    this.#budget -= 1;
    request.sentAt = nowMs;
    request.tries += 1;
    if (wanted === 'head') this.#events.askHead();
    else if (wanted === 'commits') this.#events.askCommits(this.#reached?.height ?? 0);
    else this.#events.askBlock(wanted);
  }

  #fail(reason: string, nowMs: number): void {
    this.#phase = 'failed';
    this.#reason = reason;
    this.#failedAt = nowMs;
    this.#asked.clear();
    this.#early.clear();
    this.#walk = null;
  }
}
