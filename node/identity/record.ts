/**
 * Identity records (PROTOCOL.md 1). Layout: version u8 ‖ network 32 ‖ identityKey 32 ‖ transportKey
 * 32 ‖ createdAtMs u64 ‖ renewedAtMs u64 ‖ salt 8 ‖ bits u8 ‖ signature 64. The signature, by the
 * identity key, is over H(identity, all before it). A record is renewed by signing it again with a
 * later `renewedAtMs` and, if wanted, another transport key: the address is made of what stays.
 */
import { argon2id } from '../crypto/argon2.ts';
import { isWorkIdeal } from '../crypto/cryptography.ts';
import { SIGNATURE_BYTES, verifySignature, type SigningKey } from '../crypto/ed25519.ts';
import { hashBytes } from '../crypto/hash.ts';
import { Malformed, type Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { ID_BYTES, idFromBytes, idToBytes, type Id } from '../id.ts';
import type { ProtocolParameters } from '../parameters.ts';
import { idealAddress } from './ideal-work.ts';

export type Pow = ProtocolParameters['pow'];

export interface IdentityRecord {
  readonly network: Id;
  /** Ed25519. */
  readonly identityKey: Uint8Array;
  /** X25519. */
  readonly transportKey: Uint8Array;
  /** When its address was found; part of what the address is made of. */
  readonly createdAtMs: number;
  /** When it was signed: `createdAtMs` at first, later with each renewal. */
  readonly renewedAtMs: number;
  /** 8 random bytes, searched by minting. */
  readonly salt: Uint8Array;
  /** Trailing zero bits that it claims. */
  readonly bits: number;
  readonly signature: Uint8Array;
}

export const RECORD_BYTES = 1 + ID_BYTES + 32 + 32 + 8 + 8 + 8 + 1 + SIGNATURE_BYTES;

const VERSION = 2;
/** An address has no more bits than these. */
const MAX_BITS = 8 * ID_BYTES;

export function signRecord(
  unsigned: Omit<IdentityRecord, 'signature'>,
  key: SigningKey,
): IdentityRecord {
  return { ...unsigned, signature: key.sign(hashBytes('identity', unsignedBytes(unsigned))) };
}

export function encodeRecord(record: IdentityRecord): Uint8Array {
  return new Writer().raw(unsignedBytes(record)).raw(record.signature).finish();
}

/** Form only; `checkRecord` says whether it counts. */
export function readRecord(reader: Reader): IdentityRecord {
  if (reader.u8() !== VERSION) throw new Malformed('unknown version of identity record');
  const record = {
    network: reader.id(),
    identityKey: reader.raw(32),
    transportKey: reader.raw(32),
    createdAtMs: reader.u64(),
    renewedAtMs: reader.u64(),
    salt: reader.raw(8),
    bits: reader.u8(),
    signature: reader.raw(SIGNATURE_BYTES),
  };
  if (record.bits > MAX_BITS) throw new Malformed('more zero bits than an address has');
  if (record.renewedAtMs < record.createdAtMs) throw new Malformed('renewed before it was made');
  return record;
}

/**
 * `Argon2id(identityKey ‖ network, createdAtMs ‖ salt)`: costs what `pow` says, unless work is ideal.
 */
export function deriveAddress(
  record: Pick<IdentityRecord, 'network' | 'identityKey' | 'createdAtMs' | 'salt'>,
  pow: Pow,
): Id {
  const password = passwordOf(record);
  const salt = new Writer().u64(record.createdAtMs).raw(record.salt).finish();
  if (isWorkIdeal()) return idFromBytes(idealAddress(password, salt, pow));
  const address = argon2id({
    password,
    salt,
    memoryKiB: pow.memoryKiB,
    passes: pow.passes,
    parallelism: 1,
    length: ID_BYTES,
  });
  return idFromBytes(address);
}

/** What the Argon2 evaluation takes as password: identityKey ‖ network. */
export function passwordOf(record: Pick<IdentityRecord, 'network' | 'identityKey'>): Uint8Array {
  return new Writer().raw(record.identityKey).raw(idToBytes(record.network)).finish();
}

/** How many zero bits an id ends in. */
export function trailingZeroBits(id: Id): number {
  const value = BigInt(`0x${id}`);
  if (value === 0n) return MAX_BITS;
  let bits = 0;
  while (((value >> BigInt(bits)) & 1n) === 0n) bits += 1;
  return bits;
}

/** The parts of a record that its address is made of; equal parts need no second evaluation. */
export function isSameIdentity(a: IdentityRecord, b: IdentityRecord): boolean {
  return (
    a.network === b.network &&
    a.createdAtMs === b.createdAtMs &&
    Buffer.compare(a.identityKey, b.identityKey) === 0 &&
    Buffer.compare(a.salt, b.salt) === 0
  );
}

/** Signs the record again: the same identity, from `nowMs` on with this transport key. */
export function renewRecord(
  record: IdentityRecord,
  key: SigningKey,
  renewal: { readonly nowMs: number; readonly transportKey?: Uint8Array },
): IdentityRecord {
  const { transportKey = record.transportKey } = renewal;
  // A clock set back must not make a renewal that everyone refuses as old.
  const renewedAtMs = Math.max(renewal.nowMs, record.renewedAtMs + 1);
  return signRecord({ ...record, transportKey, renewedAtMs }, key);
}

/** Does `record` replace `known`, a checked record? Only a later one of the same identity does. */
export function isNewer(record: IdentityRecord, known: IdentityRecord): boolean {
  return isSameIdentity(record, known) && record.renewedAtMs > known.renewedAtMs;
}

export type RecordCheck =
  | { readonly ok: true; readonly address: Id }
  | { readonly ok: false; readonly reason: string };

/**
 * Cheap checks first, then the signature, the Argon2 work last. `pow.bits` is what is required
 * here. What strangers can make a peer do goes through a RecordChecker, which bounds it.
 */
export function checkRecord(record: IdentityRecord, network: Id, pow: Pow): RecordCheck {
  const claim = checkClaim(record, network, pow);
  return claim.ok ? checkWork(record, deriveAddress(record, pow)) : claim;
}

/** All but the work: network, claimed bits, signature. A tenth of a millisecond. */
export function checkClaim(
  record: IdentityRecord,
  network: Id,
  pow: Pow,
): { readonly ok: true } | { readonly ok: false; readonly reason: string } {
  if (record.network !== network) return { ok: false, reason: 'of another network' };
  if (record.bits < pow.bits) return { ok: false, reason: `claims ${record.bits} zero bits` };
  const signed = hashBytes('identity', unsignedBytes(record));
  if (!verifySignature(record.identityKey, signed, record.signature)) {
    return { ok: false, reason: 'its signature is wrong' };
  }
  return { ok: true };
}

/** Whether the address that its parts make ends in the bits that it claims. */
export function checkWork(record: IdentityRecord, address: Id): RecordCheck {
  const bits = trailingZeroBits(address);
  if (bits < record.bits) return { ok: false, reason: `its address ends in ${bits} zero bits` };
  return { ok: true, address };
}

function unsignedBytes(record: Omit<IdentityRecord, 'signature'>): Uint8Array {
  return new Writer()
    .u8(VERSION)
    .id(record.network)
    .raw(record.identityKey)
    .raw(record.transportKey)
    .u64(record.createdAtMs)
    .u64(record.renewedAtMs)
    .raw(record.salt)
    .u8(record.bits)
    .finish();
}
