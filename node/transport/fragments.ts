/**
 * Messages longer than a datagram, cut into at most 8 numbered fragments and put together again.
 * Whoever misses some asks for them by number; the sender keeps the latest for that (resends.ts).
 */
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Id } from '../id.ts';
import {
  BODY_BYTES,
  FRAGMENT_HEADER_BYTES,
  MAX_FRAGMENTS,
  MAX_MISSING_ASKS,
  MAX_WHOLE_KEPT,
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

/** Which fragments of a message are missing: bit i of `mask` is fragment i. */
export interface Missing {
  readonly id: number;
  readonly mask: number;
}

/** Body of a request: for each message id u32 ‖ mask u8, not 0. */
export function writeMissing(missing: readonly Missing[]): Uint8Array {
  const writer = new Writer();
  for (const { id, mask } of missing) writer.u32(id).u8(mask);
  return writer.finish();
}

/** null when it is none, or asks for more messages than a remote can have under reassembly. */
export function readMissing(body: Uint8Array): readonly Missing[] | null {
  const decoded = decode(body, (reader) => {
    const missing: Missing[] = [];
    while (reader.remaining > 0) missing.push({ id: reader.u32(), mask: reader.u8() });
    return missing;
  });
  if (!decoded.ok || decoded.value.length === 0) return null;
  if (decoded.value.length > MAX_PARTIALS_PER_REMOTE) return null;
  return decoded.value.some(({ mask }) => mask === 0) ? null : decoded.value;
}

interface Partial {
  readonly remote: Id;
  readonly id: number;
  readonly chunks: (Uint8Array | undefined)[];
  missing: number;
  bytes: number;
  ticksLeft: number;
  /** A fragment came since the last look: the rest may be right behind it. */
  isArriving: boolean;
  asks: number;
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
  /** Messages that were whole: a fragment that was asked for twice must not begin them again. */
  readonly #whole = new Set<string>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Is any message incomplete? */
  get isWaiting(): boolean {
    return this.#partials.size > 0;
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
    if (this.#whole.has(key)) return { kind: 'waiting' };
    const partial = this.#partials.get(key) ?? this.#open(key, { remote, id, count });
    if (partial.chunks.length !== count) return { kind: 'malformed' };
    if (partial.chunks[index] !== undefined) return { kind: 'waiting' };
    partial.chunks[index] = chunk;
    partial.isArriving = true;
    partial.missing -= 1;
    partial.bytes += chunk.length;
    this.#bytes += chunk.length;
    if (partial.missing === 0) {
      this.#remove(key, partial);
      this.#keepWhole(key);
      const whole = Buffer.concat(partial.chunks.filter((part) => part !== undefined));
      return { kind: 'whole', message: new Uint8Array(whole) };
    }
    for (const [oldKey, old] of this.#partials) {
      if (this.#bytes <= MAX_PARTIAL_BYTES) break;
      this.#remove(oldKey, old);
    }
    return { kind: 'waiting' };
  }

  /**
   * What to ask for, by remote: the gaps of messages of which nothing came since the last call, each
   * asked for a bounded number of times.
   */
  missing(): ReadonlyMap<Id, readonly Missing[]> {
    const asked = new Map<Id, Missing[]>();
    for (const partial of this.#partials.values()) {
      const { remote, id, chunks, isArriving } = partial;
      partial.isArriving = false;
      if (isArriving || partial.asks >= MAX_MISSING_ASKS) continue;
      partial.asks += 1;
      const mask = chunks.reduce((bits, chunk, at) => (chunk ? bits : bits | (1 << at)), 0);
      asked.set(remote, [...(asked.get(remote) ?? []), { id, mask }]);
    }
    return asked;
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

  #keepWhole(key: string): void {
    const [oldest] = this.#whole;
    if (oldest !== undefined && this.#whole.size >= MAX_WHOLE_KEPT) this.#whole.delete(oldest);
    this.#whole.add(key);
  }

  #open(key: string, { remote, id, count }: { remote: Id; id: number; count: number }): Partial {
    const same = [...this.#partials].filter(([, partial]) => partial.remote === remote);
    const [oldest] = same;
    if (oldest !== undefined && same.length >= MAX_PARTIALS_PER_REMOTE) this.#remove(...oldest);
    const chunks = Array.from<Uint8Array | undefined>({ length: count });
    const partial = {
      remote,
      id,
      chunks,
      missing: count,
      bytes: 0,
      ticksLeft: PARTIAL_TICKS,
      isArriving: true,
      asks: 0,
    };
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
