/**
 * Questions of a token owner (PROTOCOL.md 7): some members of a token's neighbourhood are asked for
 * its mapping, the statements compared, and what can't be reconciled is disputed.
 */
import type { Host } from '../host.ts';
import type { Id } from '../id.ts';
import { disagreement, isLag, lagMs } from '../minefield/sharing.ts';
import { QUERY_BYTES } from '../minefield/statement.ts';
import type { Statement } from '../minefield/types.ts';
import { statementRow } from '../peer/rows.ts';
import { MAX_DISPUTED } from '../wire/accusing.ts';
import type { Message } from '../wire/messages.ts';

/** Three far round trips: who hasn't answered by then is left out. */
const CLOSE_MS = 1500;
/** Open questions: a second and a half of a hundred a second. */
const MAX_OPEN = 256;

interface Question {
  readonly token: Id;
  readonly asked: ReadonlySet<Id>;
  readonly askedAt: number;
  readonly answers: Map<Id, { readonly statement: Statement; readonly receivedAt: number }>;
  /** What disagreed when it was asked the first time; null the first time. */
  readonly before: readonly Statement[] | null;
}

export interface QuestionEvents {
  send(to: Id, message: Message): void;
  neighbourhood(token: Id): readonly Id[];
}

export class Questions {
  readonly #host: Host;
  readonly #events: QuestionEvents;
  readonly #open = new Map<string, Question>();

  constructor(host: Host, events: QuestionEvents) {
    this.#host = host;
    this.#events = events;
  }

  ask(token: Id, members: Iterable<Id>, before: readonly Statement[] | null = null): void {
    if (this.#open.size >= MAX_OPEN) return;
    const query = this.#host.random(QUERY_BYTES);
    const asked = new Set(members);
    this.#open.set(query.toHex(), {
      token,
      asked,
      askedAt: this.#host.now(),
      answers: new Map(),
      before,
    });
    for (const id of asked) this.#events.send(id, { type: 'ask-mapping', token, query });
    this.#host.after(CLOSE_MS, () => this.#close(query.toHex()));
  }

  /** A statement that is well signed; false when nobody asked for it. */
  hear(from: Id, statement: Statement): boolean {
    const question = this.#open.get(statement.query.toHex());
    if (question === undefined || question.token !== statement.token) return false;
    if (from !== statement.peer || !question.asked.has(from)) return false;
    if (question.answers.has(from)) return false;
    question.answers.set(from, { statement, receivedAt: this.#host.now() });
    // Nobody is left to wait for.
    if (question.answers.size === question.asked.size) this.#close(statement.query.toHex());
    return true;
  }

  #close(query: string): void {
    const question = this.#open.get(query);
    this.#open.delete(query);
    if (question === undefined) return;
    const answers = [...question.answers.values()];
    const statements = answers.map(({ statement }) => statement);
    const pair = disagreement(statements);
    for (const { statement, receivedAt } of answers) {
      this.#host.report(statementRow(statement, receivedAt, pair !== null));
    }
    const { token, before, asked, askedAt } = question;
    if (before !== null) {
      const earlier = disagreement(before);
      // Lag heals; what was no lag the first time is worth a dispute even if it is now taken back.
      if (pair !== null) this.#dispute(token, [...pair, ...(earlier ?? [])]);
      else if (earlier !== null && !isLag(earlier)) this.#dispute(token, earlier);
    } else if (pair !== null) {
      const slowestMs = Math.min(CLOSE_MS, Math.max(0, this.#host.now() - askedAt));
      this.#host.after(lagMs(slowestMs), () => this.ask(token, asked, statements));
    }
  }

  #dispute(token: Id, disputed: readonly Statement[]): void {
    const statements = disputed.slice(0, MAX_DISPUTED);
    for (const id of this.#events.neighbourhood(token)) {
      this.#events.send(id, { type: 'dispute', statements });
    }
  }
}
