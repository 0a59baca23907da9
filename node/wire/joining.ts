/** Messages by which neighbours know of one another's identities and standing (PROTOCOL.md 1, 5). */
import type { Endpoint } from '../host.ts';
import type { Id } from '../id.ts';
import { encodeRecord, type IdentityRecord, readRecord } from '../identity/record.ts';
import { readStanding, type Standing, writeStanding } from '../ledger/standing.ts';
import { readEndpoint, writeEndpoint } from '../transport/endpoint.ts';
import type { Formats } from './format.ts';

/** Standings in one message: two neighbourhoods and more of a usual size, in two or three fragments. */
export const MAX_STANDINGS = 64;

export interface StandingOf {
  readonly address: Id;
  readonly standing: Standing;
}

export type JoiningMessage =
  /** An identity and where it is: by itself when it joins, by others when they are asked. */
  | { readonly type: 'introduce'; readonly record: IdentityRecord; readonly endpoint: Endpoint }
  | { readonly type: 'ask-identity'; readonly address: Id }
  /** How identities stand by what the sender has seen committed; counts only from their neighbours. */
  | { readonly type: 'standings'; readonly standings: readonly StandingOf[] }
  /** `digest`: of the standings around the asker as it knows them; answered if they are others. */
  | { readonly type: 'ask-standings'; readonly digest: Id };

export const JOINING: Formats<JoiningMessage> = {
  introduce: {
    write: (writer, { record, endpoint }) => {
      writer.raw(encodeRecord(record));
      writeEndpoint(writer, endpoint);
    },
    read: (reader) => ({
      type: 'introduce',
      record: readRecord(reader),
      endpoint: readEndpoint(reader),
    }),
  },
  'ask-identity': {
    write: (writer, { address }) => writer.id(address),
    read: (reader) => ({ type: 'ask-identity', address: reader.id() }),
  },
  standings: {
    write: (writer, { standings }) => {
      writer.list(standings, ({ address, standing }) => {
        writer.id(address);
        writeStanding(writer, standing);
      });
    },
    read: (reader) => ({
      type: 'standings',
      standings: reader.list(1, MAX_STANDINGS, () => ({
        address: reader.id(),
        standing: readStanding(reader),
      })),
    }),
  },
  'ask-standings': {
    write: (writer, { digest }) => writer.id(digest),
    read: (reader) => ({ type: 'ask-standings', digest: reader.id() }),
  },
};

export function isJoiningMessage(message: { readonly type: string }): message is JoiningMessage {
  return Object.hasOwn(JOINING, message.type);
}
