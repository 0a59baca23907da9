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
import { type BoxKey, NONCE_BYTES, PREFIX_BYTES } from '../crypto/box.ts';
import { areEqual } from '../codec/bytes.ts';
import { idAt } from '../codec/ids.ts';
import { Writer } from '../codec/writer.ts';
import { ID_BYTES, idToBytes, type Id } from '../id.ts';
import { DATAGRAM_BYTES, HEADER_BYTES, TAG_OF_NETWORK_BYTES } from './limits.ts';

export const KIND = { hello: 1, challenge: 2, welcome: 3, data: 4 } as const;
export type Kind = keyof typeof KIND;

export interface Header {
  readonly kind: Kind;
  readonly sender: Id;
  readonly nonce: Uint8Array;
  readonly epoch: number;
  readonly counter: number;
}

/** What stands in a parcel instead of its bytes. */
const BLANK = new ArrayBuffer(DATAGRAM_BYTES);

/**
 * A data datagram that nobody has written, for simulations without encoding (cryptography.ts): as long
 * as it would have been, and what it would have said. Only who holds the same key gets that out.
 */
export class Parcel<T> extends Uint8Array<ArrayBuffer> {
  readonly #tag: Uint8Array;
  readonly #header: Header;
  readonly #key: BoxKey;
  readonly #inside: T;

  constructor(length: number, tag: Uint8Array, header: Header, key: BoxKey, inside: T) {
    super(BLANK, 0, length);
    this.#tag = tag;
    this.#header = header;
    this.#key = key;
    this.#inside = inside;
  }

  /** Parts and copies of it are plain bytes that say nothing. */
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }

  /** null when it is of another network. */
  header(tag: Uint8Array): Header | null {
    return areEqual(tag, this.#tag) ? this.#header : null;
  }

  /** null when it was sealed with another key. */
  openWith(key: BoxKey): T | null {
    return key.isSame(this.#key) ? this.#inside : null;
  }
}

const VERSION = 1;
const KIND_AT = 1 + TAG_OF_NETWORK_BYTES;
const SENDER_AT = KIND_AT + 1;
const NONCE_AT = SENDER_AT + ID_BYTES;
/** Above it in the upper half of 8 bytes, a number is beyond 2^53. */
const MAX_UPPER = 0x1f_ffff;

export function networkTag(network: Id): Uint8Array {
  return idToBytes(network).slice(0, TAG_OF_NETWORK_BYTES);
}

export function writeHeader(
  tag: Uint8Array,
  kind: Kind,
  sender: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  const writer = new Writer();
  writeHeaderTo(writer, tag, { kind, sender, nonce });
  return writer.finish();
}

/** The same before whatever follows it. */
export function writeHeaderTo(
  writer: Writer,
  tag: Uint8Array,
  header: { readonly kind: Kind; readonly sender: Uint8Array; readonly nonce: Uint8Array },
): void {
  const { kind, sender, nonce } = header;
  writer.u8(VERSION).raw(tag).u8(KIND[kind]).raw(sender).raw(nonce);
}

/** null when it is no datagram of this network. */
export function readHeader(tag: Uint8Array, datagram: Uint8Array): Header | null {
  if (datagram instanceof Parcel) return datagram.header(tag);
  if (datagram.length < HEADER_BYTES || datagram[0] !== VERSION) return null;
  for (let at = 0; at < tag.length; at += 1) if (datagram[1 + at] !== tag[at]) return null;
  const kind = kindOf(datagram[KIND_AT]);
  if (kind === null) return null;
  const nonce = datagram.slice(NONCE_AT, HEADER_BYTES);
  const epoch = readNumber(nonce, 0);
  const counter = readNumber(nonce, PREFIX_BYTES);
  if (epoch === null || counter === null) return null;
  return { kind, sender: idAt(datagram, SENDER_AT), nonce, epoch, counter };
}

/** epoch u64 ‖ random 8 ‖ counter u64. */
export function writeNonce(epoch: number, random: Uint8Array, counter: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  writeNumber(nonce, 0, epoch);
  nonce.set(random, 8);
  writeNumber(nonce, PREFIX_BYTES, counter);
  return nonce;
}

/** What all nonces of one side of a link have in common while its process lives. */
export function prefixOf(nonce: Uint8Array): string {
  return nonce.subarray(0, PREFIX_BYTES).toHex();
}

/** Byte by byte: a DataView of so small an array would make its memory anew. */
function writeNumber(bytes: Uint8Array, at: number, value: number): void {
  const upper = Math.floor(value / 2 ** 32);
  for (let index = 0; index < 4; index += 1) {
    const shift = 24 - 8 * index;
    bytes[at + index] = upper >>> shift;
    bytes[at + 4 + index] = value >>> shift;
  }
}

/** Null: beyond 2^53. */
function readNumber(bytes: Uint8Array, at: number): number | null {
  let [upper, lower] = [0, 0];
  for (let index = 0; index < 4; index += 1) {
    upper = upper * 256 + (bytes[at + index] ?? 0);
    lower = lower * 256 + (bytes[at + 4 + index] ?? 0);
  }
  return upper > MAX_UPPER ? null : upper * 2 ** 32 + lower;
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
