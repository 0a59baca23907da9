/** HKDF-SHA256 (RFC 5869). */
import { hkdfSync } from 'node:crypto';
import { isIdeal } from './cryptography.ts';
import { idealDerivation } from './ideal.ts';

/** `length` bytes. */
export function hkdf(
  secret: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  if (isIdeal()) return idealDerivation(secret, salt, info, length);
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, length));
}
