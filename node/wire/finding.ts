/** Messages by which members and clients find who is near an id (PROTOCOL.md 2). */
import type { Endpoint } from '../host.ts';
import type { Id } from '../id.ts';
import { encodeRecord, type IdentityRecord, readRecord } from '../identity/record.ts';
import { readStanding, type Standing, writeStanding } from '../ledger/standing.ts';
import { readEndpoint, writeEndpoint } from '../transport/endpoint.ts';
import type { Formats } from './format.ts';

/** Members in one answer: a neighbourhood and the next one of a usual size, in five fragments. */
export const MAX_FOUND = 24;

/** A member as others know it: whoever is told checks the record against the address. */
export interface Found {
  readonly address: Id;
  readonly record: IdentityRecord;
  readonly endpoint: Endpoint;
  readonly standing: Standing;
}

export type FindingMessage =
  /** Who is near it? `view` is a digest of whom the asker knows there, or zeros. */
  | { readonly type: 'find'; readonly near: Id; readonly view: Id }
  /** Nearest first; none when the asker's view is that of the answerer. */
  | { readonly type: 'found'; readonly near: Id; readonly members: readonly Found[] };

export const FINDING: Formats<FindingMessage> = {
  find: {
    write: (writer, { near, view }) => writer.id(near).id(view),
    read: (reader) => ({ type: 'find', near: reader.id(), view: reader.id() }),
  },
  found: {
    write: (writer, { near, members }) => {
      writer.id(near).list(members, ({ address, record, endpoint, standing }) => {
        writer.id(address).raw(encodeRecord(record));
        writeEndpoint(writer, endpoint);
        writeStanding(writer, standing);
      });
    },
    read: (reader) => ({
      type: 'found',
      near: reader.id(),
      members: reader.list(0, MAX_FOUND, () => ({
        address: reader.id(),
        record: readRecord(reader),
        endpoint: readEndpoint(reader),
        standing: readStanding(reader),
      })),
    }),
  },
};
