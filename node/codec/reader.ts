import { ID_BYTES, type Id } from '../id.ts';
import { idAt } from './ids.ts';

/** Above it in the upper half of 8 bytes, a number is beyond 2^53. */
const MAX_UPPER = 0x1f_ffff;

const BOOLEANS = [false, true] as const;

/** Thrown by a Reader and by decoders on bad input; `decode` turns it into a value. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** Reads big-endian fixed-layout fields; throws Malformed past the end, and on what is out of range. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = plain(bytes);
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#at;
  }

  /** What was read from `position` on; shares the buffer. */
  since(position: number): Uint8Array {
    return this.#bytes.subarray(position, this.#at);
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  u16(): number {
    const at = this.#take(2);
    return ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0);
  }

  u32(): number {
    return this.#word(this.#take(4));
  }

  u64(): number {
    const at = this.#take(8);
    const upper = this.#word(at);
    if (upper > MAX_UPPER) throw new Malformed('number above 2^53');
    return upper * 2 ** 32 + this.#word(at + 4);
  }

  id(): Id {
    return idAt(this.#bytes, this.#take(ID_BYTES));
  }

  /** A copy: decoded values never alias the datagram's buffer. */
  raw(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  bytes(maxLength: number): Uint8Array {
    return this.raw(this.#length(maxLength));
  }

  /** As `raw`, but not a copy: for what is decoded again at once, or kept no longer than its buffer. */
  rawView(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** As `bytes`, but not a copy. */
  bytesView(maxLength: number): Uint8Array {
    return this.rawView(this.#length(maxLength));
  }

  list<T>(minItems: number, maxItems: number, read: () => T): T[] {
    const count = this.u8();
    if (count < minItems || count > maxItems) {
      throw new Malformed(`${count} items where ${minItems}..${maxItems} are allowed`);
    }
    const items: T[] = [];
    for (let index = 0; index < count; index += 1) items.push(read());
    return items;
  }

  oneOf<T>(values: readonly T[]): T {
    const index = this.u8();
    const value = values[index];
    if (value === undefined) throw new Malformed(`no meaning for ${index}`);
    return value;
  }

  boolean(): boolean {
    return this.oneOf(BOOLEANS);
  }

  #length(maxLength: number): number {
    const length = this.u16();
    if (length > maxLength) throw new Malformed(`${length} bytes where ${maxLength} are allowed`);
    return length;
  }

  #word(at: number): number {
    const bytes = this.#bytes;
    return (
      (((bytes[at] ?? 0) << 24) |
        ((bytes[at + 1] ?? 0) << 16) |
        ((bytes[at + 2] ?? 0) << 8) |
        (bytes[at + 3] ?? 0)) >>>
      0
    );
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new Malformed('cut short');
    this.#at = at + length;
    return at;
  }
}

/** No Buffer: the slice() of one would alias it. */
export function plain(bytes: Uint8Array): Uint8Array {
  if (!Buffer.isBuffer(bytes)) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What the network sent, decoded, or why not. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/** Decodes the whole of `bytes`; a value has one encoding, so anything left over is refused. */
export function decode<T>(bytes: Uint8Array, read: (reader: Reader) => T): Decoded<T> {
  try {
    const reader = new Reader(bytes);
    const value = read(reader);
    if (reader.remaining > 0) return { ok: false, reason: `${reader.remaining} bytes left over` };
    return { ok: true, value };
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, reason: error.message };
    throw error;
  }
}
