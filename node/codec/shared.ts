/**
 * Room for bytes that are soon forgotten: messages and datagrams on their way. Memory of its own costs
 * an array of more than 64 bytes five times as much as a part of something larger.
 */

/** Some dozens of datagrams. One that is kept keeps all of them: hence nothing that is stored. */
const SLAB_BYTES = 32 * 1024;
/** What is longer gets memory of its own, so that little is left over at a slab's end. */
const LONGEST_BYTES = SLAB_BYTES / 8;

let slab = new ArrayBuffer(SLAB_BYTES);
let used = 0;

/** Zeros, or not: the caller writes all of them. */
export function sharedBytes(length: number): Uint8Array<ArrayBuffer> {
  if (length > LONGEST_BYTES) return new Uint8Array(length);
  if (used + length > SLAB_BYTES) {
    slab = new ArrayBuffer(SLAB_BYTES);
    used = 0;
  }
  const at = used;
  used += length;
  return new Uint8Array(slab, at, length);
}
