/** Messages of questions, statements and evidence (PROTOCOL.md 7). */
import type { Id } from '../id.ts';
import { encodePackage, readPackage } from '../minefield/evidence.ts';
import { QUERY_BYTES, readStatement, writeStatement } from '../minefield/statement.ts';
import type { EvidencePackage, Statement } from '../minefield/types.ts';
import type { Formats } from './format.ts';

/** Statements in a dispute: the pair that disagrees, and what else was answered. */
export const MAX_DISPUTED = 4;

export type AccusingMessage =
  | {
      readonly type: 'ask-mapping';
      readonly token: Id;
      readonly query: Uint8Array;
      /** Only the asked member's own word is of use: it is not passed on. */
      readonly direct?: true;
    }
  | { readonly type: 'statement'; readonly statement: Statement }
  | { readonly type: 'dispute'; readonly statements: readonly Statement[] }
  | { readonly type: 'evidence'; readonly evidence: EvidencePackage };

export const ACCUSING: Formats<AccusingMessage> = {
  'ask-mapping': {
    write: (writer, { token, query, direct = false }) =>
      writer
        .id(token)
        .raw(query)
        .u8(direct ? 1 : 0),
    read: (reader) => {
      const question = { token: reader.id(), query: reader.raw(QUERY_BYTES) };
      const word = reader.boolean() ? ({ direct: true } as const) : {};
      return { type: 'ask-mapping', ...question, ...word };
    },
  },
  statement: {
    write: (writer, { statement }) => writeStatement(writer, statement),
    read: (reader) => ({ type: 'statement', statement: readStatement(reader) }),
  },
  dispute: {
    write: (writer, { statements }) =>
      writer.list(statements, (statement) => writeStatement(writer, statement)),
    read: (reader) => ({
      type: 'dispute',
      statements: reader.list(1, MAX_DISPUTED, () => readStatement(reader)),
    }),
  },
  evidence: {
    write: (writer, { evidence }) => writer.raw(encodePackage(evidence)),
    read: (reader) => ({ type: 'evidence', evidence: readPackage(reader) }),
  },
};
