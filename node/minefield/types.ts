/** Statements and evidence (PROTOCOL.md 7). */
import type { Id } from '../id.ts';
import type { Block, BlockHeader, Certificate, Mapping } from '../ledger/types.ts';
import type { TriePath } from '../ledger/state-trie.ts';
import type { SignedVote } from '../voting/signed-vote.ts';

/** A recent mapping that every answer leaks. */
export interface RecentMapping {
  readonly mapping: Mapping;
  readonly committedAt: number;
  /** Hash of the block that holds it. */
  readonly block: Id;
}

/** A signed answer to "who owns this token?". */
export interface Statement {
  readonly network: Id;
  /** Address of the speaker. */
  readonly peer: Id;
  readonly certificate: Certificate;
  readonly epoch: number;
  /** Strictly rising within an epoch; made durable before use. */
  readonly sequence: number;
  /** 16 bytes chosen by who asked, so that an answer belongs to one question. */
  readonly query: Uint8Array;
  readonly token: Id;
  /** null: "unknown", never evidence. */
  readonly answer: null | {
    readonly mapping: Mapping;
    /** Leads from the mapping to `head.stateRoot`. */
    readonly path: TriePath;
    /** Block that committed it. */
    readonly block: Id;
  };
  /** 0–4 most recent mappings of the speaker. */
  readonly recent: readonly RecentMapping[];
  readonly head: BlockHeader;
  readonly time: number;
  /** By the lamppost key over everything above. */
  readonly signature: Uint8Array;
}

/** The rules of `conflictRule: chain` that convict; no honest peer can break one. */
export type Rule =
  /** One epoch and sequence number, two statements. */
  | 'same-sequence'
  /** A later sequence of the epoch with a lower height. */
  | 'height-fell'
  /** Two blocks at one height of one epoch. */
  | 'two-blocks'
  /** The lower of two heads of one epoch is not an ancestor of the higher. */
  | 'not-an-ancestor'
  /** The path does not lead to the stated head's state root. */
  | 'false-path'
  /** Signed in an epoch long after a higher one was begun. */
  | 'old-epoch'
  /** Two signed `valid` votes of one epoch for different successors of one mapping. */
  | 'double-vote'
  /** `conflictRule: paper` only: three conflicts over a day (paper.ts). Honest peers do break it. */
  | 'paper-conflicts';

/** The paper's kinds of offence (PROTOCOL.md 7), for reports. */
export type OffenceType =
  | 'inconsistent mapping'
  | 'temporal violation'
  | 'state forging'
  | 'signature fraud'
  | 'double vote';

/** Everything that proves one offence, verifiable offline by anyone, whoever sent it. */
export interface EvidencePackage {
  readonly network: Id;
  readonly accused: Id;
  readonly rule: Rule;
  /** Encoded identity record of the accused: ties the address to the key that certified the lamppost. */
  readonly record: Uint8Array;
  /** One or two, as the rule needs. */
  readonly statements: readonly Statement[];
  /** Signed blocks, as the rule needs: header and signature stand without entries. */
  readonly blocks: readonly SignedHeader[];
  /** For not-an-ancestor: what the higher head's accumulator holds at the lower height. */
  readonly ancestor: null | { readonly hash: Id; readonly path: readonly Id[] };
  /** For double-vote, the two. */
  readonly votes: readonly SignedVote[];
}

export type SignedHeader = Pick<Block, 'header' | 'certificate' | 'signature'>;

export type Verdict =
  | { readonly guilty: true; readonly rule: Rule }
  | { readonly guilty: false; readonly reason: string };
