/** HMAC-SHA256 (RFC 2104). */
import { createHmac } from 'node:crypto';
import { isIdeal } from './cryptography.ts';
import { idealHmac } from './ideal.ts';

/** Of a text in UTF-8; 32 bytes. */
export function hmac(secret: Uint8Array, message: string): Uint8Array {
  if (isIdeal()) return idealHmac(secret, Buffer.from(message));
  return createHmac('sha256', secret).update(message).digest();
}
