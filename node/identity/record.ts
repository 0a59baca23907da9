/**
 * Identity records (PROTOCOL.md 1). Layout: version u8 ‖ network 32 ‖ identityKey 32 ‖ transportKey
 * 32 ‖ createdAtMs u64 ‖ salt 8 ‖ bits u8 ‖ signature 64. The signature, by the identity key, is
 * over H(identity, all before it).
 */
import { argon2id } from '../crypto/argon2.ts';
import { SIGNATURE_BYTES, verifySignature, type SigningKey } from '../crypto/ed25519.ts';
import { hashBytes } from '../crypto/hash.ts';
import { Malformed, type Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { ID_BYTES, idFromBytes, idToBytes, type Id } from '../id.ts';
import type { ProtocolParameters } from '../parameters.ts';

export type Pow = ProtocolParameters['pow'];

export interface IdentityRecord {
  readonly network: Id;
  /** Ed25519. */
  readonly identityKey: Uint8Array;
  /** X25519. */
  readonly transportKey: Uint8Array;
  readonly createdAtMs: number;
  /** 8 random bytes, searched by minting. */
  readonly salt: Uint8Array;
  /** Trailing zero bits that it claims. */
  readonly bits: number;
  readonly signature: Uint8Array;
}

export const RECORD_BYTES = 1 + ID_BYTES + 32 + 32 + 8 + 8 + 1 + SIGNATURE_BYTES;

const VERSION = 1;
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
    salt: reader.raw(8),
    bits: reader.u8(),
    signature: reader.raw(SIGNATURE_BYTES),
  };
  if (record.bits > MAX_BITS) throw new Malformed('more zero bits than an address has');
  return record;
}

/** `Argon2id(identityKey ‖ network, createdAtMs ‖ salt)`: costs what `pow` says. */
export function deriveAddress(
  record: Pick<IdentityRecord, 'network' | 'identityKey' | 'createdAtMs' | 'salt'>,
  pow: Pow,
): Id {
  const address = argon2id({
    password: new Writer().raw(record.identityKey).raw(idToBytes(record.network)).finish(),
    salt: new Writer().u64(record.createdAtMs).raw(record.salt).finish(),
    memoryKiB: pow.memoryKiB,
    passes: pow.passes,
    parallelism: 1,
    length: ID_BYTES,
  });
  return idFromBytes(address);
}

/** How many zero bits an id ends in. */
export function trailingZeroBits(id: Id): number {
  const value = BigInt(`0x${id}`);
  if (value === 0n) return MAX_BITS;
  let bits = 0;
  while (((value >> BigInt(bits)) & 1n) === 0n) bits += 1;
  return bits;
}

export type RecordCheck =
  | { readonly ok: true; readonly address: Id }
  | { readonly ok: false; readonly reason: string };

/** Cheap checks first, then the signature, the Argon2 work last; callers budget the last two. */
export function checkRecord(record: IdentityRecord, network: Id, pow: Pow): RecordCheck {
  if (record.network !== network) return { ok: false, reason: 'of another network' };
  if (record.bits < pow.bits) return { ok: false, reason: `claims ${record.bits} zero bits` };
  const signed = hashBytes('identity', unsignedBytes(record));
  if (!verifySignature(record.identityKey, signed, record.signature)) {
    return { ok: false, reason: 'its signature is wrong' };
  }
  const address = deriveAddress(record, pow);
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
    .raw(record.salt)
    .u8(record.bits)
    .finish();
}
