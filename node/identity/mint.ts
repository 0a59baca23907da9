/** Minting an identity and keeping it: the only place where a peer spends work on purpose. */
import { isWorkIdeal } from '../crypto/cryptography.ts';
import { signingKey, type SigningKey } from '../crypto/ed25519.ts';
import { hashBytes } from '../crypto/hash.ts';
import { x25519PublicKey } from '../crypto/x25519.ts';
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Id } from '../id.ts';
import { DRAW_BYTES, drawnAttempts, FREE_SALT_BYTES, paidSalt } from './ideal-work.ts';
import {
  deriveAddress,
  encodeRecord,
  passwordOf,
  readRecord,
  renewRecord,
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
  /** What the identity says of when it was made. */
  now(): number;
  random(length: number): Uint8Array;
  /** Whether an address is to be kept; without it every one is. An adversary chooses where it stands. */
  wants?(this: void, address: Id): boolean;
}

const VERSION = 2;
const CHECKSUM_BYTES = 32;

/** What minting has done and expects to do, in Argon2 evaluations. */
export interface MintingProgress {
  readonly attempts: number;
  /** 2^bits, on average; no attempt is nearer to the end than another. */
  readonly expected: number;
}

/**
 * The search for an identity, in steps as long as the caller likes: a process stays reachable
 * between them. Attempts depend on none before them, so one that is broken off loses nothing but
 * their count, which `attemptsBefore` takes over: it is the identity's price.
 */
export class Minting {
  readonly #network: Id;
  readonly #pow: Pow;
  readonly #sources: MintSources;
  readonly #identityKey: SigningKey;
  readonly #lamppost: SigningKey;
  readonly #transportPrivateKey: Uint8Array;
  readonly #transportKey: Uint8Array;
  #attempts: number;
  /** With ideal work: attempts still to be counted until the one that finds it. */
  #left: number | null = null;

  constructor(network: Id, pow: Pow, sources: MintSources, attemptsBefore = 0) {
    this.#network = network;
    this.#pow = pow;
    this.#sources = sources;
    this.#identityKey = signingKey(sources.random(32));
    this.#lamppost = signingKey(sources.random(32));
    this.#transportPrivateKey = sources.random(32);
    this.#transportKey = x25519PublicKey(this.#transportPrivateKey);
    this.#attempts = attemptsBefore;
  }

  get progress(): MintingProgress {
    return { attempts: this.#attempts, expected: 2 ** this.#pow.bits };
  }

  /** Tries one salt: the identity if its address ends in `pow.bits` zero bits, else null. */
  attempt(): Identity | null {
    if (isWorkIdeal()) return this.#stepIdeally(1);
    this.#attempts += 1;
    // The time of this attempt, not of the first: freshness counts from when the address was found.
    const createdAtMs = this.#sources.now();
    return this.#identityAt(createdAtMs, this.#sources.random(8));
  }

  /** Up to `attempts` of them. */
  step(attempts: number): Identity | null {
    if (isWorkIdeal()) return this.#stepIdeally(attempts);
    for (let n = 0; n < attempts; n += 1) {
      const identity = this.attempt();
      if (identity !== null) return identity;
    }
    return null;
  }

  /** Counts them at once; at the last that was drawn, a salt as if it had been found. */
  #stepIdeally(attempts: number): Identity | null {
    const { bits } = this.#pow;
    this.#left ??= drawnAttempts(this.#sources.random(DRAW_BYTES), bits);
    const counted = Math.min(attempts, this.#left);
    this.#attempts += counted;
    this.#left -= counted;
    if (this.#left > 0) return null;
    this.#left = null;
    const createdAtMs = this.#sources.now();
    const password = passwordOf({
      network: this.#network,
      identityKey: this.#identityKey.publicKey,
    });
    const free = this.#sources.random(FREE_SALT_BYTES);
    const salt = paidSalt(password, createdAtMs, { free, bits, work: this.#pow });
    return this.#identityAt(createdAtMs, salt);
  }

  /** The identity with this salt, if its address has the bits. */
  #identityAt(createdAtMs: number, salt: Uint8Array): Identity | null {
    const unsigned = {
      network: this.#network,
      identityKey: this.#identityKey.publicKey,
      transportKey: this.#transportKey,
      createdAtMs,
      renewedAtMs: createdAtMs,
      salt,
      bits: this.#pow.bits,
    };
    const address = deriveAddress(unsigned, this.#pow);
    if (trailingZeroBits(address) < this.#pow.bits) return null;
    // Thrown away, and paid for all the same.
    if (this.#sources.wants?.(address) === false) return null;
    return {
      record: signRecord(unsigned, this.#identityKey),
      address,
      identityKey: this.#identityKey,
      transportPrivateKey: this.#transportPrivateKey,
      lamppost: this.#lamppost,
      attempts: this.#attempts,
    };
  }
}

/** Mints in one go, for testnet work: 2^bits Argon2 evaluations expected. */
export function mint(network: Id, pow: Pow, sources: MintSources): Identity {
  const minting = new Minting(network, pow, sources);
  for (;;) {
    const identity = minting.step(Number.POSITIVE_INFINITY);
    if (identity !== null) return identity;
  }
}

/** The same identity under a record signed now. The transport key stays: others were told it. */
export function renewed(identity: Identity, nowMs: number): Identity {
  return { ...identity, record: renewRecord(identity.record, identity.identityKey, { nowMs }) };
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
