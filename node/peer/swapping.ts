/**
 * Swapping (PROTOCOL.md 5; enhanced-synchronization): from time to time the worst of the far part of
 * the table makes room for another that is ready, so that nobody stays a neighbour for ever. It
 * changes whom this peer asks; whom it votes with the transport reaches whatever the table says.
 */
import type { Id } from '../id.ts';
import { QUERY_BYTES } from '../minefield/statement.ts';
import { scaledMs } from '../parameters.ts';
import type { PeerContext } from './context.ts';
import { chance } from './detection/cross-check.ts';
import type { NeighbourTable } from './neighbours.ts';
import type { Scores } from './scores.ts';

/** PROTOCOL.md 5: in paper hours. The first interval is the long one; each next is half as far off. */
const BASE_HOURS = 0.5;
const FIRST_HOURS = 6;
const SPREAD = 0.5;
/** However fast a network's time runs: a handover takes round trips, and these don't scale. */
const LEAST_INTERVAL_MS = 5000;
/** Handovers at a time. */
const AT_ONCE = 2;
/** A candidate that is not connected by then was not ready after all. */
const HANDOVER_MS = 10_000;
/** Candidates kept ready, and how long an answer of one counts. */
const POOL = 4;
const READY_MS = 60_000;
/** Questions under way to candidates; asked again only after a rest. */
const PROBE_REST_MS = 15_000;
const MAX_PROBED = 64;
/**
 * At once below this score: honest members that answer are above 0.6, whatever else is known; one
 * that neither answers nor holds what it says falls below 0.4.
 */
const EMERGENCY_SCORE = 0.45;
/** of one that was asked so often, and not more often than this. */
const EMERGENCY_CASES = 6;
const EMERGENCY_REST_MS = 2000;
/** Not while fewer of the table are connected, or more transactions are pending here. */
const LEAST_CONNECTED = 0.7;
const MAX_PENDING = 256;
/** Of the table, at most so many from one /16 network, where there is a choice. */
const NETWORK_SHARE = 0.25;

export interface SwappingEvents {
  connected(id: Id): boolean;
  connect(id: Id): void;
  pending(): number;
}

type SwappingContext = Pick<PeerContext, 'membership' | 'parameters' | 'host' | 'send'>;

type Why = 'scheduled' | 'emergency';

interface Handover {
  readonly out: Id;
  readonly into: Id;
  readonly why: Why;
  readonly since: number;
}

export class Swapping {
  readonly #context: SwappingContext;
  readonly #table: NeighbourTable;
  readonly #scores: Scores;
  readonly #events: SwappingEvents;
  readonly #handovers: Handover[] = [];
  /** When a candidate answered last, and when it was asked last. */
  readonly #answered = new Map<Id, number>();
  readonly #probed = new Map<Id, number>();
  #turns = 0;
  #beganAt: number;
  #intervalMs: number;
  #emergencyAt = Number.NEGATIVE_INFINITY;

  constructor(
    context: SwappingContext,
    table: NeighbourTable,
    scores: Scores,
    events: SwappingEvents,
  ) {
    this.#context = context;
    this.#table = table;
    this.#scores = scores;
    this.#events = events;
    this.#beganAt = context.host.now();
    this.#intervalMs = this.#interval();
  }

  /** Someone answered a question: a candidate that does is ready. */
  answered(by: Id): void {
    if (!this.#probed.has(by)) return;
    this.#answered.set(by, this.#context.host.now());
  }

  /** Once a second. */
  tick(): void {
    if (this.#context.parameters.swapping === 'off') return;
    const now = this.#context.host.now();
    this.#finish(now);
    this.#age(now);
    const ready = this.#ready();
    this.#probe(now, ready);
    if (this.#isStrained() || this.#handovers.length >= AT_ONCE) return;
    const leaving = this.#worstFirst(now);
    const [worst] = leaving;
    if (worst === undefined) return;
    if (this.#isEmergency(worst, now)) {
      if (this.#begin([worst], ready, 'emergency', now)) this.#emergencyAt = now;
    } else if (Math.abs(now - this.#beganAt) >= this.#intervalMs) {
      this.#turns += 1;
      this.#beganAt = now;
      this.#intervalMs = this.#interval();
      this.#begin(leaving, ready, 'scheduled', now);
    }
  }

  /** ± 50 %, so that nobody can foresee it. */
  #interval(): number {
    const { parameters, host } = this.#context;
    const hours = BASE_HOURS + (FIRST_HOURS - BASE_HOURS) * 0.5 ** this.#turns;
    const interval = Math.max(LEAST_INTERVAL_MS, scaledMs(hours, parameters));
    return interval * (1 - SPREAD + 2 * SPREAD * chance(host));
  }

  #isStrained(): boolean {
    const { all } = this.#table;
    const connected = all.filter((id) => this.#events.connected(id)).length;
    return connected < LEAST_CONNECTED * all.length || this.#events.pending() > MAX_PENDING;
  }

  #worstFirst(now: number): readonly Id[] {
    const busy = new Set(this.#handovers.flatMap(({ out, into }) => [out, into]));
    const free = this.#table.far.filter((id) => !busy.has(id));
    const totals = new Map(free.map((id) => [id, this.#scores.of(id, now).total]));
    return [...totals].sort(([, a], [, b]) => a - b).map(([id]) => id);
  }

  #isEmergency(worst: Id, now: number): boolean {
    return (
      now - this.#emergencyAt >= EMERGENCY_REST_MS &&
      this.#scores.of(worst, now).total < EMERGENCY_SCORE &&
      this.#scores.cases(worst, 'availability', now) >= EMERGENCY_CASES
    );
  }

  /** The first of those leaving for whom there is another. */
  #begin(leaving: readonly Id[], ready: readonly Id[], why: Why, now: number): boolean {
    for (const out of leaving) {
      const into = this.#choose(out, ready, now);
      if (into === null) continue;
      this.#handovers.push({ out, into, why, since: now });
      this.#answered.delete(into);
      this.#table.admit(into);
      this.#events.connect(into);
      return true;
    }
    return false;
  }

  /** The best of the networks with the fewest in the table, unless it makes one too strong. */
  #choose(out: Id, ready: readonly Id[], now: number): Id | null {
    const beside = this.#crowding(out);
    const ranked = ready
      .map((id) => ({ id, beside: beside(id), score: this.#scores.of(id, now).total }))
      // Who replaces one of its own network makes it no stronger.
      .filter((one) => one.beside < 1 || this.#network(one.id) === this.#network(out))
      .filter(({ score }) => score >= EMERGENCY_SCORE)
      .sort((a, b) => a.beside - b.beside || b.score - a.score);
    return ranked[0]?.id ?? null;
  }

  /** How full the share of a member's network is, without `out`; 1 is full. */
  #crowding(out: Id | null): (id: Id) => number {
    const others = this.#table.all.filter((id) => id !== out);
    const limit = Math.max(1, Math.floor(NETWORK_SHARE * (others.length + 1)));
    const counts = new Map<string, number>();
    for (const id of others) {
      counts.set(this.#network(id), (counts.get(this.#network(id)) ?? 0) + 1);
    }
    return (id) => (counts.get(this.#network(id)) ?? 0) / limit;
  }

  /** The /16 that it is reached in: who operates it nobody can know. */
  #network(id: Id): string {
    const ip = this.#context.membership.get(id)?.endpoint.ip ?? '';
    return ip.split('.').slice(0, 2).join('.');
  }

  /** The new one is connected before the old one goes. */
  #finish(now: number): void {
    for (const handover of this.#handovers.splice(0)) {
      const { out, into, why, since } = handover;
      const isDone = this.#events.connected(into);
      if (!isDone && Math.abs(now - since) < HANDOVER_MS) {
        this.#handovers.push(handover);
        continue;
      }
      this.#table.drop(isDone ? out : into);
      this.#context.host.report({
        table: 'swaps',
        out,
        into,
        why,
        done: isDone,
        scoreOut: this.#scores.of(out, now).total,
        scoreInto: this.#scores.of(into, now).total,
      });
    }
  }

  #ready(): readonly Id[] {
    return this.#table.candidates().filter((id) => this.#answered.has(id));
  }

  #age(now: number): void {
    for (const [table, lifeMs] of [
      [this.#answered, READY_MS],
      [this.#probed, PROBE_REST_MS + READY_MS],
    ] as const) {
      for (const [id, at] of table) if (Math.abs(now - at) > lifeMs) table.delete(id);
    }
  }

  /** Asks one more candidate for something, to see whether it answers: of other networks first. */
  #probe(now: number, ready: readonly Id[]): void {
    if (this.#probed.size >= MAX_PROBED) return;
    const crowding = this.#crowding(null);
    const isDiverse = (id: Id): boolean => crowding(id) < 1;
    const rested = this.#table
      .candidates()
      .filter((id) => !ready.includes(id) && now - (this.#probed.get(id) ?? 0) > PROBE_REST_MS);
    const diverse = rested.filter(isDiverse);
    const from = ready.filter(isDiverse).length < POOL && diverse.length > 0 ? diverse : rested;
    if (from === rested && ready.length >= POOL) return;
    const { host, send } = this.#context;
    const id = from[Math.floor(chance(host) * Math.min(from.length, 2 * POOL))];
    if (id === undefined) return;
    this.#probed.set(id, now);
    send(id, { type: 'ask-mapping', token: id, query: host.random(QUERY_BYTES), direct: true });
  }
}
