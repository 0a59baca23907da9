/** What others may ask of a peer: transactions, commits, mappings, blocks (PROTOCOL.md 3, 6, 7). */
import type { Asker } from '../decisions.ts';
import type { Id } from '../id.ts';
import type { Message } from '../wire/messages.ts';
import { Allowance } from './allowance.ts';
import type { Committer } from './committer.ts';
import { neighbourhood, type PeerContext } from './context.ts';
import type { Speaking } from './speaking.ts';
import type { Witnesses } from './witnesses.ts';

/** Answers to one remote: a signature each, or a block read from disk. */
const ANSWERS_PER_SECOND = 200;

export type Question = Extract<
  Message,
  { readonly type: 'get-transaction' | 'ask-commits' | 'ask-mapping' | 'get-block' }
>;

export class Answers {
  readonly #context: PeerContext;
  readonly #speaking: Speaking;
  readonly #committer: Committer;
  readonly #witnesses: Witnesses;
  readonly #allowance = new Allowance(ANSWERS_PER_SECOND, 1000);

  constructor(
    context: PeerContext,
    speaking: Speaking,
    committer: Committer,
    witnesses: Witnesses,
  ) {
    this.#context = context;
    this.#speaking = speaking;
    this.#committer = committer;
    this.#witnesses = witnesses;
  }

  onQuestion(from: Asker, question: Question): void {
    const { holdings, host, send } = this.#context;
    if (!this.#allowance.take(from.id, host.now())) return;
    switch (question.type) {
      case 'get-transaction':
        if (!this.#committer.onGetTransaction(from.id, question.tx)) {
          this.#witnesses.answer(from.id, question.tx);
        }
        return;
      case 'ask-commits': {
        const isNear = (token: Id) => neighbourhood(this.#context, token).includes(from.id);
        send(from.id, { type: 'commits', ...holdings.commitsAbove(question.above, isNear) });
        return;
      }
      case 'ask-mapping':
        this.#tellMapping(from, question.token, question.query);
        return;
      default:
        this.#serveBlock(from, question);
    }
  }

  #tellMapping(from: Asker, token: Id, query: Uint8Array): void {
    const { decisions, send } = this.#context;
    const honest = () => this.#speaking.statement(token, query);
    const statement = decisions.answerMapping(from, token, query, honest);
    if (statement !== null) send(from.id, { type: 'statement', statement });
  }

  #serveBlock(from: Asker, { wanted, under }: Extract<Question, { type: 'get-block' }>): void {
    const { decisions, holdings, send, self } = this.#context;
    const { chain } = holdings;
    const own = () =>
      (typeof wanted === 'number' ? chain.blockAt(wanted) : chain.blockByHash(wanted)) ?? null;
    const block = decisions.serveBlock(from, wanted, own);
    // Whoever serves no true block proves no descent: an adversary must not convict itself here.
    const height = block?.header.peer === self ? block.header.height : null;
    const ancestor =
      height === null || under === null ? null : this.#speaking.ancestor(height, under);
    send(from.id, { type: 'block', block, ancestor });
  }
}
