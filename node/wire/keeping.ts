/** Messages by which peers learn what others hold (PROTOCOL.md 3, 6). */
import type { Reader } from '../codec/reader.ts';
import type { Writer } from '../codec/writer.ts';
import type { Id } from '../id.ts';
import { readBlock, writeBlock } from '../ledger/block.ts';
import { MAX_INCLUSION_STEPS } from '../ledger/history-tree.ts';
import type { Block } from '../ledger/types.ts';
import type { Formats } from './format.ts';

/** Ids in one `commits` answer: what fits a datagram; a peer further behind asks again. */
export const MAX_COMMITS = 32;

/** What a block is wanted for: to catch up, to check a claim, out of interest in history. */
export const BLOCK_PRIORITIES = ['synchronisation', 'validation', 'historical'] as const;

export type BlockPriority = (typeof BLOCK_PRIORITIES)[number];

/** A block of the sender's chain; ZERO_ID where it has none of that height. */
export interface BlockPlace {
  readonly height: number;
  readonly hash: Id;
}

/** What stands at `height` under the accumulator of the head at `under`, with the proof. */
export interface AncestorAnswer {
  readonly epoch: number;
  readonly height: number;
  readonly under: number;
  readonly hash: Id;
  readonly path: readonly Id[];
}

export type KeepingMessage =
  /**
   * Which transactions near the asker did you commit above this height? `bans` is a digest of whom
   * the asker has banned: who knows of others answers with their packages too.
   */
  | { readonly type: 'ask-commits'; readonly above: number; readonly bans: Id }
  /**
   * Those above the block `above`, up to the block `upTo`; `more`: there are blocks above it. Several
   * parts of a peer ask, each from where it has come to: `above` says which question is answered, and
   * by its hash whether the chain still is the one that was read so far.
   */
  | {
      readonly type: 'commits';
      readonly above: BlockPlace;
      readonly upTo: BlockPlace;
      readonly more: boolean;
      readonly txs: readonly Id[];
    }
  /**
   * A block of the asked peer's chain, by hash or height. `under` asks for the proof that it is an
   * ancestor of the block at that height; null for none. The sealed channel says who asks: nothing
   * is signed.
   */
  | {
      readonly type: 'get-block';
      readonly wanted: Id | number;
      readonly under: number | null;
      readonly priority: BlockPriority;
    }
  /** `wanted` as asked: several parts of a peer ask, and null must not be taken for another's. */
  | {
      readonly type: 'block';
      readonly wanted: Id | number;
      readonly block: Block | null;
      readonly ancestor: AncestorAnswer | null;
    };

export type Commits = Extract<KeepingMessage, { readonly type: 'commits' }>;
export type BlockAnswer = Extract<KeepingMessage, { readonly type: 'block' }>;

export const KEEPING: Formats<KeepingMessage> = {
  'ask-commits': {
    write: (writer, { above, bans }) => writer.u64(above).id(bans),
    read: (reader) => ({ type: 'ask-commits', above: reader.u64(), bans: reader.id() }),
  },
  commits: {
    write: (writer, { above, upTo, more, txs }) => {
      writer
        .u64(above.height)
        .id(above.hash)
        .u64(upTo.height)
        .id(upTo.hash)
        .u8(more ? 1 : 0);
      writer.list(txs, (tx) => writer.id(tx));
    },
    read: (reader) => ({
      type: 'commits',
      above: { height: reader.u64(), hash: reader.id() },
      upTo: { height: reader.u64(), hash: reader.id() },
      more: reader.boolean(),
      txs: reader.list(0, MAX_COMMITS, () => reader.id()),
    }),
  },
  'get-block': {
    write: (writer, { wanted, under, priority }) => {
      writeWanted(writer, wanted);
      writer.u8(under === null ? 0 : 1);
      if (under !== null) writer.u64(under);
      writer.u8(BLOCK_PRIORITIES.indexOf(priority));
    },
    read: (reader) => ({
      type: 'get-block',
      wanted: readWanted(reader),
      under: reader.boolean() ? reader.u64() : null,
      priority: reader.oneOf(BLOCK_PRIORITIES),
    }),
  },
  block: {
    write: (writer, { wanted, block, ancestor }) => {
      writeWanted(writer, wanted);
      writer.u8(block === null ? 0 : 1);
      if (block !== null) writeBlock(writer, block);
      writer.u8(ancestor === null ? 0 : 1);
      if (ancestor !== null) writeAncestor(writer, ancestor);
    },
    read: (reader) => ({
      type: 'block',
      wanted: readWanted(reader),
      block: reader.boolean() ? readBlock(reader) : null,
      ancestor: reader.boolean() ? readAncestor(reader) : null,
    }),
  },
};

function writeWanted(writer: Writer, wanted: Id | number): void {
  if (typeof wanted === 'number') writer.u8(0).u64(wanted);
  else writer.u8(1).id(wanted);
}

function readWanted(reader: Reader): Id | number {
  return reader.boolean() ? reader.id() : reader.u64();
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
