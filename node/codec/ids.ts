/**
 * Ids met again and again, as bytes and as text. Most ids in a message were in one before: text that
 * exists already costs no allocation, and its hash, by which maps find it, is known.
 *
 * A table of fixed size for the whole process: an id has one slot, which a newer one may take. Who
 * fills it with ids of no use makes us slow again, as it would be without it, and nothing else.
 */
import { ID_BYTES, type Id } from '../id.ts';

/** Those that a peer under load meets within some minutes; full it takes about 1.5 MiB. */
const SLOTS = 8192;
const WORDS = ID_BYTES / 4;

const texts: (Id | undefined)[] = Array.from({ length: SLOTS });
const table = new Int32Array(SLOTS * WORDS);
const slots = new Map<Id, number>();

/** The id whose bytes start at `at`: there must be as many. */
export function idAt(bytes: Uint8Array, at: number): Id {
  const w0 = word(bytes, at);
  const w1 = word(bytes, at + 4);
  const w2 = word(bytes, at + 8);
  const w3 = word(bytes, at + 12);
  const w4 = word(bytes, at + 16);
  const w5 = word(bytes, at + 20);
  const w6 = word(bytes, at + 24);
  const w7 = word(bytes, at + 28);
  // Ids near each other on the ring begin alike: the last words tell them apart.
  const slot = ((w7 >>> 8) ^ w5) & (SLOTS - 1);
  const place = slot * WORDS;
  const text = texts[slot];
  if (
    text !== undefined &&
    table[place] === w0 &&
    table[place + 1] === w1 &&
    table[place + 2] === w2 &&
    table[place + 3] === w3 &&
    table[place + 4] === w4 &&
    table[place + 5] === w5 &&
    table[place + 6] === w6 &&
    table[place + 7] === w7
  ) {
    return text;
  }
  if (text !== undefined) slots.delete(text);
  const id = bytes.subarray(at, at + ID_BYTES).toHex();
  table[place] = w0;
  table[place + 1] = w1;
  table[place + 2] = w2;
  table[place + 3] = w3;
  table[place + 4] = w4;
  table[place + 5] = w5;
  table[place + 6] = w6;
  table[place + 7] = w7;
  texts[slot] = id;
  slots.set(id, slot);
  return id;
}

/** Writes the bytes of an id at `at`. RangeError for what is none. */
export function writeIdAt(bytes: Uint8Array, at: number, id: Id): void {
  const slot = slots.get(id);
  if (slot === undefined) {
    const { read, written } = bytes.subarray(at, at + ID_BYTES).setFromHex(id);
    if (read !== id.length || written !== ID_BYTES) throw new RangeError(`not an id: ${id}`);
    idAt(bytes, at);
    return;
  }
  const place = slot * WORDS;
  for (let index = 0; index < WORDS; index += 1) {
    const value = table[place + index] ?? 0;
    const to = at + 4 * index;
    bytes[to] = value >>> 24;
    bytes[to + 1] = value >>> 16;
    bytes[to + 2] = value >>> 8;
    bytes[to + 3] = value;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  );
}
