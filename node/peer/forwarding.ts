/**
 * Questions that are passed on instead of answered (PROTOCOL.md 2), with the network's
 * `forwardProbability`: to another member near what is asked for, which answers by itself and never
 * passes on. It answers the origin if they are connected, so that nobody is sent anything without
 * a ticket; else the answer comes back the way that the question went.
 *
 * A statement is its speaker's own, signed and numbered by it, whoever brings it. What is brought with
 * a transaction is nobody's word about its fate.
 */
import type { Asker, Passing } from '../decisions.ts';
import type { Id } from '../id.ts';
import type { PassedQuestion } from '../wire/forwarding.ts';
import type { Message } from '../wire/messages.ts';
import { Allowance } from './allowance.ts';
import { keepersOfAll, neighbourhood, type PeerContext } from './context.ts';
import { chance } from './detection/cross-check.ts';

/** For one origin; beyond it its questions are answered here. */
const PASSED_PER_SECOND = 20;
/** Answered for one that passes on, and to one origin: what a liar can have sent to a third party. */
const ANSWERS_PER_SECOND = 100;
const TO_ORIGIN_PER_SECOND = 20;
/** As long as whoever asks waits for an answer (round-trips.ts). */
const RELAY_MS = 4000;
/** Under way: four seconds of what a dozen origins may have passed on. */
const MAX_RELAYS = 1024;

type Answer = Extract<Message, { readonly type: 'statement' | 'transaction' }>;

export interface ForwardingEvents {
  connected(id: Id): boolean;
  /** Answers `asker`, by way of `to`. */
  answer(asker: Asker, question: PassedQuestion, to: Id): void;
}

export class Forwarding {
  readonly #context: PeerContext;
  readonly #events: ForwardingEvents;
  /** Whose answer is awaited to what → for whom; in order of asking. */
  readonly #relays = new Map<string, { readonly origin: Id; readonly atMs: number }>();
  readonly #passed = new Allowance(PASSED_PER_SECOND, 1000);
  readonly #answers = new Allowance(ANSWERS_PER_SECOND, 1000);
  readonly #toOrigin = new Allowance(TO_ORIGIN_PER_SECOND, 1000);

  constructor(context: PeerContext, events: ForwardingEvents) {
    this.#context = context;
    this.#events = events;
  }

  /** False when the question shall be answered here as well, or instead. */
  passOn(from: Asker, question: PassedQuestion): boolean {
    const { decisions } = this.#context;
    const { answers, to } = decisions.passOn(from, question, () => this.#choose(from, question));
    if (to === null || !this.#await(from.id, question, to)) return !answers && to === null;
    this.#context.send(to, { type: 'forward', origin: from.id, question });
    return !answers;
  }

  /** Another passes on what it was asked. */
  onForward(from: Id, origin: Id, question: PassedQuestion): void {
    const { host, membership, self } = this.#context;
    const now = host.now();
    if (origin === self || !membership.has(from) || !this.#answers.take(from, now)) return;
    if (!this.#toOrigin.take(origin, now)) return;
    const asker: Asker = { id: origin, kind: membership.has(origin) ? 'peer' : 'client' };
    this.#events.answer(asker, question, this.#events.connected(origin) ? origin : from);
  }

  /** An answer that was asked for in another's name is brought to it. */
  relay(from: Id, answer: Answer): void {
    const key = keyOf(from, answer);
    const relay = this.#relays.get(key);
    if (relay === undefined) return;
    this.#relays.delete(key);
    if (Math.abs(this.#context.host.now() - relay.atMs) >= RELAY_MS) return;
    const isVouched = answer.type === 'transaction' && answer.commit !== null;
    this.#context.send(relay.origin, isVouched ? { ...answer, commit: 'witnessed' } : answer);
  }

  /** What an honest peer does: somebody near it that is connected, or nobody. */
  #choose({ id: origin }: Asker, question: PassedQuestion): Passing {
    const { forwardProbability } = this.#context.parameters;
    const here: Passing = { answers: true, to: null };
    if (forwardProbability === 0 || chance(this.#context.host) >= forwardProbability) return here;
    const others = this.#holders(question).filter(
      (id) => id !== this.#context.self && id !== origin && this.#events.connected(id),
    );
    const to = others[Math.floor(chance(this.#context.host) * others.length)];
    return to === undefined ? here : { answers: false, to };
  }

  /** Of a transaction that is not committed here this peer can't say who has it. */
  #holders(question: PassedQuestion): readonly Id[] {
    if (question.type === 'ask-mapping') return neighbourhood(this.#context, question.token);
    const { holdings } = this.#context;
    const isCommitted = holdings.isCommitted(question.tx);
    const transaction = isCommitted ? holdings.transaction(question.tx) : undefined;
    return transaction === undefined ? [] : [...keepersOfAll(this.#context, transaction)];
  }

  /** False when there is no room, or the same is awaited already: it is answered here then. */
  #await(origin: Id, question: PassedQuestion, to: Id): boolean {
    const now = this.#context.host.now();
    for (const [key, { atMs }] of this.#relays) {
      if (Math.abs(now - atMs) < RELAY_MS) break;
      this.#relays.delete(key);
    }
    const key = keyOf(to, question);
    if (this.#relays.size >= MAX_RELAYS || this.#relays.has(key)) return false;
    if (!this.#passed.take(origin, now)) return false;
    this.#relays.set(key, { origin, atMs: now });
    return true;
  }
}

function keyOf(answerer: Id, message: PassedQuestion | Answer): string {
  switch (message.type) {
    case 'ask-mapping':
      return `${answerer}/${message.query.toHex()}`;
    case 'statement':
      return `${message.statement.peer}/${message.statement.query.toHex()}`;
    case 'get-transaction':
      return `${answerer}/${message.tx}`;
    default:
      return `${answerer}/${message.transaction.id}`;
  }
}
