/** Messages that bring transactions to their commit (PROTOCOL.md 3, 4). */
import { Malformed, type Reader } from '../codec/reader.ts';
import type { Writer } from '../codec/writer.ts';
import type { Id } from '../id.ts';
import { MAX_ENTRIES } from '../ledger/block.ts';
import { MAX_CHANGES, readTransaction, writeTransaction } from '../ledger/transaction.ts';
import type { Transaction } from '../ledger/types.ts';
import { BALLOTS, type TokenBallot } from '../voting/ballots.ts';
import {
  readSignedVote,
  readVotes,
  type SignedVote,
  writeSignedVote,
  writeVotes,
} from '../voting/signed-vote.ts';
import { readSketch, type ViewSketch, writeSketch } from '../voting/view-sketch.ts';
import type { Formats } from './format.ts';

/** What a voter says of one token of a transaction, and whom it counts as its neighbourhood. */
export interface ToldBallot extends TokenBallot {
  readonly view: ViewSketch;
}

/** Where a committed transaction lies in the answering peer's chain. */
export interface CommitPlace {
  readonly block: Id;
  /** Place in that block of its first entry; null when it came late and made none. */
  readonly position: number | null;
  /** Blocks of that chain above it. */
  readonly confirmations: number;
}

/** What an answerer knows of a transaction's fate. */
export type Commit = CommitPlace | 'witnessed' | null;

export type VotingMessage =
  | { readonly type: 'submit'; readonly transaction: Transaction }
  /** `committed`: the voter has itself seen every token pass. */
  | {
      readonly type: 'vote';
      readonly tx: Id;
      readonly committed: boolean;
      readonly ballots: readonly ToldBallot[];
    }
  | { readonly type: 'ask-votes'; readonly tx: Id }
  | { readonly type: 'get-transaction'; readonly tx: Id }
  /** `commit` null: pending; `witnessed`: the answerer has a copy of what keepers committed. */
  | {
      readonly type: 'transaction';
      readonly transaction: Transaction;
      readonly commit: Commit;
    }
  /** To who submitted it. */
  | { readonly type: 'committed'; readonly tx: Id; readonly block: Id }
  /** With `votes: signed`, instead of `vote`. One view per ballot: unsigned, it is no claim. */
  | {
      readonly type: 'signed-vote';
      readonly vote: SignedVote;
      readonly views: readonly ViewSketch[];
    }
  /** With `voteExchange: certificates`: what one neighbourhood voted, to the others. */
  | { readonly type: 'vote-certificate'; readonly votes: readonly SignedVote[] }
  /** Two transactions that follow one mapping, neither of which passes, by rising id. */
  | { readonly type: 'frozen'; readonly one: Transaction; readonly other: Transaction };

export const VOTING: Formats<VotingMessage> = {
  submit: {
    write: (writer, { transaction }) => writeTransaction(writer, transaction),
    read: (reader) => ({ type: 'submit', transaction: readTransaction(reader) }),
  },
  vote: {
    write: (writer, { tx, committed, ballots }) => {
      writer.id(tx).u8(committed ? 1 : 0);
      writer.list(ballots, ({ token, ballot, view }) => {
        writer.id(token).u8(BALLOTS.indexOf(ballot));
        writeSketch(writer, view);
      });
    },
    read: (reader) => ({
      type: 'vote',
      tx: reader.id(),
      committed: reader.boolean(),
      ballots: readBallots(reader),
    }),
  },
  'ask-votes': {
    write: (writer, { tx }) => writer.id(tx),
    read: (reader) => ({ type: 'ask-votes', tx: reader.id() }),
  },
  'get-transaction': {
    write: (writer, { tx }) => writer.id(tx),
    read: (reader) => ({ type: 'get-transaction', tx: reader.id() }),
  },
  transaction: {
    write: (writer, { transaction, commit }) => {
      writeTransaction(writer, transaction);
      writeCommit(writer, commit);
    },
    read: (reader) => ({
      type: 'transaction',
      transaction: readTransaction(reader),
      commit: readCommit(reader),
    }),
  },
  committed: {
    write: (writer, { tx, block }) => writer.id(tx).id(block),
    read: (reader) => ({ type: 'committed', tx: reader.id(), block: reader.id() }),
  },
  'signed-vote': {
    write: (writer, { vote, views }) => {
      writeSignedVote(writer, vote);
      for (const view of views) writeSketch(writer, view);
    },
    read: (reader) => {
      const vote = readSignedVote(reader);
      return { type: 'signed-vote', vote, views: vote.ballots.map(() => readSketch(reader)) };
    },
  },
  'vote-certificate': {
    write: (writer, { votes }) => writeVotes(writer, votes),
    read: (reader) => ({ type: 'vote-certificate', votes: readVotes(reader) }),
  },
  frozen: {
    write: (writer, { one, other }) => {
      writeTransaction(writer, one);
      writeTransaction(writer, other);
    },
    read: (reader) => {
      const one = readTransaction(reader);
      const other = readTransaction(reader);
      if (one.id >= other.id) throw new Malformed('the two transactions do not rise');
      return { type: 'frozen', one, other };
    },
  },
};

function readBallots(reader: Reader): ToldBallot[] {
  return reader.list(0, MAX_CHANGES, () => ({
    token: reader.id(),
    ballot: reader.oneOf(BALLOTS),
    view: readSketch(reader),
  }));
}

const COMMITS = ['pending', 'placed', 'witnessed'] as const;
/** On the wire where a commit has no place in its block. */
const NO_POSITION = 255;

function writeCommit(writer: Writer, commit: Commit): void {
  const kind = commit === null ? 'pending' : commit === 'witnessed' ? commit : 'placed';
  writer.u8(COMMITS.indexOf(kind));
  if (commit === null || commit === 'witnessed') return;
  writer
    .id(commit.block)
    .u8(commit.position ?? NO_POSITION)
    .u64(commit.confirmations);
}

function readCommit(reader: Reader): Commit {
  const kind = reader.oneOf(COMMITS);
  if (kind !== 'placed') return kind === 'pending' ? null : kind;
  const block = reader.id();
  const place = reader.u8();
  if (place >= MAX_ENTRIES && place !== NO_POSITION) throw new Malformed('no place in a block');
  const position = place === NO_POSITION ? null : place;
  return { block, position, confirmations: reader.u64() };
}

export function isVotingMessage(message: { readonly type: string }): message is VotingMessage {
  return Object.hasOwn(VOTING, message.type);
}
