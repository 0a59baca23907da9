/**
 * `conflictRule: paper` (minefield.md; PROTOCOL.md 7): statements convict by disagreeing closely
 * enough in time, three times over a day, or by being provably false once. Built to be compared:
 * honest peers break it, when a token moves between two answers, when a disk is put back, when a
 * clock is set back. A false signature, which the paper names too, proves nothing against anybody:
 * whoever likes can put one under anything.
 */
import { type ProtocolParameters, scaledMs } from '../parameters.ts';
import {
  type Conflict,
  conflict,
  isFalsePath,
  isTwoBlocks,
  headOf,
  MAX_STATEMENTS_KEPT,
  type Signed,
  type SpeakerRecord,
} from './conflict.ts';
import { disagrees } from './sharing.ts';
import { statementHash } from './statement.ts';
import type { Statement } from './types.ts';

/** What the paper leaves to the network's parameters, in ms of this network. */
export interface PaperTerms {
  /** Statements closer than this must agree. */
  readonly deltaMs: number;
  /** Conflicts must span at least this. */
  readonly spanMs: number;
}

/** The paper's δ: 5 s, in paper hours. */
const DELTA_HOURS = 5 / 3600;
/** Times of blocks are no finer than a round: a δ below that would compare nothing. */
const MIN_DELTA_MS = 500;
const SPAN_HOURS = 24;
/** Conflicts that convict together. */
export const PAPER_CONFLICTS = 3;
/** Statements of so many pairs. */
export const MAX_PAPER_STATEMENTS = 2 * PAPER_CONFLICTS;
/** Threshold of the confidence, and the same weight for each of its three terms. */
const PAPER_CONFIDENCE = 0.85;
/** Pairs remembered of one speaker: of more, the first and the newest are enough. */
const MAX_PAIRS = 32;

/** Null under the rule `chain`. */
export function paperTerms(
  parameters: Pick<ProtocolParameters, 'conflictRule' | 'timeScale'>,
): PaperTerms | null {
  if (parameters.conflictRule !== 'paper') return null;
  return {
    deltaMs: Math.max(MIN_DELTA_MS, scaledMs(DELTA_HOURS, parameters)),
    spanMs: scaledMs(SPAN_HOURS, parameters),
  };
}

/** Different mappings of one token within δ, or time forward and height back. */
export function isPaperConflict(a: Statement, b: Statement, { deltaMs }: PaperTerms): boolean {
  const isClose = Math.abs(a.time - b.time) < deltaMs;
  if (isClose && disagrees(a, b)) return true;
  return (
    (a.time > b.time && a.head.height < b.head.height) ||
    (b.time > a.time && b.head.height < a.head.height)
  );
}

/**
 * The paper's confidence, 0–1: a third each for conflicts per statement, for signatures (1: what is
 * not well signed has been refused before), and for the spread in time.
 */
export function confidence(statements: readonly Statement[], terms: PaperTerms): number {
  if (statements.length === 0) return 0;
  const conflicts = pairsOf(statements, terms).length;
  return (Math.min(1, conflicts / statements.length) + 1 + spread(statements, terms)) / 3;
}

/** Do they convict together? No statement twice, and every one of them in a conflict. */
export function areThreeConflicts(statements: readonly Statement[], terms: PaperTerms): boolean {
  const pairs = pairsOf(statements, terms);
  const named = new Set(pairs.flat());
  return (
    new Set(statements.map(statementHash)).size === statements.length &&
    pairs.length >= PAPER_CONFLICTS &&
    named.size === statements.length &&
    spread(statements, terms) >= 1 &&
    confidence(statements, terms) > PAPER_CONFIDENCE
  );
}

function pairsOf(
  statements: readonly Statement[],
  terms: PaperTerms,
): readonly (readonly [Statement, Statement])[] {
  return statements.flatMap((a, index) =>
    statements
      .slice(index + 1)
      .flatMap((b) => (isPaperConflict(a, b, terms) ? [[a, b] as const] : [])),
  );
}

function spread(statements: readonly Statement[], { spanMs }: PaperTerms): number {
  const times = statements.map(({ time }) => time);
  return Math.min(1, (Math.max(...times) - Math.min(...times)) / spanMs);
}

/** What one speaker signed under the rule `paper`; bounded, the oldest forgotten. */
export class PaperFile implements SpeakerRecord {
  readonly #terms: PaperTerms;
  readonly #statements: Statement[] = [];
  readonly #heads: Signed[] = [];
  readonly #pairs: (readonly [Statement, Statement])[] = [];

  constructor(terms: PaperTerms) {
    this.#terms = terms;
  }

  get heads(): readonly Signed[] {
    return this.#heads;
  }

  add(signed: Signed): Conflict | null {
    const head = headOf(signed);
    const rival = this.#heads.find((kept) => isTwoBlocks(headOf(kept), head));
    if (rival !== undefined) return conflict('two-blocks', [rival, signed]);
    keep(this.#heads, signed);
    if (!('head' in signed)) return null;
    if (isFalsePath(signed)) return conflict('false-path', [signed]);
    const name = statementHash(signed);
    if (this.#statements.some((kept) => statementHash(kept) === name)) return null;
    for (const kept of this.#statements) {
      if (isPaperConflict(kept, signed, this.#terms)) this.#pairs.push([kept, signed]);
    }
    // Beyond the first, which spans the most, the newest are kept.
    if (this.#pairs.length > MAX_PAIRS) this.#pairs.splice(1, this.#pairs.length - MAX_PAIRS);
    keep(this.#statements, signed);
    const statements = [...new Set([...this.#pairs.slice(0, 1), ...this.#pairs.slice(-2)].flat())];
    if (!areThreeConflicts(statements, this.#terms)) return null;
    return conflict('paper-conflicts', statements);
  }

  /** The paper compares no ancestry. */
  addAncestor(): null {
    return null;
  }
}

function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > MAX_STATEMENTS_KEPT) list.shift();
}
