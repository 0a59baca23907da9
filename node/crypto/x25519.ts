/** X25519 (RFC 7748 §5) with raw 32-byte keys; only an all-zero shared secret is refused (§6.1). */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';

export const X25519_KEY_BYTES = 32;

/** DER headers of RFC 8410 around a raw X25519 key. */
const PKCS8_HEADER = Uint8Array.fromHex('302e020100300506032b656e04220420');
const SPKI_HEADER = Uint8Array.fromHex('302a300506032b656e032100');

/** Public key of a private one. Both are 32 bytes; clamping happens inside. */
export function x25519PublicKey(privateKey: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKeyObject(privateKey)).export({
    format: 'der',
    type: 'spki',
  });
  return new Uint8Array(spki.subarray(SPKI_HEADER.length));
}

/** The shared secret, or null when it is all zero (the other side's key is of small order). */
export function x25519(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | null {
  if (publicKey.length !== X25519_KEY_BYTES) return null;
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

function privateKeyObject(privateKey: Uint8Array): KeyObject {
  if (privateKey.length !== X25519_KEY_BYTES) {
    throw new RangeError(`an X25519 key has 32 bytes, not ${privateKey.length}`);
  }
  const key = Buffer.concat([PKCS8_HEADER, privateKey]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}
