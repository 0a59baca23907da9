/**
 * Identities without the Argon2 evaluations that they would have cost, for simulations alone
 * (crypto/cryptography.ts). How many attempts one takes is drawn as it would fall; its salt then
 * carries a receipt that makes its address end in the zero bits that were paid for. Whoever makes up
 * a record has no receipt, and an address of as many zero bits as chance gives.
 *
 * The salt of such a record: random 3 ‖ bits u8 ‖ receipt 4, which covers all other parts of the
 * address and the work.
 */
import { areEqual } from '../codec/bytes.ts';
import { idealReceipt } from '../crypto/ideal.ts';
import { hashBytes } from '../crypto/hash.ts';
import { Writer } from '../codec/writer.ts';

interface Work {
  readonly memoryKiB: number;
  readonly passes: number;
}

/** In Argon2's salt, after the time of creation. */
const RECEIPT_AT = 12;
const BITS_AT = RECEIPT_AT - 1;
/** Random bytes of a record's salt: keys and times differ already. */
export const FREE_SALT_BYTES = 3;
/** Random bytes of a draw; with these 48 bits difficulties up to some 40 are drawn faithfully. */
export const DRAW_BYTES = 6;

/** In place of `Argon2id(password, salt)`; `salt` is the time of creation and the record's salt. */
export function idealAddress(password: Uint8Array, salt: Uint8Array, work: Work): Uint8Array {
  const address = hashBytes('identity', password, salt, encodedWork(work));
  const receipt = receiptOf(password, salt.subarray(0, RECEIPT_AT), work);
  if (areEqual(receipt, salt.subarray(RECEIPT_AT))) clearLast(address, salt[BITS_AT] ?? 0);
  return address;
}

/** The salt of a record for which work of so many bits was done; `free` as many bytes as it takes. */
export function paidSalt(
  password: Uint8Array,
  createdAtMs: number,
  { free, bits, work }: { readonly free: Uint8Array; readonly bits: number; readonly work: Work },
): Uint8Array {
  const salt = new Writer().u64(createdAtMs).raw(free).u8(bits).finish();
  return new Writer()
    .raw(free)
    .u8(bits)
    .raw(receiptOf(password, salt, work))
    .finish();
}

/**
 * How many attempts it takes until an address ends in `bits` zeros: geometric, 2^bits on average.
 * `drawn` are DRAW_BYTES random bytes.
 */
export function drawnAttempts(drawn: Uint8Array, bits: number): number {
  const whole = drawn.reduce((sum, byte) => sum * 256 + byte, 0);
  const uniform = (whole + 1) / 256 ** DRAW_BYTES;
  const attempts = 1 + Math.floor(Math.log(uniform) / Math.log1p(-(2 ** -bits)));
  return Math.min(attempts, Number.MAX_SAFE_INTEGER);
}

function receiptOf(password: Uint8Array, salt: Uint8Array, work: Work): Uint8Array {
  return idealReceipt(password, new Writer().raw(salt).raw(encodedWork(work)).finish());
}

function encodedWork({ memoryKiB, passes }: Work): Uint8Array {
  return new Writer().u32(memoryKiB).u32(passes).finish();
}

function clearLast(address: Uint8Array, bits: number): void {
  let left = bits;
  for (let at = address.length - 1; left > 0; at -= 1, left -= 8) {
    address[at] = left >= 8 ? 0 : (address[at] ?? 0) & (0xff << left);
  }
}
