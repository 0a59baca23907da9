/**
 * Statements (PROTOCOL.md 7): the signed answer to "who owns this token?".
 *
 * Layout: network 32 ‖ peer 32 ‖ certificate 120 (certificate.ts; its epoch is the statement's) ‖
 * sequence u64 ‖ query 16 ‖ token 32 ‖ head: height u64, previous 32, entriesRoot 32, stateRoot 32,
 * accumulator 32, jumpsRoot 32, time u64 (network, peer, epoch are the statement's) ‖ answer ‖
 * count u8 (0–4) ‖ recent … ‖ time u64 ‖ signature 64.
 * Answer: u8 0 for "unknown", or 1, mapping, block, path (state-trie.ts).
 * Recent: token 32, mapping, block, committedAt u64.
 * Mapping: u8 flags (1: owner is zero and left out; 2: previous is zero and left out), owner, tx,
 * previous. Block: u8, 0: the head; 1: the head's previous; 2: another, whose hash 32 follows. What
 * can be left out must be. With two recent mappings and a state of 1,000 tokens: 1,132 bytes in the
 * median (at most 1,231) for created tokens, 1,228 (at most 1,327) for transferred ones.
 *
 * The signature is over `H(statement, all before it)`.
 */
import type { Reader } from '../codec/reader.ts';
import { Malformed } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { SIGNATURE_BYTES, type SigningKey, verifySignature } from '../crypto/ed25519.ts';
import { hash } from '../crypto/hash.ts';
import { type Id, idToBytes, ZERO_ID } from '../id.ts';
import { checkCertificate, readCertificate, writeCertificate } from '../identity/certificate.ts';
import { headerHash, readHeaderRest, writeHeaderRest } from '../ledger/block.ts';
import { readPath, writePath } from '../ledger/state-trie.ts';
import type { BlockHeader, Mapping } from '../ledger/types.ts';
import type { RecentMapping, Statement } from './types.ts';

/** Bytes of a query id: enough that no two askers ever choose the same one. */
export const QUERY_BYTES = 16;

/** PROTOCOL.md 7. */
export const MAX_RECENT = 4;

export type UnsignedStatement = Omit<Statement, 'signature'>;

export type StatementCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string };

/** Hash of all but the signature: what was said, however often it was signed. */
export function statementHash(statement: UnsignedStatement): Id {
  return hash('statement', unsignedBytes(statement));
}

/** Throws a RangeError for what `formFault` would refuse: an honest peer never composes that. */
export function signStatement(unsigned: UnsignedStatement, lamppost: SigningKey): Statement {
  return { ...unsigned, signature: lamppost.sign(idToBytes(statementHash(unsigned))) };
}

export function encodeStatement(statement: Statement): Uint8Array {
  const writer = new Writer();
  writeStatement(writer, statement);
  return writer.finish();
}

export function writeStatement(writer: Writer, statement: Statement): void {
  writer.raw(unsignedBytes(statement)).raw(statement.signature);
}

export function readStatement(reader: Reader): Statement {
  const network = reader.id();
  const peer = reader.id();
  const certificate = readCertificate(reader);
  const { epoch } = certificate;
  const sequence = reader.u64();
  const query = reader.raw(QUERY_BYTES);
  const token = reader.id();
  const head = readHeaderRest(reader, { network, peer, epoch });
  const near = nearBlocks(head);
  const answer = reader.boolean() ? readAnswer(reader, token, near) : null;
  const recent = reader.list(0, MAX_RECENT, () => readRecent(reader, near));
  const time = reader.u64();
  const signature = reader.raw(SIGNATURE_BYTES);
  return {
    network,
    peer,
    certificate,
    epoch,
    sequence,
    query,
    token,
    answer,
    recent,
    head,
    time,
    signature,
  };
}

/**
 * Did the holder of `identityKey` say this? Certificate, signature, one network, peer and epoch
 * throughout. Whether it is true is not asked: a false path under a good signature is evidence.
 * `isCertified`: for who remembers the certificates that it has checked.
 */
export function verifyStatement(
  statement: Statement,
  identityKey: Uint8Array,
  isCertified: typeof checkCertificate = checkCertificate,
): StatementCheck {
  const fault = formFault(statement);
  if (fault !== null) return { ok: false, reason: fault };
  const { network, peer, certificate, time, signature } = statement;
  if (time < certificate.validFromMs || time > certificate.validToMs) {
    return { ok: false, reason: 'its time is outside its certificate' };
  }
  if (!verifySignature(certificate.lamppost, idToBytes(statementHash(statement)), signature)) {
    return { ok: false, reason: 'its signature is false' };
  }
  if (!isCertified(certificate, { network, address: peer, identityKey })) {
    return { ok: false, reason: 'its certificate is not by the identity key' };
  }
  return { ok: true };
}

/** What the bytes can't express: values that disagree with what they share with the statement. */
function formFault({
  network,
  peer,
  epoch,
  certificate,
  token,
  answer,
  head,
  query,
  recent,
}: UnsignedStatement): string | null {
  if (certificate.epoch !== epoch) return 'its certificate is for another epoch';
  if (head.network !== network) return 'its head belongs to another network';
  if (head.peer !== peer) return 'its head belongs to another peer';
  if (head.epoch !== epoch) return 'its head belongs to another epoch';
  if (answer !== null && answer.mapping.token !== token) return 'it answers for another token';
  if (query.length !== QUERY_BYTES) return `its query has ${query.length} bytes`;
  if (recent.length > MAX_RECENT) return `it tells ${recent.length} recent mappings`;
  return null;
}

function unsignedBytes(statement: UnsignedStatement): Uint8Array {
  const fault = formFault(statement);
  if (fault !== null) throw new RangeError(`not a statement: ${fault}`);
  const { network, peer, certificate, sequence, query, token, answer, recent, head } = statement;
  const writer = new Writer().id(network).id(peer);
  writeCertificate(writer, certificate);
  writer.u64(sequence).raw(query).id(token);
  writeHeaderRest(writer, head);
  const near = nearBlocks(head);
  writer.u8(answer === null ? 0 : 1);
  if (answer !== null) {
    writeOwnership(writer, answer.mapping);
    writeBlockName(writer, answer.block, near);
    writePath(writer, answer.path);
  }
  writer.list(recent, ({ mapping, committedAt, block }) => {
    writer.id(mapping.token);
    writeOwnership(writer, mapping);
    writeBlockName(writer, block, near);
    writer.u64(committedAt);
  });
  return writer.u64(statement.time).finishShared();
}

function readAnswer(
  reader: Reader,
  token: Id,
  near: readonly Id[],
): NonNullable<Statement['answer']> {
  const mapping = readOwnership(reader, token);
  const block = readBlockName(reader, near);
  return { mapping, block, path: readPath(reader) };
}

function readRecent(reader: Reader, near: readonly Id[]): RecentMapping {
  const mapping = readOwnership(reader, reader.id());
  const block = readBlockName(reader, near);
  return { mapping, block, committedAt: reader.u64() };
}

function writeOwnership(writer: Writer, { owner, tx, previous }: Mapping): void {
  writer.u8((owner === ZERO_ID ? 1 : 0) + (previous === ZERO_ID ? 2 : 0));
  if (owner !== ZERO_ID) writer.id(owner);
  writer.id(tx);
  if (previous !== ZERO_ID) writer.id(previous);
}

function readOwnership(reader: Reader, token: Id): Mapping {
  const flags = reader.oneOf([0, 1, 2, 3]);
  const owner = (flags & 1) === 1 ? ZERO_ID : nonZero(reader.id());
  const tx = reader.id();
  const previous = (flags & 2) === 2 ? ZERO_ID : nonZero(reader.id());
  return { token, owner, tx, previous };
}

function nonZero(id: Id): Id {
  if (id === ZERO_ID) throw new Malformed('a zero that had to be left out');
  return id;
}

/** The blocks that recent mappings nearly always lie in: every block but resets has entries. */
function nearBlocks(head: BlockHeader): readonly Id[] {
  return [headerHash(head), head.previous];
}

function writeBlockName(writer: Writer, block: Id, near: readonly Id[]): void {
  const index = near.indexOf(block);
  if (index === -1) writer.u8(near.length).id(block);
  else writer.u8(index);
}

function readBlockName(reader: Reader, near: readonly Id[]): Id {
  const index = reader.u8();
  const named = near[index];
  if (named !== undefined) return named;
  if (index > near.length) throw new Malformed(`no meaning for ${index}`);
  const block = reader.id();
  if (near.includes(block)) throw new Malformed('a block that had to be left out');
  return block;
}
