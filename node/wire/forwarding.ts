/** A question that is passed on (PROTOCOL.md 2). */
import type { Id } from '../id.ts';
import { QUERY_BYTES } from '../minefield/statement.ts';
import type { Formats } from './format.ts';

/** What may be passed on: whoever knows the answer can give it. */
export type PassedQuestion =
  | { readonly type: 'ask-mapping'; readonly token: Id; readonly query: Uint8Array }
  | { readonly type: 'get-transaction'; readonly tx: Id };

export type ForwardingMessage = {
  /** `origin`, a peer or a client, has asked the sender. Whoever is told answers, or nobody does. */
  readonly type: 'forward';
  readonly origin: Id;
  readonly question: PassedQuestion;
};

export const FORWARDING: Formats<ForwardingMessage> = {
  forward: {
    write: (writer, { origin, question }) => {
      writer.id(origin).u8(question.type === 'ask-mapping' ? 1 : 0);
      if (question.type === 'ask-mapping') writer.id(question.token).raw(question.query);
      else writer.id(question.tx);
    },
    read: (reader) => ({
      type: 'forward',
      origin: reader.id(),
      question: reader.boolean()
        ? { type: 'ask-mapping', token: reader.id(), query: reader.raw(QUERY_BYTES) }
        : { type: 'get-transaction', tx: reader.id() },
    }),
  },
};
