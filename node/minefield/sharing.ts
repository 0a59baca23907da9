/**
 * Statements that disagree (PROTOCOL.md 7). `disagreement` says whether answers to one question do;
 * `Inquiries` is what a neighbour does about a speaker that disagrees with its own view: ask it
 * again itself, for the token, for the block at the stated height and for how that descends, so
 * that two faces with separate audiences meet in one file. Only what then breaks a rule is evidence.
 */
import type { Host } from '../host.ts';
import type { Id } from '../id.ts';
import type { Message } from '../wire/messages.ts';
import { QUERY_BYTES } from './statement.ts';
import type { Statement } from './types.ts';

/**
 * Honest neighbours lag by a round (500 ms) and as long as votes travel, which is no longer than the
 * slowest answer took: asked again after both. To ask too early costs a question; it convicts nobody,
 * since only what breaks a rule does.
 */
export function lagMs(slowestAnswerMs: number): number {
  return 500 + slowestAnswerMs;
}

/**
 * A liar's own chain must reach the height of its lie: asked this often, first after a near round
 * trip, each time later by half: 15 s in all.
 */
const ROUNDS = 9;
const FIRST_ROUND_MS = 300;
const LATER = 1.5;
/** Speakers under inquiry at a time; beyond it disputes wait for those to end. */
const MAX_INQUIRIES = 64;

/** Do two of them name different transactions or owners for their token? "Unknown" never does. */
export function disagrees(a: Statement, b: Statement): boolean {
  if (a.answer === null || b.answer === null || a.token !== b.token) return false;
  const [left, right] = [a.answer.mapping, b.answer.mapping];
  return left.tx !== right.tx || left.owner !== right.owner;
}

/** The first pair that disagrees, from different speakers. */
export function disagreement(
  statements: readonly Statement[],
): readonly [Statement, Statement] | null {
  for (const [index, a] of statements.entries()) {
    const b = statements.slice(index + 1).find((other) => disagrees(a, other));
    if (b !== undefined && b.peer !== a.peer) return [a, b];
  }
  return null;
}

/** Did the answers differ only because one speaker was a transfer behind? */
export function isLag([a, b]: readonly [Statement, Statement]): boolean {
  if (a.answer === null || b.answer === null) return true;
  const [left, right] = [a.answer.mapping, b.answer.mapping];
  return left.previous === right.tx || right.previous === left.tx;
}

interface Inquiry {
  readonly statement: Statement;
  round: number;
}

export interface InquiryEvents {
  send(to: Id, message: Message): void;
  /** Is it still worth asking: a member, not banned? */
  isOpen(speaker: Id): boolean;
  /** Height of the highest head of this epoch that the speaker has shown; null for none. */
  highest(speaker: Id): number | null;
}

/** Inquiries of one peer, one per speaker. */
export class Inquiries {
  readonly #host: Host;
  readonly #events: InquiryEvents;
  readonly #open = new Map<Id, Inquiry>();

  constructor(host: Host, events: InquiryEvents) {
    this.#host = host;
    this.#events = events;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Begins unless one about this speaker is under way; says whether it did. */
  begin(statement: Statement): boolean {
    const { peer } = statement;
    if (this.#open.has(peer) || this.#open.size >= MAX_INQUIRIES) return false;
    const inquiry = { statement, round: 0 };
    this.#open.set(peer, inquiry);
    this.#ask(inquiry);
    return true;
  }

  #ask(inquiry: Inquiry): void {
    const { peer, token, head } = inquiry.statement;
    if (inquiry.round >= ROUNDS || !this.#events.isOpen(peer)) {
      this.#open.delete(peer);
      return;
    }
    inquiry.round += 1;
    const query = this.#host.random(QUERY_BYTES);
    this.#events.send(peer, { type: 'ask-mapping', token, query, direct: true });
    const highest = this.#events.highest(peer);
    const under = highest !== null && highest > head.height ? highest : null;
    this.#events.send(peer, {
      type: 'get-block',
      wanted: head.height,
      under,
      priority: 'validation',
    });
    const waitMs = FIRST_ROUND_MS * LATER ** (inquiry.round - 1);
    this.#host.after(waitMs, () => this.#ask(inquiry));
  }
}
