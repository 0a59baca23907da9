/**
 * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): HChaCha20 makes a subkey of the first 16 nonce
 * bytes, OpenSSL's ChaCha20-Poly1305 does the rest. A sender's prefix stays for its whole transport
 * epoch, so the subkey is kept with the key.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { hchacha } from '@noble/ciphers/chacha.js';
import { isIdeal } from './cryptography.ts';
import { idealBoxTag } from './ideal.ts';

export const BOX_KEY_BYTES = 32;
export const NONCE_BYTES = 24;
export const PREFIX_BYTES = 16;
export const TAG_BYTES = 16;

/** "expand 32-byte k" as little-endian words. */
const SIGMA = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);

/** One key and the subkey of the prefix it was last used with. */
export class BoxKey {
  readonly #key: Uint32Array<ArrayBuffer>;
  #prefix: Uint8Array | null = null;
  #subkey: Uint8Array = new Uint8Array(0);

  constructor(key: Uint8Array) {
    if (key.length !== BOX_KEY_BYTES) throw new RangeError(`a key has 32 bytes, not ${key.length}`);
    this.#key = words(key);
  }

  /** Does it open what the other seals? */
  isSame(other: BoxKey): boolean {
    const [ours, theirs] = [this.#key, other.#key];
    for (let at = 0; at < ours.length; at += 1) if (ours[at] !== theirs[at]) return false;
    return true;
  }

  /** Ciphertext ‖ 16-byte tag. The caller never uses a nonce twice. */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(aad.length + plaintext.length + TAG_BYTES);
    sealed.set(aad);
    sealed.set(plaintext, aad.length);
    this.sealInPlace(nonce, sealed, aad.length);
    return sealed.subarray(aad.length);
  }

  /**
   * Seals what lies in one piece: associated data of `aadBytes` ‖ plaintext ‖ 16 bytes for the tag.
   * The caller never uses a nonce twice.
   */
  sealInPlace(nonce: Uint8Array, bytes: Uint8Array, aadBytes: number): void {
    assertNonce(nonce);
    const tagAt = bytes.length - TAG_BYTES;
    const aad = bytes.subarray(0, aadBytes);
    const plaintext = bytes.subarray(aadBytes, tagAt);
    if (isIdeal()) {
      bytes.set(idealBoxTag(this.#key, nonce, aad, plaintext), tagAt);
      return;
    }
    const cipher = createCipheriv('chacha20-poly1305', this.#subkeyOf(nonce), shortNonce(nonce), {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(aad, { plaintextLength: plaintext.length });
    bytes.set(cipher.update(plaintext), aadBytes);
    cipher.final();
    bytes.set(cipher.getAuthTag(), tagAt);
  }

  /** The plaintext, or null when it was not sealed with this key, nonce and associated data. */
  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    if (sealed.length < TAG_BYTES) return null;
    const at = sealed.length - TAG_BYTES;
    if (isIdeal()) return this.#openIdeally(nonce, aad, sealed);
    const cipher = createDecipheriv('chacha20-poly1305', this.#subkeyOf(nonce), shortNonce(nonce), {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(aad, { plaintextLength: at });
    cipher.setAuthTag(sealed.subarray(at));
    const body = cipher.update(sealed.subarray(0, at));
    try {
      cipher.final();
    } catch {
      // The tag is wrong: the only failure `final` has.
      return null;
    }
    return new Uint8Array(body.buffer, body.byteOffset, body.length);
  }

  /** No cipher: the plaintext, a view of what was sealed, not a copy: nobody changes a datagram that came. */
  #openIdeally(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    assertNonce(nonce);
    const at = sealed.length - TAG_BYTES;
    const body = new Uint8Array(sealed.buffer, sealed.byteOffset, at);
    const tag = idealBoxTag(this.#key, nonce, aad, body);
    for (let index = 0; index < TAG_BYTES; index += 1) {
      if (tag[index] !== sealed[at + index]) return null;
    }
    return body;
  }

  #subkeyOf(nonce: Uint8Array): Uint8Array {
    assertNonce(nonce);
    const prefix = nonce.subarray(0, PREFIX_BYTES);
    if (this.#prefix === null || Buffer.compare(this.#prefix, prefix) !== 0) {
      const out = new Uint32Array(8);
      hchacha(SIGMA, this.#key, words(prefix), out);
      this.#subkey = fromWords(out);
      this.#prefix = new Uint8Array(prefix);
    }
    return this.#subkey;
  }
}

function assertNonce(nonce: Uint8Array): void {
  if (nonce.length === NONCE_BYTES) return;
  throw new RangeError(`a nonce has ${NONCE_BYTES} bytes, not ${nonce.length}`);
}

/** The 96-bit nonce inside: four zero bytes, then the last eight. */
function shortNonce(nonce: Uint8Array): Uint8Array {
  const short = new Uint8Array(12);
  short.set(nonce.subarray(PREFIX_BYTES), 4);
  return short;
}

function words(bytes: Uint8Array): Uint32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}

function fromWords(from: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(from.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of from.entries()) view.setUint32(i * 4, word, true);
  return bytes;
}
