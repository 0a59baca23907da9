/** What others may ask of a peer: transactions, commits, mappings, blocks (PROTOCOL.md 3, 6, 7). */
import type { Asker } from '../decisions.ts';
import type { Id } from '../id.ts';
import type { PassedQuestion } from '../wire/forwarding.ts';
import type { Message } from '../wire/messages.ts';
import { Allowance } from './allowance.ts';
import { BlockService } from './block-service.ts';
import type { Committer } from './committer.ts';
import type { PeerContext } from './context.ts';
import { Forwarding } from './forwarding.ts';
import { MAX_BLOCKS_READ } from './holdings.ts';
import type { Speaking } from './speaking.ts';
import type { Witnesses } from './witnesses.ts';

/** Answers to one remote: a signature each, or something read from disk. */
const ANSWERS_PER_SECOND = 200;
/** Each reads several blocks; a peer that has much to learn asks again at each answer. */
const COMMITS_PER_SECOND = 20;

export type Question = Extract<
  Message,
  { readonly type: 'get-transaction' | 'ask-commits' | 'ask-mapping' | 'get-block' | 'forward' }
>;

export class Answers {
  readonly forwarding: Forwarding;
  readonly #context: PeerContext;
  readonly #speaking: Speaking;
  readonly #committer: Committer;
  readonly #witnesses: Witnesses;
  readonly #allowance = new Allowance(ANSWERS_PER_SECOND, 1000);
  readonly #commits = new Allowance(COMMITS_PER_SECOND, 1000);
  readonly #blocks = new BlockService();

  constructor(
    context: PeerContext,
    speaking: Speaking,
    committer: Committer,
    witnesses: Witnesses,
    connected: (id: Id) => boolean,
  ) {
    this.#context = context;
    this.#speaking = speaking;
    this.#committer = committer;
    this.#witnesses = witnesses;
    this.forwarding = new Forwarding(context, {
      connected,
      answer: (asker, question, to) => this.#answer(asker, question, to),
    });
  }

  onQuestion(from: Asker, question: Question): void {
    const { host } = this.#context;
    if (!this.#allowance.take(from.id, host.now())) return;
    switch (question.type) {
      case 'get-transaction':
      case 'ask-mapping': {
        const isOwn = question.type === 'ask-mapping' && question.direct === true;
        if (isOwn || !this.forwarding.passOn(from, question)) {
          this.#answer(from, question, from.id);
        }
        return;
      }
      case 'forward':
        this.forwarding.onForward(from.id, question.origin, question.question);
        return;
      case 'ask-commits':
        this.#tellCommits(from.id, question.above);
        return;
      default:
        this.#serveBlock(from, question);
    }
  }

  /** Those near the asker: of what it keeps, or would keep if it was counted already. */
  #tellCommits(asker: Id, above: number): void {
    const { holdings, host, membership, parameters, send } = this.#context;
    const now = host.now();
    if (!this.#commits.take(asker, now)) return;
    const reads = Math.min(MAX_BLOCKS_READ, Math.max(0, holdings.chain.height - above));
    if (reads > 0 && !this.#blocks.admits(asker, 'synchronisation', now, reads)) return;
    const isNear = (token: Id) => membership.isNear(asker, token, parameters.k);
    send(asker, { type: 'commits', ...holdings.commitsAbove(above, isNear) });
  }

  /** `to`: the asker, or who brings it the answer. */
  #answer(asker: Asker, question: PassedQuestion, to: Id): void {
    if (question.type === 'get-transaction') {
      if (!this.#committer.onGetTransaction(to, question.tx))
        this.#witnesses.answer(to, question.tx);
      return;
    }
    const { decisions, send } = this.#context;
    const { token, query } = question;
    const honest = () => this.#speaking.statement(token, query);
    const statement = decisions.answerMapping(asker, token, query, honest);
    if (statement !== null) send(to, { type: 'statement', statement });
  }

  #serveBlock(from: Asker, question: Extract<Question, { type: 'get-block' }>): void {
    const { decisions, holdings, host, send, self } = this.#context;
    const { wanted, under, priority } = question;
    // Whoever is over its limit asks again later: "none" would be a lie.
    if (!this.#blocks.admits(from.id, priority, host.now())) return;
    const { chain } = holdings;
    const own = () =>
      (typeof wanted === 'number' ? chain.blockAt(wanted) : chain.blockByHash(wanted)) ?? null;
    const block = decisions.serveBlock(from, wanted, own);
    // Whoever serves no true block proves no descent: an adversary must not convict itself here.
    const height = block?.header.peer === self ? block.header.height : null;
    const ancestor =
      height === null || under === null ? null : this.#speaking.ancestor(height, under);
    send(from.id, { type: 'block', wanted, block, ancestor });
  }
}
