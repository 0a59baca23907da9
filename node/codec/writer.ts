import { ID_BYTES, type Id } from '../id.ts';
import { writeIdAt } from './ids.ts';
import { sharedBytes } from './shared.ts';

/** Most messages fit; a larger one takes a buffer of its own. */
const INITIAL_BYTES = 2048;

const EMPTY = new Uint8Array(0);

interface Room {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
}

/** Writers inside writers, at most. */
const MAX_SPARE = 4;
/** Buffers of writers that have finished: making one costs more than writing a message into it. */
const spare: Room[] = [];

function room(length: number): Room {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** Appends big-endian fixed-layout fields to a growing buffer. Out-of-range values are bugs and throw. */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor() {
    const { bytes, view } = spare.pop() ?? room(INITIAL_BYTES);
    this.#bytes = bytes;
    this.#view = view;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, checked(value, 0xff));
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, checked(value, 0xffff));
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, checked(value, 0xffff_ffff));
    return this;
  }

  /** A safe integer as 8 bytes: times in ms, heights, sequences. */
  u64(value: number): this {
    const at = this.#room(8);
    checked(value, Number.MAX_SAFE_INTEGER);
    this.#view.setUint32(at, Math.floor(value / 2 ** 32));
    this.#view.setUint32(at + 4, value >>> 0);
    return this;
  }

  id(id: Id): this {
    const at = this.#room(ID_BYTES);
    writeIdAt(this.#bytes, at, id);
    return this;
  }

  /** Bytes whose number the reader knows. */
  raw(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** A 16-bit length, then the bytes. */
  bytes(bytes: Uint8Array): this {
    return this.u16(bytes.length).raw(bytes);
  }

  /** An 8-bit count, then each element. */
  list<T>(items: readonly T[], write: (item: T) => void): this {
    this.u8(items.length);
    for (const item of items) write(item);
    return this;
  }

  /** A copy of what was written. The writer is empty afterwards. */
  finish(): Uint8Array {
    const written = this.#bytes.slice(0, this.#length);
    this.#release();
    return written;
  }

  /** As `finish`, in memory shared with others: for what is soon forgotten (shared.ts). */
  finishShared(): Uint8Array<ArrayBuffer> {
    const written = sharedBytes(this.#length);
    written.set(this.#bytes.subarray(0, this.#length));
    this.#release();
    return written;
  }

  #release(): void {
    if (this.#bytes.length === INITIAL_BYTES && spare.length < MAX_SPARE) {
      spare.push({ bytes: this.#bytes, view: this.#view });
    }
    this.#bytes = EMPTY;
    this.#length = 0;
  }

  /** Call it before touching buffer or view: it may replace both. */
  #room(length: number): number {
    const at = this.#length;
    const needed = at + length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = needed;
    return at;
  }
}

function checked(value: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new RangeError(`${value} is not an integer in 0..${max}`);
  }
  return value;
}
