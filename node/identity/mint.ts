/** Minting an identity and keeping it: the only place where a peer spends work on purpose. */
import { signingKey, type SigningKey } from '../crypto/ed25519.ts';
import { hashBytes } from '../crypto/hash.ts';
import { x25519PublicKey } from '../crypto/x25519.ts';
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Id } from '../id.ts';
import {
  deriveAddress,
  encodeRecord,
  readRecord,
  signRecord,
  trailingZeroBits,
  type IdentityRecord,
  type Pow,
} from './record.ts';

export interface Identity {
  readonly record: IdentityRecord;
  readonly address: Id;
  readonly identityKey: SigningKey;
  readonly transportPrivateKey: Uint8Array;
  readonly lamppost: SigningKey;
  /** Argon2 evaluations that minting took: its price. */
  readonly attempts: number;
}

export interface MintSources {
  now(): number;
  random(length: number): Uint8Array;
}

const VERSION = 1;
const CHECKSUM_BYTES = 32;

/** Tries salts until the address ends in `pow.bits` zero bits: 2^bits Argon2 evaluations expected. */
export function mint(network: Id, pow: Pow, sources: MintSources): Identity {
  const identityKey = signingKey(sources.random(32));
  const lamppost = signingKey(sources.random(32));
  const transportPrivateKey = sources.random(32);
  const createdAtMs = sources.now();
  for (let attempts = 1; ; attempts += 1) {
    const unsigned = {
      network,
      identityKey: identityKey.publicKey,
      transportKey: x25519PublicKey(transportPrivateKey),
      createdAtMs,
      salt: sources.random(8),
      bits: pow.bits,
    };
    const address = deriveAddress(unsigned, pow);
    if (trailingZeroBits(address) >= pow.bits) {
      const record = signRecord(unsigned, identityKey);
      return { record, address, identityKey, transportPrivateKey, lamppost, attempts };
    }
  }
}

/** version u8 ‖ record ‖ address ‖ identity seed ‖ transport key ‖ lamppost seed ‖ attempts ‖ checksum. */
export function saveIdentity(identity: Identity): Uint8Array {
  const body = new Writer()
    .u8(VERSION)
    .raw(encodeRecord(identity.record))
    .id(identity.address)
    .raw(identity.identityKey.seed)
    .raw(identity.transportPrivateKey)
    .raw(identity.lamppost.seed)
    .u64(identity.attempts)
    .finish();
  return new Writer().raw(body).raw(hashBytes('identity', body)).finish();
}

/** Throws an Error that says what is damaged: a peer must not start as somebody else. */
export function loadIdentity(bytes: Uint8Array): Identity {
  if (bytes.length === 0) throw new Error('the saved identity is empty');
  if (bytes[0] !== VERSION) {
    throw new Error(`the saved identity has version ${bytes[0]}, this program reads ${VERSION}`);
  }
  const at = bytes.length - CHECKSUM_BYTES;
  const body = bytes.subarray(0, Math.max(0, at));
  if (at <= 0 || hashBytes('identity', body).toHex() !== bytes.subarray(at).toHex()) {
    throw new Error('the saved identity is damaged: its checksum does not match');
  }
  const decoded = decode(body, (reader) => {
    reader.u8();
    return {
      record: readRecord(reader),
      address: reader.id(),
      identityKey: signingKey(reader.raw(32)),
      transportPrivateKey: reader.raw(32),
      lamppost: signingKey(reader.raw(32)),
      attempts: reader.u64(),
    };
  });
  if (!decoded.ok) throw new Error(`the saved identity is damaged: ${decoded.reason}`);
  return decoded.value;
}
