/**
 * Certificates (PROTOCOL.md 1): the identity key vouches for a lamppost key in one epoch and range
 * of time. Layout: lamppost 32 ‖ epoch u64 ‖ validFromMs u64 ‖ validToMs u64 ‖ signature 64; the
 * signature is over H(certificate, network ‖ address ‖ all before it).
 */
import { SIGNATURE_BYTES, verifySignature, type SigningKey } from '../crypto/ed25519.ts';
import { hashBytes } from '../crypto/hash.ts';
import type { Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Id } from '../id.ts';
import type { Certificate } from '../ledger/types.ts';

export interface CertificateTerms {
  readonly network: Id;
  /** Of the identity. */
  readonly address: Id;
  readonly lamppost: Uint8Array;
  readonly epoch: number;
  readonly validFromMs: number;
  readonly validToMs: number;
}

export function issueCertificate(identityKey: SigningKey, terms: CertificateTerms): Certificate {
  const { lamppost, epoch, validFromMs, validToMs } = terms;
  const signature = identityKey.sign(signedBytes(terms));
  return { lamppost, epoch, validFromMs, validToMs, signature };
}

/** Whether `identityKey` issued it for this address and network; times are the caller's to judge. */
export function checkCertificate(
  certificate: Certificate,
  holder: { readonly network: Id; readonly address: Id; readonly identityKey: Uint8Array },
): boolean {
  if (certificate.validFromMs > certificate.validToMs) return false;
  const signed = signedBytes({ ...certificate, network: holder.network, address: holder.address });
  return verifySignature(holder.identityKey, signed, certificate.signature);
}

export function writeCertificate(writer: Writer, certificate: Certificate): void {
  writer
    .raw(certificate.lamppost)
    .u64(certificate.epoch)
    .u64(certificate.validFromMs)
    .u64(certificate.validToMs)
    .raw(certificate.signature);
}

export function readCertificate(reader: Reader): Certificate {
  return {
    lamppost: reader.raw(32),
    epoch: reader.u64(),
    validFromMs: reader.u64(),
    validToMs: reader.u64(),
    signature: reader.raw(SIGNATURE_BYTES),
  };
}

function signedBytes(terms: CertificateTerms): Uint8Array {
  const writer = new Writer().id(terms.network).id(terms.address).raw(terms.lamppost);
  writer.u64(terms.epoch).u64(terms.validFromMs).u64(terms.validToMs);
  return hashBytes('certificate', writer.finishShared());
}
