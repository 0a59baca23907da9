/** The clear part of a hello: who speaks. Kind u8 ‖ identity record (zeros for a client). */
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Id } from '../id.ts';
import { encodeRecord, isNewer, readRecord, RECORD_BYTES } from '../identity/record.ts';
import type { RemoteIdentity } from './link.ts';

const CLIENT = 0;
const PEER = 1;

/** `record` is the encoded record of a peer, null for a client. */
export function introduction(record: Uint8Array | null): Uint8Array {
  return new Writer()
    .u8(record === null ? CLIENT : PEER)
    .raw(record ?? new Uint8Array(RECORD_BYTES))
    .finish();
}

/** Who the clear part of a hello says its sender is: a client's id is its key. */
export function introducedBy(sender: Id, introduced: Uint8Array): RemoteIdentity | null {
  if (introduced.length !== 1 + RECORD_BYTES) return null;
  const record = introduced.slice(1);
  if (introduced[0] === CLIENT) {
    if (record.some((byte) => byte !== 0)) return null;
    return { id: sender, transportKey: Uint8Array.fromHex(sender), record: null };
  }
  const decoded = introduced[0] === PEER ? decode(record, readRecord) : null;
  if (decoded === null || !decoded.ok) return null;
  return {
    id: sender,
    transportKey: decoded.value.transportKey,
    record: encodeRecord(decoded.value),
  };
}

/** Two encoded records, null for clients, undefined for nobody. */
export function isSameRecord(
  known: Uint8Array | null | undefined,
  told: Uint8Array | null,
): boolean {
  if (known === undefined || known === null || told === null) return known === told;
  return Buffer.compare(known, told) === 0;
}

/** Is the told one a later record of the same identity? Whether it is signed is another question. */
export function isRenewed(known: Uint8Array | null, told: Uint8Array | null): boolean {
  if (known === null || told === null) return false;
  const [before, after] = [decode(known, readRecord), decode(told, readRecord)];
  return before.ok && after.ok && isNewer(after.value, before.value);
}
