/**
 * Finding members (PROTOCOL.md 2): answers who asks, looks up who is near an id, and keeps the view of
 * far neighbourhoods from growing old. What is near oneself comes from one's own state, not from here.
 * A view is first held against those of two of its members by a digest: as long as all know the same,
 * that is four short messages.
 */
import { hash } from '../crypto/hash.ts';
import { Writer } from '../codec/writer.ts';
import type { Host } from '../host.ts';
import { type Id, ringDistance, xorDistance, ZERO_ID } from '../id.ts';
import type { RecordChecker } from '../identity/checker.ts';
import type { Member, Membership } from '../ledger/membership.ts';
import { CANDIDATE } from '../ledger/standing.ts';
import { type ProtocolParameters, scaledMs } from '../parameters.ts';
import { type Found, MAX_FOUND } from '../wire/finding.ts';
import type { Message } from '../wire/messages.ts';
import { Allowance } from './allowance.ts';
import { Lookup, PATHS } from './lookup.ts';

/** Answers to one remote: each is up to five datagrams, and a lookup asks nobody twice. */
const ANSWERS_PER_SECOND = 10;
/** Two far round trips for the handshake and one for the question, with room for fragments. */
const ANSWER_MS = 2500;
/** Lookups under way; more wait for nothing, they are asked for again when they are needed again. */
const MAX_LOOKUPS = 8;
/** Far neighbourhoods whose age is remembered; a network of a thousand has as many. */
const MAX_VIEWS = 1024;
/** A refresh at most so often: eight short messages a second, while many old views are used. */
const REFRESH_MS = 500;
/** Two members are asked whether a view still holds: one alone might be the liar. */
const PROBES = 2;
/** Leases end and members are counted over hours: a quarter of a lease, and no less than a minute. */
const VIEW_LIFE = 1 / 4;
const MIN_VIEW_MS = 60_000;
/** Members without a standing that still counts, told beside those that count: they have left. */
const MAX_LEFT = 4;

export interface FinderOptions {
  /** This one's address, or a client's key. */
  readonly self: Id;
  readonly parameters: ProtocolParameters;
  readonly membership: Membership;
  readonly checker: Pick<RecordChecker, 'check'>;
  readonly paths?: number;
  /** Since when is known what no lookup has found? Unless said, since the finder was made. */
  readonly sinceMs?: () => number;
}

export interface FinderEvents {
  send(to: Id, message: Message): void;
  /** It will be sent to: its record was checked, how it stands is not known. */
  meet(member: Member): void;
  /** It belongs to the network and is in `membership` now. */
  learnt(member: Member): void;
  /** A member near this peer counts no more: neighbourhoods have grown. */
  left(): void;
  /** Whoever has not heard of the ban yet, or is an accomplice, still names it. */
  isBanned(address: Id): boolean;
}

interface Search {
  readonly lookup: Lookup;
  readonly done: ((found: readonly Found[]) => void)[];
}

export class Finder {
  readonly #options: FinderOptions;
  readonly #host: Host;
  readonly #events: FinderEvents;
  readonly #searches = new Map<Id, Search>();
  /** Questions whether a view holds, by who is asked and for what. */
  readonly #probes = new Map<string, (() => void) | undefined>();
  /** When the view around its nearest member was last found to hold. */
  readonly #viewed = new Map<Id, number>();
  readonly #allowance = new Allowance(ANSWERS_PER_SECOND, 1000);
  readonly #madeAt: number;
  #refreshAt = 0;
  #lookedAroundAt = Number.NEGATIVE_INFINITY;

  constructor(options: FinderOptions, host: Host, events: FinderEvents) {
    this.#options = options;
    this.#host = host;
    this.#events = events;
    this.#madeAt = host.now();
  }

  /** Looks up the k nearest to an id and takes them into the membership; `done` hears of them. */
  find(target: Id, done?: (found: readonly Found[]) => void): void {
    const { self, parameters, paths = PATHS } = this.#options;
    let search = this.#searches.get(target);
    if (search === undefined) {
      if (this.#searches.size >= MAX_LOOKUPS) return;
      const known = this.#known(target);
      const verify = (found: Found): boolean | null => this.#verify(found);
      search = { lookup: new Lookup({ target, self, parameters, known, paths, verify }), done: [] };
      this.#searches.set(target, search);
    }
    if (done !== undefined) search.done.push(done);
    this.#goOn(search);
  }

  /** Whoever does not count yet hears nothing of who comes and goes around it: it looks for itself. */
  lookAround(): void {
    const { self, membership } = this.#options;
    const now = this.#host.now();
    if (membership.counts(self) || Math.abs(now - this.#lookedAroundAt) < MIN_VIEW_MS) return;
    this.#lookedAroundAt = now;
    this.find(self);
  }

  /**
   * Before a far token is touched: looks again, in the background, if the view of it is old. `found`
   * is called when it was looked up because others see it otherwise.
   */
  refresh(token: Id, found?: () => void): void {
    const { self, membership, parameters } = this.#options;
    const now = this.#host.now();
    const near = membership.near(token, parameters.k);
    const [nearest] = near;
    if (nearest === undefined || near.includes(self)) return;
    const isClockBack = this.#refreshAt > now + REFRESH_MS;
    if (now < this.#refreshAt && !isClockBack) return;
    const lifeMs = Math.max(MIN_VIEW_MS, scaledMs(parameters.leaseHours, parameters) * VIEW_LIFE);
    const viewedAt = this.#viewed.get(nearest) ?? this.#options.sinceMs?.() ?? this.#madeAt;
    if (now - viewedAt < lifeMs && viewedAt <= now) return;
    this.#refreshAt = now + REFRESH_MS;
    this.#keepViewed(nearest, now);
    this.#probe(nearest, near, found);
  }

  /** Somebody asks. Call it for ticketed remotes only: the answer is longer than the question. */
  onFind(from: Id, near: Id, view: Id): void {
    if (!this.#allowance.take(from, this.#host.now())) return;
    const members = this.#view(near) === view ? [] : this.#told(near);
    this.#events.send(from, { type: 'found', near, members });
  }

  onFound(from: Id, near: Id, members: readonly Found[]): void {
    const probe = `${from} ${near}`;
    if (this.#probes.has(probe)) {
      const found = this.#probes.get(probe);
      this.#probes.delete(probe);
      if (members.length > 0) this.find(near, found);
      return;
    }
    const search = this.#searches.get(near);
    if (search === undefined) return;
    search.lookup.answered(from, members);
    this.#goOn(search);
  }

  #probe(target: Id, near: readonly Id[], found?: () => void): void {
    const view = this.#view(target);
    const [draw = 0] = this.#host.random(1);
    for (let probe = 0; probe < Math.min(PROBES, near.length); probe += 1) {
      const asked = near[(draw + probe) % near.length];
      if (asked === undefined) continue;
      const key = `${asked} ${target}`;
      this.#probes.set(key, found);
      this.#events.send(asked, { type: 'find', near: target, view });
      this.#host.after(ANSWER_MS, () => {
        // Silence may be a neighbourhood that has left: looked up as if it had disagreed.
        if (this.#probes.delete(key)) this.find(target, found);
      });
    }
  }

  #goOn(search: Search): void {
    const { lookup, done } = search;
    for (const member of lookup.next()) {
      const { address } = member;
      if (!this.#options.membership.has(address)) this.#events.meet(member);
      this.#events.send(address, { type: 'find', near: lookup.target, view: ZERO_ID });
      this.#host.after(ANSWER_MS, () => {
        if (this.#searches.get(lookup.target) !== search) return;
        lookup.silent(address);
        this.#goOn(search);
      });
    }
    if (!lookup.isDone || this.#searches.get(lookup.target) !== search) return;
    this.#searches.delete(lookup.target);
    const found = lookup.result();
    for (const one of found) this.#take(one);
    const [nearest] = this.#options.membership.near(lookup.target, 1);
    if (nearest !== undefined) this.#keepViewed(nearest, this.#host.now());
    for (const hear of done) hear(found);
  }

  /** Of whom is known already only the standing is believed: where it is, it says itself. */
  #take(found: Found): void {
    const { membership, parameters, self } = this.#options;
    const { address, record, endpoint, standing } = found;
    if (address === self) return;
    if (membership.has(address)) {
      const wasNear = membership.near(self, 2 * parameters.k + 1).includes(address);
      membership.stand(address, standing);
      if (wasNear && !membership.counts(address)) this.#events.left();
      return;
    }
    const member = { address, record, endpoint };
    membership.add(member, standing);
    this.#events.learnt(member);
  }

  #verify({ address, record }: Found): boolean | null {
    // Its record may be sound, and who names it no liar.
    if (this.#events.isBanned(address)) return null;
    const known = this.#options.membership.get(address);
    if (known !== undefined && Buffer.compare(known.record.identityKey, record.identityKey) === 0) {
      return true;
    }
    const checked = this.#options.checker.check(record, 'found');
    if (checked.ok) return checked.address === address;
    return checked.reason === 'over-budget' ? null : false;
  }

  #known(target: Id): readonly Found[] {
    return this.#options.membership.nearest(target, MAX_FOUND).map((member) => this.#found(member));
  }

  /** Those that count, and the nearest that did and have left, so that others stop counting them. */
  #told(near: Id): readonly Found[] {
    const { membership, parameters } = this.#options;
    const wanted = Math.min(MAX_FOUND - MAX_LEFT, 2 * parameters.k);
    const distance = parameters.distance === 'xor' ? xorDistance : ringDistance;
    const left = membership.moved
      .filter(({ address }) => {
        const { sinceMs, countedFromMs } = membership.standing(address) ?? CANDIDATE;
        return sinceMs > 0 && countedFromMs === null;
      })
      .map((member) => ({ member, far: distance(near, member.address) }))
      .sort((a, b) => (a.far < b.far ? -1 : 1))
      .slice(0, MAX_LEFT);
    const counted = membership.nearest(near, wanted);
    return [...counted, ...left.map(({ member }) => member)].map((member) => this.#found(member));
  }

  #found({ address, record, endpoint }: Member): Found {
    const standing = this.#options.membership.standing(address) ?? CANDIDATE;
    return { address, record, endpoint, standing };
  }

  /** Digest of who counts there: renewals do not change it. */
  #view(near: Id): Id {
    const writer = new Writer();
    const { membership, parameters } = this.#options;
    for (const address of membership.near(near, parameters.k)) writer.id(address);
    return hash('view', writer.finishShared());
  }

  #keepViewed(nearest: Id, now: number): void {
    this.#viewed.delete(nearest);
    this.#viewed.set(nearest, now);
    const [oldest] = this.#viewed.keys();
    if (oldest !== undefined && this.#viewed.size > MAX_VIEWS) this.#viewed.delete(oldest);
  }
}
