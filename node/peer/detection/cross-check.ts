/**
 * Sampled cross-checking (PROTOCOL.md 8): an answer is held against this peer's own view and, for a
 * sampled share, against another keeper's. What does not fit is asked of two more and judged when
 * whatever was on its way must have come: nothing stale is held against anyone.
 */
import type { Host } from '../../host.ts';
import type { Id } from '../../id.ts';
import type { Mapping, Transaction } from '../../ledger/types.ts';
import { QUERY_BYTES } from '../../minefield/statement.ts';
import type { Statement } from '../../minefield/types.ts';
import type { Message } from '../../wire/messages.ts';
import { neighbourhood, type PeerContext } from '../context.ts';
import { Detector } from './detector.ts';
import { isSame, Tellings, viewOf } from './views.ts';

/** A commit that one keeper has reaches the others within a few repeats of lost votes. */
export const SETTLE_MS = 6000;
/** Others are asked when most of that time is over, so that their answers still come within it. */
const ASK_OTHERS_MS = 4000;
/** Asked when an answer does not fit: with the own view, three against one. */
const MORE_ASKED = 2;
/** How the sampled share grows with each disagreement, and falls back with each agreement. */
const RATE_UP = 2;
const RATE_DOWN = 0.95;
/** Least share from which it grows. */
const RATE_LEAST = 0.01;
/** Transactions that a truthful speaker may be ahead; a cut takes seconds, a token has few in it. */
const MAX_AHEAD = 8;
/** Answers under judgement, and questions whose answers are counted, at a time. */
const MAX_CASES = 128;
const MAX_ASKED = 256;

type CrossCheckContext = Pick<
  PeerContext,
  'self' | 'host' | 'membership' | 'parameters' | 'holdings' | 'send'
>;

interface Case {
  readonly accused: Id;
  readonly told: Mapping;
  readonly since: number;
  /** When others were asked; null: not yet, since they may be as far behind as this peer. */
  askedAt: number | null;
}

export interface CrossCheckEvents {
  /** What became of an answer; `inStep`: it was the own view at once. */
  held(speaker: Id, inStep: boolean): void;
  failed(speaker: Id): void;
  /** Committed here, or under vote, and so signed by the owner; null for none. */
  transaction(tx: Id): Transaction | null;
  /** Of two keepers, the one to be believed more. */
  better(a: Id, b: Id): Id;
}

export class CrossCheck {
  readonly tellings = new Tellings();
  readonly detector: Detector;
  readonly #context: CrossCheckContext;
  readonly #events: CrossCheckEvents;
  readonly #cases = new Map<string, Case>();
  readonly #asked = new Set<string>();
  #rate: number;

  constructor(context: CrossCheckContext, events: CrossCheckEvents) {
    this.#context = context;
    this.#events = events;
    this.#rate = context.parameters.crossCheckRate;
    this.detector = new Detector('cross-check', context.host);
  }

  /** Share of answers that are asked of somebody else as well. */
  get rate(): number {
    return this.#rate;
  }

  /** A well signed statement, asked for or handed on. True: it does not fit yet. */
  hear(statement: Statement): boolean {
    const { peer, token, answer, query } = statement;
    if (this.#asked.delete(query.toHex()))
      this.detector.exchanged({ type: 'statement', statement });
    const { holdings, host, self } = this.#context;
    const keepers = neighbourhood(this.#context, token);
    // Who does not keep the token may well know it from an earlier time.
    if (answer === null || !keepers.includes(self) || !keepers.includes(peer)) return false;
    const { mapping } = answer;
    this.tellings.note(peer, mapping, host.now());
    const view = viewOf(holdings, mapping);
    if (view === null) return false;
    this.detector.checked();
    if (view === 'agrees' || view === 'behind') {
      this.#events.held(peer, view === 'agrees');
      if (chance(host) < this.#rate) this.#ask(token, [self, peer], 1);
      this.#agreed();
      return false;
    }
    this.#doubt({ accused: peer, told: mapping, since: host.now(), askedAt: null });
    return true;
  }

  /** Several times a second or less. */
  tick(): void {
    const now = this.#context.host.now();
    for (const [key, doubt] of this.#cases) {
      // A clock that was set back judges at once, rather than never.
      const passedMs = Math.abs(now - doubt.since);
      if (doubt.askedAt === null && passedMs >= ASK_OTHERS_MS) {
        doubt.askedAt = now;
        const { accused, told } = doubt;
        if (this.#asksOthers) this.#send(accused, told.token);
        this.#ask(told.token, [this.#context.self, accused], MORE_ASKED);
      }
      if (passedMs < SETTLE_MS) continue;
      this.#cases.delete(key);
      this.#judge(doubt, doubt.askedAt ?? now);
    }
  }

  #doubt(doubt: Case): void {
    const key = `${doubt.accused}/${doubt.told.token}`;
    if (this.#cases.has(key) || this.#cases.size >= MAX_CASES) return;
    this.#cases.set(key, doubt);
    const base = this.#context.parameters.crossCheckRate;
    if (base > 0) this.#rate = Math.min(1, Math.max(this.#rate, RATE_LEAST) * RATE_UP);
  }

  #agreed(): void {
    const base = this.#context.parameters.crossCheckRate;
    this.#rate = base + (this.#rate - base) * RATE_DOWN;
  }

  #judge({ accused, told }: Case, askedAt: number): void {
    const { holdings, self } = this.#context;
    const view = viewOf(holdings, told);
    this.detector.checked();
    if (view === null || !neighbourhood(this.#context, told.token).includes(self)) return;
    if (view === 'agrees' || view === 'behind') {
      this.#events.held(accused, true);
      return;
    }
    const tellings = this.tellings.of(told.token);
    const again = tellings.get(accused);
    // Who was behind, as after a restart from an old disk, has come along since.
    const now = again === undefined ? null : viewOf(holdings, again.mapping);
    if (now === 'agrees' || now === 'behind' || this.#isAhead(told)) return;
    // Oneself is against it; but where most others say the same, it is oneself that is behind.
    let against = 1;
    let beside = 0;
    for (const [speaker, { mapping, atMs }] of tellings) {
      if (speaker === accused) continue;
      if (isSame(mapping, told) || mapping.previous === told.tx) beside += 1;
      else if (atMs >= askedAt) against += 1;
    }
    // Of two that differ, nobody can say which is behind.
    if (against <= beside || (this.#asksOthers && against === 1)) return;
    this.#events.failed(accused);
    const score = against / (against + beside + 1);
    this.detector.flag(accused, 'told what its neighbours do not hold', score);
  }

  /** Does what its owners signed lead from the own view to it? Then this peer may be behind. */
  #isAhead(told: Mapping): boolean {
    const own = this.#context.holdings.mapping(told.token)?.tx;
    let { tx } = told;
    for (let ahead = 0; ahead < MAX_AHEAD && tx !== own; ahead += 1) {
      const changes = this.#events.transaction(tx)?.body.changes ?? [];
      const change = changes.find(({ token }) => token === told.token);
      if (change === undefined || (ahead === 0 && change.owner !== told.owner)) return false;
      tx = change.previous;
    }
    return tx === own;
  }

  #ask(token: Id, without: readonly Id[], count: number): void {
    const { host } = this.#context;
    if (!this.#asksOthers) return;
    const others = neighbourhood(this.#context, token).filter((id) => !without.includes(id));
    for (let turn = 0; turn < count && others.length > 0; turn += 1) {
      const pick = (): Id => others[Math.floor(chance(host) * others.length)] ?? '';
      const id = this.#events.better(pick(), pick());
      others.splice(others.indexOf(id), 1);
      this.#send(id, token);
    }
  }

  get #asksOthers(): boolean {
    return this.#context.parameters.crossCheckRate > 0;
  }

  #send(to: Id, token: Id): void {
    const { host, send } = this.#context;
    const query = host.random(QUERY_BYTES);
    const question: Message = { type: 'ask-mapping', token, query, direct: true };
    this.detector.exchanged(question);
    this.#asked.add(query.toHex());
    const [oldest] = this.#asked;
    if (oldest !== undefined && this.#asked.size > MAX_ASKED) this.#asked.delete(oldest);
    send(to, question);
  }
}

/** In [0,1). */
export function chance(host: Pick<Host, 'random'>): number {
  const [high = 0, low = 0] = host.random(2);
  return (high * 256 + low) / 65_536;
}
