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

  /**
   * A statement that is well signed; false when nobody asked for it. Whoever was asked may have passed
   * the question on: then another that keeps the token answers, or the asked one brings its answer.
   */
  hear(from: Id, statement: Statement): boolean {
    const { peer, query, token } = statement;
    const question = this.#open.get(query.toHex());
    if (question === undefined || question.token !== token) return false;
    const { answers, asked } = question;
    const isKeeper = asked.has(peer) || this.#events.neighbourhood(token).includes(peer);
    if (!isKeeper || (from !== peer && !asked.has(from)) || answers.has(peer)) return false;
    answers.set(peer, { statement, receivedAt: this.#host.now() });
    // Nobody is left to wait for; words of others leave those asked their time.
    if ([...asked].every((id) => answers.has(id))) this.#close(query.toHex());
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
