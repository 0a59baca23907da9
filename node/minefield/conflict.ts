/**
 * The rules of `conflictRule: chain` (PROTOCOL.md 7) as pure functions over what one speaker signed,
 * and `SpeakerFile`, which keeps what one speaker signed and finds the pairs that break a rule.
 *
 * Everything here must have been verified as the speaker's own before (verifyStatement,
 * verifySignedHeader). All rules but one compare inside one epoch: each start of a peer opens a
 * higher one, so what a restart may forget (unsent sequence numbers, a block that was never named, with
 * a disk that was put back a whole stretch of chain) is never compared with what was said after it.
 * Between epochs only their order in time is left: an honest peer never goes back to an old one. No
 * rule looks at the reader's clock, at silence or at how far behind a head is.
 */
import { headerHash } from '../ledger/block.ts';
import { verifyInclusion } from '../ledger/history-tree.ts';
import { verifyPath } from '../ledger/state-trie.ts';
import type { BlockHeader } from '../ledger/types.ts';
import { isDoubleVote, type SignedVote } from '../voting/signed-vote.ts';
import { statementHash } from './statement.ts';
import type { EvidencePackage, Rule, SignedHeader, Statement } from './types.ts';

/** An offence and what proves it; evidence.ts adds who and where. */
export type Conflict = Pick<
  EvidencePackage,
  'rule' | 'statements' | 'blocks' | 'ancestor' | 'votes'
>;

/** What a higher head's accumulator holds at a lower height. */
export type Ancestor = NonNullable<EvidencePackage['ancestor']>;

/** Something signed that names a head: a statement, or a signed block header. */
export type Signed = Statement | SignedHeader;

/**
 * Honest peers write a sequence number down before they use it and never use it twice in an epoch;
 * sending a statement again sends the same bytes.
 */
export function isSameSequence(a: Statement, b: Statement): boolean {
  return a.epoch === b.epoch && a.sequence === b.sequence && statementHash(a) !== statementHash(b);
}

/**
 * Honest peers number statements in the order in which they make them, each about the head of that
 * moment, and a chain never rewinds.
 */
export function isHeightFall(earlier: Statement, later: Statement): boolean {
  return (
    earlier.epoch === later.epoch &&
    earlier.sequence < later.sequence &&
    earlier.head.height > later.head.height
  );
}

/**
 * Honest peers sign one block per height: it is stored before anything names it, and the next one
 * has the next height.
 */
export function isTwoBlocks(a: BlockHeader, b: BlockHeader): boolean {
  return a.epoch === b.epoch && a.height === b.height && headerHash(a) !== headerHash(b);
}

/**
 * Honest chains only grow, so every earlier head is an ancestor of every later one, and the later
 * one's accumulator holds its hash at its height. For neighbours in height `previous` says it
 * without a proof (`ancestor` null).
 */
export function isNotAnAncestor(
  lower: BlockHeader,
  higher: BlockHeader,
  ancestor: Ancestor | null,
): boolean {
  if (lower.epoch !== higher.epoch || lower.height >= higher.height) return false;
  const expected = headerHash(lower);
  if (ancestor === null) {
    return higher.height === lower.height + 1 && higher.previous !== expected;
  }
  const { hash, path } = ancestor;
  return (
    hash !== expected &&
    verifyInclusion(higher.accumulator, higher.height, lower.height, hash, path)
  );
}

/**
 * Honest peers read mapping and path from the very state whose root the head names. "Unknown" makes
 * no claim: it never convicts.
 */
export function isFalsePath({ answer, head }: Statement): boolean {
  return answer !== null && !verifyPath(head.stateRoot, answer.mapping, answer.path);
}

/**
 * What a peer may have said in an old epoch later than the first block of a higher one: its clock was
 * set back and its disk put back meanwhile. Its neighbours, of whom each hears a time of it every
 * twenty seconds or so and writes it down in steps of ten, take the new epoch to within half of this.
 */
export const PAST_MARGIN_MS = 60_000;

/**
 * Honest peers never go back to an old epoch: the first block of a higher one has a later time than
 * all that they said before.
 */
export function isOldEpoch(old: Signed, newer: Signed): boolean {
  const head = headOf(newer);
  return headOf(old).epoch < head.epoch && timeOf(old) > head.time + PAST_MARGIN_MS;
}

function timeOf(signed: Signed): number {
  return 'head' in signed ? signed.time : signed.header.time;
}

export function headOf(signed: Signed): BlockHeader {
  return 'head' in signed ? signed.head : signed.header;
}

/** With the heads, which are kept with the whole statement that names them, some 200 KB a speaker. */
export const MAX_STATEMENTS_KEPT = 48;
/** Twice as many: a pair of heads is what most often convicts. */
export const MAX_HEADS_KEPT = 96;

/** What is kept of one speaker, under either conflict rule. */
export interface SpeakerRecord {
  /** Statements and signed headers, as far as kept, each for the head that it names. */
  readonly heads: readonly Signed[];
  /** Keeps it, and says what it proves by itself or with what was kept. */
  add(signed: Signed): Conflict | null;
  addAncestor(
    epoch: number,
    lowerHeight: number,
    higherHeight: number,
    ancestor: Ancestor,
  ): Conflict | null;
}

/**
 * What one speaker signed, as far as kept. Bounded: when it is full, the newest always stays, and of
 * the older ones the one is dropped that leaves the smallest hole. So what is kept thins out evenly
 * over the speaker's whole past: each kept head is a point that the speaker's later heads must
 * descend from (`addAncestor` asks that question), however much it says to flush the file.
 */
export class SpeakerFile implements SpeakerRecord {
  /** In order of epoch, then sequence; one per sequence number. */
  readonly #statements: Statement[] = [];
  /** In order of epoch, then height; one per height. */
  readonly #heads: Signed[] = [];

  get statements(): readonly Statement[] {
    return this.#statements;
  }

  /** One signed thing per height: ask the speaker how they descend from one another. */
  get heads(): readonly Signed[] {
    return this.#heads;
  }

  /** Keeps it, and says which rule it breaks by itself or with what was kept. */
  add(signed: Signed): Conflict | null {
    const found =
      this.#goesBack(signed) ??
      ('head' in signed ? this.#addStatement(signed) : null) ??
      this.#addHead(signed);
    thin(this.#statements, MAX_STATEMENTS_KEPT, ({ sequence }) => sequence);
    thin(this.#heads, MAX_HEADS_KEPT, (kept) => headOf(kept).height);
    return found;
  }

  /**
   * The speaker's own answer to "what stands at `lowerHeight` under the head at `higherHeight` of
   * `epoch`?", held against the kept heads. A false proof is nobody's offence: null.
   */
  addAncestor(
    epoch: number,
    lowerHeight: number,
    higherHeight: number,
    ancestor: Ancestor,
  ): Conflict | null {
    const at = (height: number): Signed | undefined =>
      this.#heads.find((kept) => headOf(kept).epoch === epoch && headOf(kept).height === height);
    const lower = at(lowerHeight);
    const higher = at(higherHeight);
    if (lower === undefined || higher === undefined) return null;
    if (!isNotAnAncestor(headOf(lower), headOf(higher), ancestor)) return null;
    return conflict('not-an-ancestor', [lower, higher], ancestor);
  }

  /** Between two epochs; the heads hold the oldest and the newest of either. */
  #goesBack(signed: Signed): Conflict | null {
    for (const kept of [...this.#statements, ...this.#heads]) {
      if (isOldEpoch(kept, signed)) return conflict('old-epoch', [kept, signed]);
      if (isOldEpoch(signed, kept)) return conflict('old-epoch', [signed, kept]);
    }
    return null;
  }

  #addStatement(statement: Statement): Conflict | null {
    if (isFalsePath(statement)) return conflict('false-path', [statement]);
    const twin = this.#statements.find((kept) => isSameSequence(kept, statement));
    if (twin !== undefined) return conflict('same-sequence', [twin, statement]);
    for (const kept of this.#statements) {
      if (isHeightFall(kept, statement)) return conflict('height-fell', [kept, statement]);
      if (isHeightFall(statement, kept)) return conflict('height-fell', [statement, kept]);
    }
    insert(this.#statements, statement, (a, b) => a.epoch - b.epoch || a.sequence - b.sequence);
    return null;
  }

  #addHead(signed: Signed): Conflict | null {
    const head = headOf(signed);
    for (const kept of this.#heads) {
      const other = headOf(kept);
      if (isTwoBlocks(other, head)) return conflict('two-blocks', [kept, signed]);
      if (isNotAnAncestor(other, head, null)) return conflict('not-an-ancestor', [kept, signed]);
      if (isNotAnAncestor(head, other, null)) return conflict('not-an-ancestor', [signed, kept]);
    }
    insert(this.#heads, signed, (a, b) => {
      const [left, right] = [headOf(a), headOf(b)];
      return left.epoch - right.epoch || left.height - right.height;
    });
    return null;
  }
}

/** A conflict that these prove: statements and signed headers in their order. */
export function conflict(
  rule: Rule,
  signed: readonly Signed[],
  ancestor: Ancestor | null = null,
): Conflict {
  const statements = signed.filter((item) => 'head' in item);
  const blocks = signed.flatMap((item) =>
    'head' in item
      ? []
      : [{ header: item.header, certificate: item.certificate, signature: item.signature }],
  );
  return { rule, statements, blocks, ancestor, votes: [] };
}

/** Two votes of one peer, each verified as its own; null if an honest peer may cast both. */
export function doubleVote(a: SignedVote, b: SignedVote): Conflict | null {
  if (!isDoubleVote(a, b)) return null;
  return { rule: 'double-vote', statements: [], blocks: [], ancestor: null, votes: [a, b] };
}

/** Sorted insertion; what is equal in order is already there and stays. */
function insert<T>(list: T[], item: T, compare: (a: T, b: T) => number): void {
  const at = list.findIndex((other) => compare(other, item) >= 0);
  if (at === -1) list.push(item);
  else if (compare(list[at] ?? item, item) !== 0) list.splice(at, 0, item);
}

/** Drops, while there are too many, the one between whose neighbours the gap is smallest. */
function thin<T>(list: T[], max: number, position: (item: T) => number): void {
  while (list.length > max) {
    let smallest = Number.POSITIVE_INFINITY;
    let victim = 0;
    for (let at = 1; at < list.length - 1; at += 1) {
      const before = list[at - 1];
      const after = list[at + 1];
      if (before === undefined || after === undefined) continue;
      // Across a reset positions may fall; the distance still says how much lies between.
      const gap = Math.abs(position(after) - position(before));
      if (gap < smallest) [smallest, victim] = [gap, at];
    }
    list.splice(victim, 1);
  }
}
