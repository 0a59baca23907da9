/** Messages longer than a datagram, cut into at most 8 numbered fragments and put together again. */
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Id } from '../id.ts';
import {
  BODY_BYTES,
  FRAGMENT_HEADER_BYTES,
  MAX_FRAGMENTS,
  MAX_PARTIALS_PER_REMOTE,
  MAX_PARTIAL_BYTES,
  PARTIAL_TICKS,
} from './limits.ts';

const CHUNK_BYTES = BODY_BYTES - FRAGMENT_HEADER_BYTES;

/** Fragment bodies: id u32 ‖ index u8 ‖ count u8 ‖ chunk; all but the last chunk are full. */
export function cut(id: number, message: Uint8Array): Uint8Array[] {
  const count = Math.ceil(message.length / CHUNK_BYTES);
  return Array.from({ length: count }, (_, index) =>
    new Writer()
      .u32(id)
      .u8(index)
      .u8(count)
      .raw(message.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES))
      .finish(),
  );
}

interface Partial {
  readonly remote: Id;
  readonly chunks: (Uint8Array | undefined)[];
  missing: number;
  bytes: number;
  ticksLeft: number;
}

/** What `add` made of a fragment: the whole message, nothing yet, or bad form. */
export type Added =
  | { readonly kind: 'whole'; readonly message: Uint8Array }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'malformed' };

/** Fragments of ticketed remotes awaiting the rest; bounded in bytes, messages per remote and time. */
export class Reassembly {
  /** In order of arrival of their first fragment: the oldest is evicted first. */
  readonly #partials = new Map<string, Partial>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(remote: Id, body: Uint8Array): Added {
    const decoded = decode(body, (reader) => ({
      id: reader.u32(),
      index: reader.u8(),
      count: reader.u8(),
      chunk: reader.raw(reader.remaining),
    }));
    if (!decoded.ok || !isWellFormed(decoded.value)) return { kind: 'malformed' };
    const { id, index, count, chunk } = decoded.value;
    const key = `${remote} ${id}`;
    const partial = this.#partials.get(key) ?? this.#open(key, remote, count);
    if (partial.chunks.length !== count) return { kind: 'malformed' };
    if (partial.chunks[index] !== undefined) return { kind: 'waiting' };
    partial.chunks[index] = chunk;
    partial.missing -= 1;
    partial.bytes += chunk.length;
    this.#bytes += chunk.length;
    if (partial.missing === 0) {
      this.#remove(key, partial);
      const whole = Buffer.concat(partial.chunks.filter((part) => part !== undefined));
      return { kind: 'whole', message: new Uint8Array(whole) };
    }
    for (const [oldKey, old] of this.#partials) {
      if (this.#bytes <= MAX_PARTIAL_BYTES) break;
      this.#remove(oldKey, old);
    }
    return { kind: 'waiting' };
  }

  /** Drops what has waited too long; says how many. */
  tick(): number {
    let dropped = 0;
    for (const [key, partial] of this.#partials) {
      partial.ticksLeft -= 1;
      if (partial.ticksLeft > 0) continue;
      this.#remove(key, partial);
      dropped += 1;
    }
    return dropped;
  }

  #open(key: string, remote: Id, count: number): Partial {
    const same = [...this.#partials].filter(([, partial]) => partial.remote === remote);
    const [oldest] = same;
    if (oldest !== undefined && same.length >= MAX_PARTIALS_PER_REMOTE) this.#remove(...oldest);
    const chunks = Array.from<Uint8Array | undefined>({ length: count });
    const partial = { remote, chunks, missing: count, bytes: 0, ticksLeft: PARTIAL_TICKS };
    this.#partials.set(key, partial);
    return partial;
  }

  #remove(key: string, partial: Partial): void {
    this.#bytes -= partial.bytes;
    this.#partials.delete(key);
  }
}

/** One encoding: at least two fragments, full ones but the last, which is not empty. */
function isWellFormed(fragment: { index: number; count: number; chunk: Uint8Array }): boolean {
  const { index, count, chunk } = fragment;
  if (count < 2 || count > MAX_FRAGMENTS || index >= count) return false;
  return index < count - 1
    ? chunk.length === CHUNK_BYTES
    : chunk.length > 0 && chunk.length <= CHUNK_BYTES;
}
