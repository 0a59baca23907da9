/**
 * Strict Ed25519 (PROTOCOL.md 1; RFC 8032 with the choices of "Taming the many EdDSAs"): S < L, key
 * and R canonically encoded and not of small order, cofactorless equation. OpenSSL verifies fast
 * and cofactorlessly; how strictly depends on its version, so cheap checks on the bytes come first.
 */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { isIdeal } from './cryptography.ts';
import { idealSignature, isIdealSignature } from './ideal.ts';

/** A key that signs; `publicKey` and `seed` are 32 bytes. */
export interface SigningKey {
  readonly publicKey: Uint8Array;
  readonly seed: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** Parsed public keys kept: making a KeyObject costs as much as half a verification. */
const MAX_CACHED_KEYS = 4096;
/** DER header of RFC 8410 before a raw Ed25519 key. */
const SPKI_HEADER = Uint8Array.fromHex('302a300506032b6570032100');
/** Order of the base point and the field's prime, little-endian. */
const L = Uint8Array.fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');
const P = Uint8Array.fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');

/**
 * Canonical y of the points whose order divides 8 (a test computes the list): 1, −1, 0 and the two
 * of order 8. Either sign of x is of small order, so the sign bit is not looked at.
 */
export const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

const publicKeys = new Map<string, KeyObject>();

/**
 * The key pair of a 32-byte seed (RFC 8032 calls it the private key), derived at first use: of a
 * million identities that a simulator makes, few ever begin an epoch under their first lamppost key.
 */
export function signingKey(seed: Uint8Array): SigningKey {
  if (seed.length !== 32) throw new RangeError(`a seed has 32 bytes, not ${seed.length}`);
  const kept = new Uint8Array(seed);
  let pair: KeyPair | null = null;
  const derived = (): KeyPair => (pair ??= keyPairOf(kept));
  return {
    seed: kept,
    get publicKey() {
      return derived().publicKey;
    },
    sign: (message) => {
      const { key, publicKey } = derived();
      return isIdeal()
        ? idealSignature(publicKey, message)
        : new Uint8Array(sign(null, message, key));
    },
  };
}

interface KeyPair {
  readonly key: KeyObject;
  readonly publicKey: Uint8Array;
}

function keyPairOf(seed: Uint8Array): KeyPair {
  // Raw, not DER: half the time.
  const key = createPrivateKey({ key: seed, format: 'raw-private', asymmetricKeyType: 'ed25519' });
  return { key, publicKey: new Uint8Array(createPublicKey(key).export({ format: 'raw-public' })) };
}

/** Whether `signature` is the one strict meaning of "publicKey signed message". Never throws. */
export function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (isIdeal()) return isIdealSignature(publicKey, message, signature);
  if (!isStrictlyEncoded(publicKey, signature)) return false;
  return verify(null, message, publicKeyObject(publicKey), signature);
}

/**
 * The checks on the bytes alone. OpenSSL 3.5.8 makes them too, earlier ones and others don't: what
 * counts as signed must not depend on the version somebody runs.
 */
export function isStrictlyEncoded(publicKey: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  if (!isBelow(signature.subarray(32), L)) return false;
  return isStrictPoint(publicKey) && isStrictPoint(signature.subarray(0, 32));
}

/** Canonical y and not of small order; whether it lies on the curve is left to the verification. */
function isStrictPoint(encoded: Uint8Array): boolean {
  // Not slice(): a Buffer's shares its bytes, and these get changed.
  const y = new Uint8Array(encoded);
  y[31] = (y[31] ?? 0) & 0x7f;
  return isBelow(y, P) && !SMALL_ORDER_Y.has(y.toHex());
}

function isBelow(value: Uint8Array, bound: Uint8Array): boolean {
  for (let at = 31; at >= 0; at -= 1) {
    const difference = (value[at] ?? 0) - (bound[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function publicKeyObject(publicKey: Uint8Array): KeyObject {
  const name = publicKey.toHex();
  const known = publicKeys.get(name);
  if (known !== undefined) return known;
  const key = createPublicKey({
    key: Buffer.concat([SPKI_HEADER, publicKey]),
    format: 'der',
    type: 'spki',
  });
  if (publicKeys.size >= MAX_CACHED_KEYS) {
    const [oldest] = publicKeys.keys();
    if (oldest !== undefined) publicKeys.delete(oldest);
  }
  publicKeys.set(name, key);
  return key;
}
