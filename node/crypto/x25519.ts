/** X25519 (RFC 7748 §5) with raw 32-byte keys; only an all-zero shared secret is refused (§6.1). */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { isIdeal } from './cryptography.ts';
import { idealAgreement } from './ideal.ts';

export const X25519_KEY_BYTES = 32;

/** DER header of RFC 8410 before a raw X25519 key. */
const SPKI_HEADER = Uint8Array.fromHex('302a300506032b656e032100');
/** 2^255 − 19, little-endian. */
const P = Uint8Array.fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');

/**
 * The u, reduced, of the points whose order divides 8, on the curve and on its twist: 0, 1, −1 and
 * two of order 8. Whatever the private key, they give an all-zero secret.
 */
const SMALL_ORDER_U: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
]);

/** What an ideal agreement saves is lost again if it derives the own public key each time. */
const MAX_CACHED_PUBLIC_KEYS = 65_536;
const ownPublicKeys = new Map<string, Uint8Array>();

/** Public key of a private one. Both are 32 bytes; clamping happens inside. */
export function x25519PublicKey(privateKey: Uint8Array): Uint8Array {
  const key = createPublicKey(privateKeyObject(privateKey));
  return new Uint8Array(key.export({ format: 'raw-public' }));
}

/** The shared secret, or null when it is all zero (the other side's key is of small order). */
export function x25519(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | null {
  if (publicKey.length !== X25519_KEY_BYTES) return null;
  if (isIdeal()) return agreeIdeally(privateKey, publicKey);
  const key = Buffer.concat([SPKI_HEADER, publicKey]);
  const theirs = createPublicKey({ key, format: 'der', type: 'spki' });
  try {
    const secret = diffieHellman({ privateKey: privateKeyObject(privateKey), publicKey: theirs });
    return secret.every((byte) => byte === 0) ? null : new Uint8Array(secret);
  } catch {
    // OpenSSL itself refuses the all-zero output; it has no other failure for 32-byte keys.
    return null;
  }
}

/** Of the two public keys, of which one must be that of a private key in hand. */
function agreeIdeally(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | null {
  const theirs = reduced(publicKey);
  if (SMALL_ORDER_U.has(theirs.toHex())) return null;
  return idealAgreement(ownPublicKey(privateKey), theirs);
}

function ownPublicKey(privateKey: Uint8Array): Uint8Array {
  const name = privateKey.toHex();
  const known = ownPublicKeys.get(name);
  if (known !== undefined) return known;
  const publicKey = x25519PublicKey(privateKey);
  if (ownPublicKeys.size >= MAX_CACHED_PUBLIC_KEYS) {
    const [oldest] = ownPublicKeys.keys();
    if (oldest !== undefined) ownPublicKeys.delete(oldest);
  }
  ownPublicKeys.set(name, publicKey);
  return publicKey;
}

/** As RFC 7748 §5 reads a u: without the highest bit, modulo p. */
function reduced(publicKey: Uint8Array): Uint8Array {
  const u = new Uint8Array(publicKey);
  u[31] = (u[31] ?? 0) & 0x7f;
  // Only the 19 numbers from p to 2^255 − 1 are not below p: their bytes but the lowest are p's.
  for (let at = 1; at < u.length; at += 1) if (u[at] !== P[at]) return u;
  const excess = (u[0] ?? 0) - (P[0] ?? 0);
  return excess < 0 ? u : Uint8Array.from(u, (_, at) => (at === 0 ? excess : 0));
}

function privateKeyObject(privateKey: Uint8Array): KeyObject {
  if (privateKey.length !== X25519_KEY_BYTES) {
    throw new RangeError(`an X25519 key has 32 bytes, not ${privateKey.length}`);
  }
  // Raw, not DER: half the time.
  return createPrivateKey({
    key: privateKey,
    format: 'raw-private',
    asymmetricKeyType: 'x25519',
  });
}
