/**
 * Blocks of a peer's own chain (PROTOCOL.md 3): bytes, hashes, checks that need no other block.
 *
 * Header: network 32 ‖ peer 32 ‖ epoch u64 ‖ height u64 ‖ previous 32 ‖ entriesRoot 32 ‖
 * stateRoot 32 ‖ accumulator 32 ‖ jumpsRoot 32 ‖ time u64; `hash = H(header, all of it)`.
 * Signed header: header ‖ certificate ‖ signature 64 over that hash.
 * Block: signed header ‖ count u8 (0–32) ‖ per entry kind u8 (0 committed, 1 adopted), mapping 128
 * ‖ five jumps 32. `entriesRoot` is the RFC 9162 tree over `H(entryLeaf, entry)`, `jumpsRoot` is
 * `H(jumps, the five)`.
 */
import type { Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { SIGNATURE_BYTES, verifySignature } from '../crypto/ed25519.ts';
import { hash, hashBytes } from '../crypto/hash.ts';
import { type Id, idToBytes } from '../id.ts';
import { checkCertificate, readCertificate, writeCertificate } from '../identity/certificate.ts';
import type { SignedHeader } from '../minefield/types.ts';
import { treeRoot } from './history-tree.ts';
import { readMapping, writeMapping } from './state-trie.ts';
import type { Block, BlockEntry, BlockHeader } from './types.ts';

/** PROTOCOL.md 3. */
export const MAX_ENTRIES = 32;

/** One minute, hour, day, week, month (30 days) back: the papers' spans, unscaled. */
export const JUMP_SPANS_MS: readonly number[] = [
  60_000, 3_600_000, 86_400_000, 604_800_000, 2_592_000_000,
];

const KINDS = ['committed', 'adopted'] as const;

export function headerHash(header: BlockHeader): Id {
  const writer = new Writer();
  writeHeader(writer, header);
  return hash('header', writer.finishShared());
}

export function entriesRoot(entries: readonly BlockEntry[]): Id {
  const leaves = entries.map((entry) => {
    const writer = new Writer();
    writeEntry(writer, entry);
    return hashBytes('entryLeaf', writer.finishShared());
  });
  return treeRoot(leaves);
}

export function jumpsRoot(jumps: readonly Id[]): Id {
  return hash('jumps', ...jumps.map(idToBytes));
}

/** Do entries and jumps belong to the header? */
export function blockMatchesHeader({ header, entries, jumps }: Block): boolean {
  return (
    entries.length <= MAX_ENTRIES &&
    jumps.length === JUMP_SPANS_MS.length &&
    header.entriesRoot === entriesRoot(entries) &&
    header.jumpsRoot === jumpsRoot(jumps)
  );
}

/**
 * Did the holder of `identityKey` sign this header, through a lamppost key certified for its epoch
 * and time? Says nothing of the address: that the record of the address names the key is checked
 * apart.
 */
export function verifySignedHeader(signed: SignedHeader, identityKey: Uint8Array): boolean {
  const { header, certificate, signature } = signed;
  return (
    certificate.epoch === header.epoch &&
    header.time >= certificate.validFromMs &&
    header.time <= certificate.validToMs &&
    verifySignature(certificate.lamppost, idToBytes(headerHash(header)), signature) &&
    checkCertificate(certificate, { network: header.network, address: header.peer, identityKey })
  );
}

export function writeHeader(writer: Writer, header: BlockHeader): void {
  writer.id(header.network).id(header.peer).u64(header.epoch);
  writeHeaderRest(writer, header);
}

/** The header without network, peer and epoch, for where these are already said. */
export function writeHeaderRest(writer: Writer, header: BlockHeader): void {
  writer.u64(header.height).id(header.previous).id(header.entriesRoot).id(header.stateRoot);
  writer.id(header.accumulator).id(header.jumpsRoot).u64(header.time);
}

export function readHeader(reader: Reader): BlockHeader {
  return readHeaderRest(reader, {
    network: reader.id(),
    peer: reader.id(),
    epoch: reader.u64(),
  });
}

export function readHeaderRest(
  reader: Reader,
  said: Pick<BlockHeader, 'network' | 'peer' | 'epoch'>,
): BlockHeader {
  return {
    network: said.network,
    peer: said.peer,
    epoch: said.epoch,
    height: reader.u64(),
    previous: reader.id(),
    entriesRoot: reader.id(),
    stateRoot: reader.id(),
    accumulator: reader.id(),
    jumpsRoot: reader.id(),
    time: reader.u64(),
  };
}

export function writeSignedHeader(writer: Writer, signed: SignedHeader): void {
  writeHeader(writer, signed.header);
  writeCertificate(writer, signed.certificate);
  writer.raw(signed.signature);
}

export function readSignedHeader(reader: Reader): SignedHeader {
  const header = readHeader(reader);
  const certificate = readCertificate(reader);
  return { header, certificate, signature: reader.raw(SIGNATURE_BYTES) };
}

export function writeBlock(writer: Writer, block: Block): void {
  if (block.entries.length > MAX_ENTRIES || block.jumps.length !== JUMP_SPANS_MS.length) {
    throw new RangeError(`a block of ${block.entries.length} entries, ${block.jumps.length} jumps`);
  }
  writeSignedHeader(writer, block);
  writer.list(block.entries, (entry) => writeEntry(writer, entry));
  for (const jump of block.jumps) writer.id(jump);
}

export function readBlock(reader: Reader): Block {
  const signed = readSignedHeader(reader);
  const entries = reader.list(0, MAX_ENTRIES, () => ({
    kind: reader.oneOf(KINDS),
    mapping: readMapping(reader),
  }));
  return { ...signed, entries, jumps: JUMP_SPANS_MS.map(() => reader.id()) };
}

export function encodeBlock(block: Block): Uint8Array {
  const writer = new Writer();
  writeBlock(writer, block);
  return writer.finish();
}

function writeEntry(writer: Writer, { kind, mapping }: BlockEntry): void {
  writer.u8(KINDS.indexOf(kind));
  writeMapping(writer, mapping);
}
