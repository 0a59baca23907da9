/**
 * Ids on the ring: token ids, peer addresses, transaction ids, block hashes, network ids. In memory
 * they are 64 lowercase hex digits (usable as map keys, comparable as strings); on the wire 32 bytes.
 */

/** 32 bytes as 64 lowercase hex digits. */
export type Id = string;

export const ID_BYTES = 32;

/** "Destroyed" as an owner, "created" as a previous transaction, "none" elsewhere. */
export const ZERO_ID: Id = '0'.repeat(64);

const RING = 1n << 256n;

/** `dist(a,b) = min(|a−b|, 2^256−|a−b|)` of PROTOCOL.md. */
export function ringDistance(a: Id, b: Id): bigint {
  const left = BigInt(`0x${a}`);
  const right = BigInt(`0x${b}`);
  const direct = left > right ? left - right : right - left;
  const around = RING - direct;
  return direct < around ? direct : around;
}

/** Whitepaper 3.2; no two ids are equally far from a third. */
export function xorDistance(a: Id, b: Id): bigint {
  return BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
}

export function isId(text: string): text is Id {
  return /^[0-9a-f]{64}$/.test(text);
}

export function idToBytes(id: Id): Uint8Array {
  return Uint8Array.fromHex(id);
}

/** Throws a RangeError unless there are exactly 32 bytes: callers hold parsed input. */
export function idFromBytes(bytes: Uint8Array): Id {
  if (bytes.length !== ID_BYTES) throw new RangeError(`an id has 32 bytes, not ${bytes.length}`);
  return bytes.toHex();
}

/** Of these, the one that is farthest from `point` on the ring; there must be one. */
export function farthestFrom(point: Id, ids: Iterable<Id>): Id {
  return [...ids].reduce((a, b) => (ringDistance(point, a) > ringDistance(point, b) ? a : b));
}
