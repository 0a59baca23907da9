/**
 * Whom a peer asks and believes: neighbour table, scores, swapping, trust and the detection layers,
 * put together. It listens to what is sent and heard; nothing here changes who counts as a voter.
 */
import type { Id } from '../id.ts';
import type { Block, Transaction } from '../ledger/types.ts';
import type { Statement } from '../minefield/types.ts';
import type { Message } from '../wire/messages.ts';
import type { TokenBallot } from '../voting/ballots.ts';
import type { PeerContext } from './context.ts';
import { CommitmentChecks } from './detection/commitment-checks.ts';
import { CrossCheck } from './detection/cross-check.ts';
import { REPORT_MS } from './detection/detector.ts';
import { Reputation } from './detection/reputation.ts';
import { NeighbourTable } from './neighbours.ts';
import { RoundTrips, SILENCE_MS } from './round-trips.ts';
import { Scores } from './scores.ts';
import { PASS_SHARE, type RoundResult } from './storage-proofs.ts';
import { Swapping, type SwappingEvents } from './swapping.ts';
import { Trust } from './trust.ts';

/** Isolated neighbours are asked nothing as long as at least this share of the table is left. */
const LEAST_ASKED = 0.5;

export interface ChoosingEvents extends SwappingEvents {
  /** Committed here, or under vote; null for none. */
  transaction(tx: Id): Transaction | null;
}

export class Choosing {
  readonly #context: PeerContext;
  readonly #table: NeighbourTable;
  readonly #scores: Scores;
  readonly #reputation: Reputation;
  readonly #trips: RoundTrips;
  readonly #crossCheck: CrossCheck;
  readonly #commitments: CommitmentChecks;
  readonly #trust: Trust;
  readonly #swapping: Swapping;
  #reportedAt: number;

  constructor(context: PeerContext, events: ChoosingEvents) {
    const { host, parameters } = context;
    this.#context = context;
    this.#table = new NeighbourTable(context);
    this.#reputation = new Reputation(host, parameters);
    this.#scores = new Scores((id) => (this.#reputation.of(id) + this.#trust.of(id)) / 2);
    this.#trips = new RoundTrips(host, {
      answered: (by, rttMs) => this.#answered(by, rttMs),
      silent: (who) => this.#answered(who, null),
    });
    this.#crossCheck = new CrossCheck(context, {
      held: (speaker, inStep) => this.#judged(speaker, true, inStep),
      failed: (speaker) => this.#judged(speaker, false, false),
      transaction: (tx) => events.transaction(tx),
      better: (a, b) => (this.#trust.of(a) >= this.#trust.of(b) ? a : b),
    });
    this.#commitments = new CommitmentChecks(context);
    const availability = (id: Id): number => this.#scores.of(id, host.now()).availability;
    this.#trust = new Trust(context, this.#crossCheck.tellings, availability);
    this.#swapping = new Swapping(context, this.#table, this.#scores, events);
    this.#reportedAt = host.now();
  }

  /** Members this peer is connected to, or tries to be, nearest first. */
  get neighbours(): readonly Id[] {
    return this.#table.all;
  }

  /** Those of them that it asks: without the isolated, unless these are too many. */
  get asked(): readonly Id[] {
    const { all } = this.#table;
    const { isolated } = this.#trust;
    const others = all.filter((id) => !isolated.has(id));
    return others.length >= LEAST_ASKED * all.length ? others : all;
  }

  /** Everything this peer sends. */
  sent(to: Id, message: Message): void {
    if (this.#context.membership.has(to)) this.#trips.sent(to, message);
  }

  /** Everything it is sent. True for an answer that `from` itself was asked for. */
  heard(from: Id, message: Message): boolean {
    return this.#trips.heard(from, message);
  }

  /** A well signed statement that breaks no rule; `disputed`: somebody could not make it fit. */
  onStatement(statement: Statement, disputed: boolean): void {
    const isDoubtful = this.#crossCheck.hear(statement);
    this.#commitments.hear(statement, isDoubtful || disputed);
  }

  /** An answer whose signature holds; null: `from` has no such block as was `wanted`. */
  onBlock(from: Id, wanted: Id | number, block: Block | null): void {
    this.#commitments.onBlock(from, wanted, block);
  }

  onVote(from: Id, tx: Id, ballots: readonly TokenBallot[]): void {
    this.#trust.voted(from, tx, ballots);
  }

  /** How neighbours did in a round of storage challenges; silence is counted elsewhere. */
  challenged(results: readonly RoundResult[]): void {
    for (const { peer, own } of results) {
      if (own.judged > 0) this.#trust.challenged(peer, own.agreed / own.judged >= PASS_SHARE);
    }
  }

  committed(tx: Id): void {
    this.#trust.committed(tx);
  }

  /** A member began a new epoch. */
  reset(member: Id): void {
    this.#reputation.reset(member);
  }

  forget(member: Id): void {
    this.#scores.forget(member);
    this.#reputation.forget(member);
    this.#trust.forget(member);
  }

  /** About once a second. */
  tick(): void {
    this.#trips.tick();
    this.#crossCheck.tick();
    this.#commitments.tick();
    this.#trust.tick();
    this.#reputation.tick();
    this.#swapping.tick();
    const now = this.#context.host.now();
    if (Math.abs(now - this.#reportedAt) < REPORT_MS) return;
    this.#reportedAt = now;
    for (const { detector } of [
      this.#commitments,
      this.#crossCheck,
      this.#reputation,
      this.#trust,
    ]) {
      detector.report();
    }
  }

  /** `rttMs` null: it did not answer. */
  #answered(by: Id, rttMs: number | null): void {
    const now = this.#context.host.now();
    const isAnswer = rttMs !== null;
    this.#scores.note(by, 'availability', isAnswer, now);
    this.#scores.roundTrip(by, rttMs ?? SILENCE_MS, now);
    this.#reputation.asked(by, isAnswer);
    if (isAnswer) this.#swapping.answered(by);
  }

  #judged(speaker: Id, held: boolean, inStep: boolean): void {
    const now = this.#context.host.now();
    this.#scores.note(speaker, 'accuracy', held, now);
    this.#scores.note(speaker, 'synchronisation', inStep, now);
    this.#reputation.judged(speaker, held);
  }
}
