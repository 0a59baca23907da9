/**
 * The messages between peers and clients, inside sealed datagrams (PROTOCOL.md 2). A message is one
 * byte, the place of its type in TYPES, then the fields in the order given at each type; lists have
 * an 8-bit count, optional parts a 0/1 byte before them. One value has one encoding.
 */
import { decode, type Decoded, type Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Ballot } from '../decisions.ts';
import type { Id } from '../id.ts';
import { readBlock, writeBlock } from '../ledger/block.ts';
import { MAX_INCLUSION_STEPS } from '../ledger/history-tree.ts';
import { MAX_CHANGES, readTransaction, writeTransaction } from '../ledger/transaction.ts';
import type { Block, Transaction } from '../ledger/types.ts';
import { encodePackage, readPackage } from '../minefield/evidence.ts';
import { QUERY_BYTES, readStatement, writeStatement } from '../minefield/statement.ts';
import type { EvidencePackage, Statement } from '../minefield/types.ts';

/** Ids in one `commits` answer: what fits a datagram; a peer further behind asks again. */
export const MAX_COMMITS = 32;
/** Statements in a dispute: the pair that disagrees, and what else was answered. */
export const MAX_DISPUTED = 4;

/** What a voter says of one token of a transaction. */
export interface TokenBallot {
  readonly token: Id;
  readonly ballot: Ballot;
}

/** Where a committed transaction lies in the answering peer's chain. */
export interface CommitPlace {
  readonly block: Id;
  /** Blocks of that chain above it. */
  readonly confirmations: number;
}

/** What stands at `height` under the accumulator of the head at `under`, with the proof. */
export interface AncestorAnswer {
  readonly epoch: number;
  readonly height: number;
  readonly under: number;
  readonly hash: Id;
  readonly path: readonly Id[];
}

export type Message =
  | { readonly type: 'submit'; readonly transaction: Transaction }
  /** `committed`: the voter has itself seen every token pass. */
  | {
      readonly type: 'vote';
      readonly tx: Id;
      readonly committed: boolean;
      readonly ballots: readonly TokenBallot[];
    }
  | { readonly type: 'ask-votes'; readonly tx: Id }
  | { readonly type: 'get-transaction'; readonly tx: Id }
  /** `commit` null: pending. */
  | {
      readonly type: 'transaction';
      readonly transaction: Transaction;
      readonly commit: CommitPlace | null;
    }
  /** To who submitted it. */
  | { readonly type: 'committed'; readonly tx: Id; readonly block: Id }
  /**
   * Which transactions near the asker did you commit above this height? `bans` is a digest of whom
   * the asker has banned: who knows of others answers with their packages too.
   */
  | { readonly type: 'ask-commits'; readonly above: number; readonly bans: Id }
  /** Those up to the height `upTo`; `more`: there are blocks above it. */
  | {
      readonly type: 'commits';
      readonly upTo: number;
      readonly more: boolean;
      readonly txs: readonly Id[];
    }
  | { readonly type: 'ask-mapping'; readonly token: Id; readonly query: Uint8Array }
  | { readonly type: 'statement'; readonly statement: Statement }
  /** `under` asks for the proof that it is an ancestor of the block at that height; null for none. */
  | {
      readonly type: 'get-block';
      readonly wanted: Id | number;
      readonly under: number | null;
    }
  | {
      readonly type: 'block';
      readonly block: Block | null;
      readonly ancestor: AncestorAnswer | null;
    }
  | { readonly type: 'dispute'; readonly statements: readonly Statement[] }
  | { readonly type: 'evidence'; readonly evidence: EvidencePackage };

export type MessageType = Message['type'];

/** On the wire by position: add at the end. */
const TYPES: readonly MessageType[] = [
  'submit',
  'vote',
  'ask-votes',
  'get-transaction',
  'transaction',
  'committed',
  'ask-commits',
  'commits',
  'ask-mapping',
  'statement',
  'get-block',
  'block',
  'dispute',
  'evidence',
];

const BALLOTS: readonly Ballot[] = ['valid', 'invalid', 'out-of-order'];

export function encodeMessage(message: Message): Uint8Array {
  const writer = new Writer().u8(TYPES.indexOf(message.type));
  writeFields(writer, message);
  return writer.finish();
}

/** Never throws for what a stranger sent. */
export function decodeMessage(bytes: Uint8Array): Decoded<Message> {
  return decode(bytes, (reader) => readFields(reader, reader.oneOf(TYPES)));
}

function writeFields(writer: Writer, message: Message): void {
  switch (message.type) {
    case 'submit':
      writeTransaction(writer, message.transaction);
      return;
    case 'vote':
      writer.id(message.tx).u8(message.committed ? 1 : 0);
      writer.list(message.ballots, ({ token, ballot }) =>
        writer.id(token).u8(BALLOTS.indexOf(ballot)),
      );
      return;
    case 'ask-votes':
    case 'get-transaction':
      writer.id(message.tx);
      return;
    case 'transaction':
      writeTransaction(writer, message.transaction);
      writer.u8(message.commit === null ? 0 : 1);
      if (message.commit !== null) {
        writer.id(message.commit.block).u64(message.commit.confirmations);
      }
      return;
    case 'committed':
      writer.id(message.tx).id(message.block);
      return;
    case 'ask-commits':
      writer.u64(message.above).id(message.bans);
      return;
    case 'commits':
      writer.u64(message.upTo).u8(message.more ? 1 : 0);
      writer.list(message.txs, (tx) => writer.id(tx));
      return;
    case 'ask-mapping':
      writer.id(message.token).raw(message.query);
      return;
    case 'statement':
      writeStatement(writer, message.statement);
      return;
    case 'get-block':
      if (typeof message.wanted === 'number') writer.u8(0).u64(message.wanted);
      else writer.u8(1).id(message.wanted);
      writer.u8(message.under === null ? 0 : 1);
      if (message.under !== null) writer.u64(message.under);
      return;
    case 'block':
      writer.u8(message.block === null ? 0 : 1);
      if (message.block !== null) writeBlock(writer, message.block);
      writer.u8(message.ancestor === null ? 0 : 1);
      if (message.ancestor !== null) writeAncestor(writer, message.ancestor);
      return;
    case 'dispute':
      writer.list(message.statements, (statement) => writeStatement(writer, statement));
      return;
    case 'evidence':
      writer.raw(encodePackage(message.evidence));
  }
}

function readFields(reader: Reader, type: MessageType): Message {
  switch (type) {
    case 'submit':
      return { type, transaction: readTransaction(reader) };
    case 'vote':
      return { type, tx: reader.id(), committed: reader.boolean(), ballots: readBallots(reader) };
    case 'ask-votes':
    case 'get-transaction':
      return { type, tx: reader.id() };
    case 'transaction':
      return {
        type,
        transaction: readTransaction(reader),
        commit: reader.boolean() ? { block: reader.id(), confirmations: reader.u64() } : null,
      };
    case 'committed':
      return { type, tx: reader.id(), block: reader.id() };
    case 'ask-commits':
      return { type, above: reader.u64(), bans: reader.id() };
    case 'commits':
      return {
        type,
        upTo: reader.u64(),
        more: reader.boolean(),
        txs: reader.list(0, MAX_COMMITS, () => reader.id()),
      };
    case 'ask-mapping':
      return { type, token: reader.id(), query: reader.raw(QUERY_BYTES) };
    case 'statement':
      return { type, statement: readStatement(reader) };
    case 'get-block':
      return {
        type,
        wanted: reader.boolean() ? reader.id() : reader.u64(),
        under: reader.boolean() ? reader.u64() : null,
      };
    case 'block':
      return {
        type,
        block: reader.boolean() ? readBlock(reader) : null,
        ancestor: reader.boolean() ? readAncestor(reader) : null,
      };
    case 'dispute':
      return { type, statements: reader.list(1, MAX_DISPUTED, () => readStatement(reader)) };
    // The one type left; a new one does not compile here.
    default:
      return { type, evidence: readPackage(reader) };
  }
}

function readBallots(reader: Reader): TokenBallot[] {
  return reader.list(0, MAX_CHANGES, () => ({
    token: reader.id(),
    ballot: reader.oneOf(BALLOTS),
  }));
}

function writeAncestor(writer: Writer, ancestor: AncestorAnswer): void {
  writer.u64(ancestor.epoch).u64(ancestor.height).u64(ancestor.under).id(ancestor.hash);
  writer.list(ancestor.path, (step) => writer.id(step));
}

function readAncestor(reader: Reader): AncestorAnswer {
  return {
    epoch: reader.u64(),
    height: reader.u64(),
    under: reader.u64(),
    hash: reader.id(),
    path: reader.list(0, MAX_INCLUSION_STEPS, () => reader.id()),
  };
}
