/**
 * Commitment checks (PROTOCOL.md 8): does the block that an answer names hold what the answer says?
 * A sampled share of answers, and every answer that does not fit, is followed by a question for
 * that block. Silence is never held against anyone; "no such block" is, of a block that was named,
 * unless the speaker has begun another epoch since: a disk that was set back has lost blocks.
 */
import { blockMatchesHeader, headerHash } from '../../ledger/block.ts';
import type { Id } from '../../id.ts';
import type { Block, Mapping } from '../../ledger/types.ts';
import { QUERY_BYTES } from '../../minefield/statement.ts';
import type { Statement } from '../../minefield/types.ts';
import type { Message } from '../../wire/messages.ts';
import type { PeerContext } from '../context.ts';
import { chance } from './cross-check.ts';
import { Detector } from './detector.ts';
import { isSame } from './views.ts';

/** As cross-checking at rest: a block is some kilobytes, so not for every answer. */
const CHECKED_SHARE = 0.05;
/** Checks under way at a time, and how long one waits for its block. */
const MAX_OPEN = 64;
const WAIT_MS = 4000;

interface Check {
  readonly speaker: Id;
  readonly block: Id;
  readonly mapping: Mapping;
  /** In which the block was named. */
  readonly epoch: number;
  readonly since: number;
}

/** A speaker that says it has not a block that it named is asked which epoch it is in. */
interface Denial {
  readonly epoch: number;
  /** Hex: the answer to it was made after the denial. */
  readonly query: string;
  readonly since: number;
}

export class CommitmentChecks {
  readonly detector: Detector;
  readonly #context: Pick<PeerContext, 'host' | 'send'>;
  readonly #open = new Map<string, Check>();
  readonly #denials = new Map<Id, Denial>();

  constructor(context: Pick<PeerContext, 'host' | 'send'>) {
    this.#context = context;
    this.detector = new Detector('commitment', context.host);
  }

  /** A well signed statement; what is `doubtful` is always checked. */
  hear(statement: Statement, doubtful: boolean): void {
    const { answer, recent } = statement;
    this.#judge(statement);
    const { host } = this.#context;
    if (!doubtful && chance(host) >= CHECKED_SHARE) return;
    const told = [...(answer === null ? [] : [answer]), ...recent];
    // What does not fit is the answer itself; else any of what it leaked will do.
    const one = told[doubtful ? 0 : Math.floor(chance(host) * told.length)];
    if (one !== undefined) this.#ask(statement, one.block, one.mapping);
  }

  /** A block whose signature holds, or null: `from` says that it has none such as was `wanted`. */
  onBlock(from: Id, wanted: Id | number, block: Block | null): void {
    if (block === null) {
      this.#denied(keyOf(from, wanted));
      return;
    }
    this.detector.checked();
    if (!blockMatchesHeader(block)) {
      this.detector.flag(from, 'entries are not those of the signed root', 1);
      return;
    }
    const key = keyOf(from, headerHash(block.header));
    const check = this.#open.get(key);
    if (check === undefined) return;
    this.#open.delete(key);
    this.detector.exchanged({ type: 'block', wanted, block, ancestor: null });
    this.detector.verified(1);
    if (block.entries.some(({ mapping }) => isSame(mapping, check.mapping))) return;
    this.detector.flag(from, 'the named block does not hold the mapping', 1);
  }

  tick(): void {
    const now = this.#context.host.now();
    for (const [key, { since }] of this.#open) {
      if (Math.abs(now - since) >= WAIT_MS) this.#open.delete(key);
    }
    for (const [speaker, { since }] of this.#denials) {
      if (Math.abs(now - since) >= WAIT_MS) this.#denials.delete(speaker);
    }
  }

  #ask({ peer: speaker, epoch }: Statement, block: Id, mapping: Mapping): void {
    const { host, send } = this.#context;
    const key = keyOf(speaker, block);
    if (this.#open.has(key) || this.#open.size >= MAX_OPEN) return;
    this.#open.set(key, { speaker, block, mapping, epoch, since: host.now() });
    const question: Message = {
      type: 'get-block',
      wanted: block,
      under: null,
      priority: 'validation',
    };
    this.detector.exchanged(question);
    send(speaker, question);
  }

  /** Other parts ask for blocks that a speaker never named here: those it may well not have. */
  #denied(key: string): void {
    const check = this.#open.get(key);
    if (check === undefined) return;
    this.#open.delete(key);
    const { speaker, block, mapping, epoch } = check;
    this.detector.checked();
    this.detector.exchanged({ type: 'block', wanted: block, block: null, ancestor: null });
    if (this.#denials.has(speaker) || this.#denials.size >= MAX_OPEN) return;
    const { host, send } = this.#context;
    const query = host.random(QUERY_BYTES);
    this.#denials.set(speaker, { epoch, query: query.toHex(), since: host.now() });
    const question: Message = {
      type: 'ask-mapping',
      token: mapping.token,
      query,
      direct: true,
    };
    this.detector.exchanged(question);
    send(speaker, question);
  }

  /** Still in the epoch in which it named the block: it has lost nothing. */
  #judge(statement: Statement): void {
    const { peer, epoch, query } = statement;
    const denial = this.#denials.get(peer);
    if (denial === undefined || denial.query !== query.toHex()) return;
    this.#denials.delete(peer);
    this.detector.exchanged({ type: 'statement', statement });
    if (epoch === denial.epoch) this.detector.flag(peer, 'has no block that it named', 1);
  }
}

function keyOf(speaker: Id, block: Id | number): string {
  return `${speaker}/${block}`;
}
