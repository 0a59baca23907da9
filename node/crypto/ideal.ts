/**
 * What ideal cryptography computes instead of the real: keyed tags (chaskey.ts) under secrets that
 * never leave this module. Unforgeable by construction: the tag that stands for a signature is
 * given to none but the holder of a key made from its seed (ed25519.ts), that of a key agreement to
 * none but the holder of one of the two private keys (x25519.ts). The secrets are constants, so that
 * a run with the same seed is the same run in every process; whoever simulates could of course
 * compute with them, so nothing here protects anything outside of a simulation.
 */
import { areEqual } from '../codec/bytes.ts';
import { BLOCK_WORDS, type Block, chaskey } from './chaskey.ts';

const BLOCK_BYTES = 4 * BLOCK_WORDS;

/** One secret for each use: a tag of one never passes for that of another. */
const SECRET = {
  signature: secretOf('ideal signature '),
  agreement: secretOf('ideal agreement '),
  derivation: secretOf('ideal derivation'),
  mac: secretOf('ideal hmac      '),
  work: secretOf('ideal work      '),
} as const;

const tag: Block = new Uint32Array(BLOCK_WORDS);
const tagBytes = new Uint8Array(tag.buffer);
const signatureWords = new Uint32Array(4 * BLOCK_WORDS);
const signatureBytes = new Uint8Array(signatureWords.buffer);
/** Goes before parts of any length, so that no other parts make the same message. */
const prefix: Block = new Uint32Array(BLOCK_WORDS);
const prefixBytes = new Uint8Array(prefix.buffer);
/** Goes before a box: two lengths, two zeros, the second half of the key. */
const boxPrefix = new Uint32Array(2 * BLOCK_WORDS);
const boxPrefixBytes = new Uint8Array(boxPrefix.buffer);

/**
 * The tag four times, less the bits that no strict Ed25519 signature has: R is a y below 2^254, S
 * below 2^252, so R < p and S < L.
 */
export function idealSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  computeSignature(publicKey, message);
  return signatureBytes.slice();
}

/** The form need not be looked at: a malformed signature is none that a key's holder was given. */
export function isIdealSignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 2 * BLOCK_BYTES || signature.length !== 4 * BLOCK_BYTES) return false;
  computeSignature(publicKey, message);
  return areEqual(signature, signatureBytes);
}

function computeSignature(publicKey: Uint8Array, message: Uint8Array): void {
  chaskey(SECRET.signature, [publicKey, message], tag);
  for (let at = 0; at < signatureWords.length; at += 1) {
    signatureWords[at] = tag[at % BLOCK_WORDS] ?? 0;
  }
  signatureBytes[31] = (signatureBytes[31] ?? 0) & 0x3f;
  signatureBytes[63] = (signatureBytes[63] ?? 0) & 0x0f;
}

/** What two X25519 public keys (32 bytes, reduced) agree on, whichever comes first. */
export function idealAgreement(one: Uint8Array, other: Uint8Array): Uint8Array {
  const isOrdered = Buffer.compare(one, other) <= 0;
  return expanded(SECRET.agreement, 32, isOrdered ? [one, other] : [other, one]);
}

/** In place of HKDF: `length` bytes. */
export function idealDerivation(
  secret: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return expanded(SECRET.derivation, length, [secret, salt, info]);
}

/** In place of HMAC-SHA256: 32 bytes. */
export function idealHmac(secret: Uint8Array, message: Uint8Array): Uint8Array {
  return expanded(SECRET.mac, 32, [secret, message]);
}

/** In place of Argon2 evaluations: 4 bytes that say that these parts were paid for. */
export function idealReceipt(...parts: readonly [Uint8Array, Uint8Array]): Uint8Array {
  return expanded(SECRET.work, 4, parts);
}

/**
 * In place of Poly1305: the tag of a box by key (8 words), nonce (24 bytes), associated data and
 * body; it stays as it is until the next call.
 */
export function idealBoxTag(
  key: Block,
  nonce: Uint8Array,
  aad: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  boxPrefix[0] = aad.length;
  boxPrefix[1] = body.length;
  for (let at = BLOCK_WORDS; at < 2 * BLOCK_WORDS; at += 1) boxPrefix[at] = key[at] ?? 0;
  chaskey(key, [boxPrefixBytes, nonce, aad, body], tag);
  return tagBytes;
}

/** At most three parts. */
function expanded(secret: Block, length: number, parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += BLOCK_BYTES) {
    prefix[0] = at;
    for (let index = 0; index < 3; index += 1) prefix[index + 1] = parts[index]?.length ?? 0;
    chaskey(secret, [prefixBytes, ...parts], tag);
    out.set(tagBytes.subarray(0, length - at), at);
  }
  return out;
}

/** Of sixteen characters. */
function secretOf(text: string): Block {
  return new Uint32Array(new TextEncoder().encode(text).slice().buffer);
}
