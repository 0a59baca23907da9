/**
 * Chaskey (Mouha et al., SAC 2014; ISO/IEC 29192-6), a 128-bit MAC for 32-bit machines, with the
 * eight rounds of its paper: each step is an addition, a rotation or an exclusive or of 32-bit
 * words, which is what JavaScript computes fastest. Ideal cryptography (ideal.ts) is made of it; no
 * datagram or signature of a real peer ever is.
 */

/** A key, and a tag: four words, of which each is four little-endian bytes. */
export type Block = Uint32Array<ArrayBuffer>;

export const BLOCK_WORDS = 4;
const BLOCK_BYTES = 4 * BLOCK_WORDS;
const ROUNDS = 8;
/** One datagram and what goes before it; grows to the longest message ever given. */
const FIRST_SCRATCH_BYTES = 2048;

// Messages are gathered here: aligned words are read several times as fast as single bytes.
let words = new Uint32Array(FIRST_SCRATCH_BYTES / 4);
let bytes = new Uint8Array(words.buffer);
const subkey: Block = new Uint32Array(BLOCK_WORDS);

/** Writes into `tag` the tag of all parts, one after another, under `key`. */
export function chaskey(key: Block, parts: readonly Uint8Array[], tag: Block): void {
  const length = gather(parts);
  const blocks = Math.max(1, Math.ceil(length / BLOCK_BYTES));
  const isWhole = length === blocks * BLOCK_BYTES;
  if (!isWhole) pad(length, blocks * BLOCK_BYTES);
  // One subkey if the last block is whole, another if it is padded.
  double(key, subkey);
  if (!isWhole) double(subkey, subkey);
  const s0 = subkey[0] ?? 0;
  const s1 = subkey[1] ?? 0;
  const s2 = subkey[2] ?? 0;
  const s3 = subkey[3] ?? 0;
  let v0 = key[0] ?? 0;
  let v1 = key[1] ?? 0;
  let v2 = key[2] ?? 0;
  let v3 = key[3] ?? 0;
  const end = blocks * BLOCK_WORDS;
  for (let at = 0; at < end; at += BLOCK_WORDS) {
    v0 ^= words[at] ?? 0;
    v1 ^= words[at + 1] ?? 0;
    v2 ^= words[at + 2] ?? 0;
    v3 ^= words[at + 3] ?? 0;
    if (at === end - BLOCK_WORDS) {
      v0 ^= s0;
      v1 ^= s1;
      v2 ^= s2;
      v3 ^= s3;
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 13) | (v3 >>> 19)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 7) | (v1 >>> 25)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
  }
  tag[0] = v0 ^ s0;
  tag[1] = v1 ^ s1;
  tag[2] = v2 ^ s2;
  tag[3] = v3 ^ s3;
}

/** Puts all parts into the scratch, which then has room for their padding; their length in bytes. */
function gather(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  if (length + BLOCK_BYTES > bytes.length) {
    words = new Uint32Array(BLOCK_WORDS * Math.ceil(length / BLOCK_BYTES + 1));
    bytes = new Uint8Array(words.buffer);
  }
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return length;
}

/** A one, then zeros up to the end of the block. */
function pad(from: number, to: number): void {
  bytes.fill(0, from, to);
  bytes[from] = 1;
}

/** `to` = `from` times x in GF(2^128) modulo x^128 + x^7 + x^2 + x + 1; they may be the same. */
function double(from: Block, to: Block): void {
  const k0 = from[0] ?? 0;
  const k1 = from[1] ?? 0;
  const k2 = from[2] ?? 0;
  const k3 = from[3] ?? 0;
  to[0] = (k0 << 1) ^ (k3 >>> 31 === 0 ? 0 : 0x87);
  to[1] = (k1 << 1) | (k0 >>> 31);
  to[2] = (k2 << 1) | (k1 >>> 31);
  to[3] = (k3 << 1) | (k2 >>> 31);
}
