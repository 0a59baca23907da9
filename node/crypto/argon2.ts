/** Argon2id (RFC 9106), version 0x13, without secret or associated data; OpenSSL's, synchronous. */
import { argon2Sync } from 'node:crypto';

export interface Argon2Input {
  readonly password: Uint8Array;
  /** At least 8 bytes. */
  readonly salt: Uint8Array;
  readonly memoryKiB: number;
  readonly passes: number;
  readonly parallelism: number;
  /** Bytes of output, at least 4. */
  readonly length: number;
}

/** Throws a RangeError (node's) for parameters outside RFC 9106 §3.1. */
export function argon2id(input: Argon2Input): Uint8Array {
  return new Uint8Array(
    argon2Sync('argon2id', {
      message: input.password,
      nonce: input.salt,
      parallelism: input.parallelism,
      tagLength: input.length,
      memory: input.memoryKiB,
      passes: input.passes,
    }),
  );
}
