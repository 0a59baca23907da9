/**
 * Whose chains a peer that catches up reads (PROTOCOL.md 6): of the neighbours that may share a token
 * with it so many that of each neighbourhood more than half are read, and whoever else is added.
 */
import type { Id } from '../id.ts';
import type { ChainSource } from './chain-source.ts';
import { neighbourhood, type PeerContext } from './context.ts';

/** Chains read at the same time: enough to use several links, few enough to hold in memory. */
const WALKS_AT_ONCE = 4;
/** A source that failed is tried again from the start: it may have been away itself. */
const RETRY_SOURCE_MS = 10_000;

export class Sources {
  readonly #context: Pick<PeerContext, 'membership' | 'parameters' | 'self'>;
  readonly #make: (id: Id) => ChainSource | null;
  readonly #forget: (id: Id) => void;
  readonly #sources = new Map<Id, ChainSource>();
  /** No more than there are neighbours. */
  readonly #chosen = new Set<Id>();

  /** `forget`: it is no source any more, or begins again. */
  constructor(
    context: Pick<PeerContext, 'membership' | 'parameters' | 'self'>,
    make: (id: Id) => ChainSource | null,
    forget: (id: Id) => void,
  ) {
    this.#context = context;
    this.#make = make;
    this.#forget = forget;
  }

  get all(): readonly ChainSource[] {
    return [...this.#sources.values()];
  }

  /** To be read, those that failed too. */
  get chosen(): number {
    return this.#chosen.size;
  }

  get(id: Id): ChainSource | undefined {
    return this.#sources.get(id);
  }

  /** Whole: what it holds is known, and what it commits followed. */
  isRead(id: Id): boolean {
    return this.#sources.get(id)?.phase === 'following';
  }

  /** Nothing more is to be expected of it soon. */
  isSettled(id: Id): boolean {
    return this.isRead(id) || this.#sources.get(id)?.phase === 'failed';
  }

  clear(): void {
    for (const id of this.#sources.keys()) this.#forget(id);
    this.#sources.clear();
    this.#chosen.clear();
  }

  /** Chooses those who are missing in some neighbourhood; of equals the nearest. */
  choose(): void {
    const neighbours = this.#neighbours();
    for (const id of this.#chosen) if (!neighbours.includes(id)) this.#chosen.delete(id);
    let short = this.#short(neighbours, (id) => this.#isHopeful(id));
    while (short.length > 0) {
      const free = neighbours.filter((id) => !this.#chosen.has(id));
      const serves = (id: Id) => short.filter((keepers) => keepers.includes(id)).length;
      const [best] = free
        .map((id) => ({ id, serves: serves(id) }))
        .sort((a, b) => b.serves - a.serves);
      if (best === undefined || best.serves === 0) return;
      this.#chosen.add(best.id);
      short = short.filter((keepers) => !isMost(keepers, (id) => this.#isHopeful(id)));
    }
  }

  /** Another of these is read as well, if there is one that is not. */
  add(among: readonly Id[]): void {
    const more = among.find((id) => !this.#chosen.has(id));
    if (more !== undefined) this.#chosen.add(more);
  }

  /** Everyone chosen is read or has failed, and more than half of each neighbourhood are read. */
  get areEnough(): boolean {
    if (![...this.#chosen].every((id) => this.isSettled(id))) return false;
    return this.#short(this.#neighbours(), (id) => this.isRead(id)).length === 0;
  }

  /** Several times a second: begins what is chosen, some at a time. */
  tick(now: number): void {
    let busy = 0;
    for (const [id, source] of this.#sources) {
      const isDue = source.phase === 'failed' && now - source.failedAt >= RETRY_SOURCE_MS;
      if (isDue || !this.#chosen.has(id)) {
        this.#sources.delete(id);
        this.#forget(id);
      } else if (!this.isSettled(id)) busy += 1;
    }
    for (const id of this.#chosen) {
      if (busy >= WALKS_AT_ONCE) break;
      const source = this.#sources.has(id) ? null : this.#make(id);
      if (source === null) continue;
      this.#sources.set(id, source);
      busy += 1;
    }
    for (const source of this.#sources.values()) source.tick(now);
  }

  #isHopeful(id: Id): boolean {
    return this.#chosen.has(id) && this.#sources.get(id)?.phase !== 'failed';
  }

  /** Everyone that may keep a token which this peer keeps, the nearest first. */
  #neighbours(): readonly Id[] {
    const { membership, parameters, self } = this.#context;
    return membership.near(self, 2 * parameters.k + 1).filter((id) => id !== self);
  }

  /** Neighbourhoods, around each member's place in the range, of which no majority `isThere`. */
  #short(neighbours: readonly Id[], isThere: (id: Id) => boolean): readonly (readonly Id[])[] {
    const { membership, parameters, self } = this.#context;
    return [self, ...neighbours]
      .filter((place) => membership.isNear(self, place, parameters.k))
      .map((place) => neighbourhood(this.#context, place).filter((id) => id !== self))
      .filter((keepers) => !isMost(keepers, isThere));
  }
}

function isMost(keepers: readonly Id[], isThere: (id: Id) => boolean): boolean {
  return 2 * keepers.filter(isThere).length > keepers.length;
}
