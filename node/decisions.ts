/**
 * The named points at which an adversary's peer may decide otherwise than an honest one. The peer
 * asks here and nowhere else; an attack replaces some of them and leaves the rest. Each gets what
 * the peer itself knows, never the inside of another peer.
 */
import type { Id } from './id.ts';
import type { Block, Transaction } from './ledger/types.ts';
import type { Statement } from './minefield/types.ts';
import type { PassedQuestion } from './wire/forwarding.ts';
import type { Message } from './wire/messages.ts';

export interface Asker {
  /** Address of a peer, or a client's ephemeral key. */
  readonly id: Id;
  readonly kind: 'peer' | 'client';
}

/** What becomes of a question. */
export interface Passing {
  /** Is it answered here? */
  readonly answers: boolean;
  /** Whom it is passed on to, by its address. */
  readonly to: Id | null;
}

export interface Decisions {
  /** A token's mapping was asked for. `honest` makes (and numbers) the true statement; null: no answer. */
  answerMapping(
    asker: Asker,
    token: Id,
    query: Uint8Array,
    honest: () => Statement,
  ): Statement | null;
  /** A block of this peer's own chain was asked for by hash or height. */
  serveBlock(asker: Asker, wanted: Id | number, honest: () => Block | null): Block | null;
  /** The verdict on one token of a transaction; null stays silent. */
  vote(transaction: Transaction, token: Id, honest: Ballot): Ballot | null;
  /** A question that may be passed on. `honest` draws what an honest peer does. */
  passOn(asker: Asker, question: PassedQuestion, honest: () => Passing): Passing;
  /** A message that came in and can be read. False: it is as if it had never come. */
  heed(from: Asker, message: Message): boolean;
  /** A message on its way out: what is sent in its place; null: nothing. */
  utter(to: Id, message: Message): Message | null;
}

export type Ballot = 'valid' | 'invalid' | 'out-of-order';

/** What every honest peer does. */
export const HONEST: Decisions = {
  answerMapping: (_asker, _token, _query, honest) => honest(),
  serveBlock: (_asker, _wanted, honest) => honest(),
  vote: (_transaction, _token, honest) => honest,
  passOn: (_asker, _question, honest) => honest(),
  heed: () => true,
  utter: (_to, message) => message,
};

/** What is decided now: asked at each decision, so that an attack may begin and end meanwhile. */
export function deciding(mind: () => Partial<Decisions>): Decisions {
  const at = <Point extends keyof Decisions>(point: Point): Decisions[Point] =>
    mind()[point] ?? HONEST[point];
  return {
    answerMapping: (...asked) => at('answerMapping')(...asked),
    serveBlock: (...asked) => at('serveBlock')(...asked),
    vote: (...asked) => at('vote')(...asked),
    passOn: (...asked) => at('passOn')(...asked),
    heed: (...asked) => at('heed')(...asked),
    utter: (...asked) => at('utter')(...asked),
  };
}
