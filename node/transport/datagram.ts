/**
 * Datagram layouts. All begin with the header
 *     version u8 ‖ first 8 bytes of the network id ‖ kind u8 ‖ sender 32 ‖ nonce 24
 * and continue as
 *     hello      ticket 16 ‖ sender's kind u8 ‖ record (zeros for a client) ‖ box(ticket granted 16 ‖ zeros)
 *     challenge  ticket 16; the nonce is that of the datagram it answers; no box
 *     welcome    box(counter of the hello u64 ‖ ticket granted 16 ‖ endpoint it came from 6)
 *     data       box(ticket 16 ‖ flags u8 ‖ [renewed ticket 16] ‖ messages, a fragment, or what is missing)
 * Boxes have all that stands before them as associated data. Messages are u16 length ‖ bytes.
 */
import { NONCE_BYTES, PREFIX_BYTES } from '../crypto/box.ts';
import { ID_BYTES, idToBytes, type Id } from '../id.ts';
import { HEADER_BYTES, TAG_OF_NETWORK_BYTES } from './limits.ts';

export const KIND = { hello: 1, challenge: 2, welcome: 3, data: 4 } as const;
export type Kind = keyof typeof KIND;

export interface Header {
  readonly kind: Kind;
  readonly sender: Id;
  readonly nonce: Uint8Array;
  /** Epoch number and per-remote random of the sender, hex. */
  readonly prefix: string;
  readonly epoch: number;
  readonly counter: number;
}

const VERSION = 1;
const KIND_AT = 1 + TAG_OF_NETWORK_BYTES;
const SENDER_AT = KIND_AT + 1;
const NONCE_AT = SENDER_AT + ID_BYTES;

export function networkTag(network: Id): Uint8Array {
  return idToBytes(network).slice(0, TAG_OF_NETWORK_BYTES);
}

export function writeHeader(
  tag: Uint8Array,
  kind: Kind,
  sender: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header[0] = VERSION;
  header.set(tag, 1);
  header[KIND_AT] = KIND[kind];
  header.set(sender, SENDER_AT);
  header.set(nonce, NONCE_AT);
  return header;
}

/** null when it is no datagram of this network. */
export function readHeader(tag: Uint8Array, datagram: Uint8Array): Header | null {
  if (datagram.length < HEADER_BYTES || datagram[0] !== VERSION) return null;
  if (!tag.every((byte, at) => datagram[1 + at] === byte)) return null;
  const kind = kindOf(datagram[KIND_AT]);
  if (kind === null) return null;
  const nonce = datagram.slice(NONCE_AT, HEADER_BYTES);
  const view = new DataView(nonce.buffer);
  const epoch = Number(view.getBigUint64(0));
  const counter = Number(view.getBigUint64(PREFIX_BYTES));
  if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(counter)) return null;
  const sender = datagram.subarray(SENDER_AT, NONCE_AT).toHex();
  return { kind, sender, nonce, prefix: prefixOf(nonce), epoch, counter };
}

/** epoch u64 ‖ random 8 ‖ counter u64. */
export function writeNonce(epoch: number, random: Uint8Array, counter: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  const view = new DataView(nonce.buffer);
  view.setBigUint64(0, BigInt(epoch));
  nonce.set(random, 8);
  view.setBigUint64(PREFIX_BYTES, BigInt(counter));
  return nonce;
}

/** What all nonces of one side of a link have in common while its process lives. */
export function prefixOf(nonce: Uint8Array): string {
  return nonce.subarray(0, PREFIX_BYTES).toHex();
}

function kindOf(byte: number | undefined): Kind | null {
  switch (byte) {
    case KIND.hello:
      return 'hello';
    case KIND.challenge:
      return 'challenge';
    case KIND.welcome:
      return 'welcome';
    case KIND.data:
      return 'data';
    default:
      return null;
  }
}
