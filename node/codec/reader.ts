import { ID_BYTES, type Id } from '../id.ts';

/** Thrown by a Reader and by decoders on bad input; `decode` turns it into a value. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** Reads big-endian fixed-layout fields; throws Malformed past the end, and on what is out of range. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // A plain view: the slice() of a Buffer would alias it.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed('number above 2^53');
    return Number(value);
  }

  id(): Id {
    const at = this.#take(ID_BYTES);
    return this.#bytes.subarray(at, at + ID_BYTES).toHex();
  }

  /** A copy: decoded values never alias the datagram's buffer. */
  raw(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  bytes(maxLength: number): Uint8Array {
    const length = this.u16();
    if (length > maxLength) throw new Malformed(`${length} bytes where ${maxLength} are allowed`);
    return this.raw(length);
  }

  list<T>(minItems: number, maxItems: number, read: () => T): T[] {
    const count = this.u8();
    if (count < minItems || count > maxItems) {
      throw new Malformed(`${count} items where ${minItems}..${maxItems} are allowed`);
    }
    return Array.from({ length: count }, read);
  }

  oneOf<T>(values: readonly T[]): T {
    const index = this.u8();
    const value = values[index];
    if (value === undefined) throw new Malformed(`no meaning for ${index}`);
    return value;
  }

  boolean(): boolean {
    return this.oneOf([false, true]);
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new Malformed('cut short');
    this.#at = at + length;
    return at;
  }
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
