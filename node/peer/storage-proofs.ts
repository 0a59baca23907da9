/**
 * Storage challenges between neighbours (PROTOCOL.md 5, whitepaper 6): answers to those of others;
 * verdicts on whoever says that it is synchronised; and rounds among neighbours, whose answers say
 * who agrees with whom.
 *
 * What is judged are tokens that both sides should store, and that are not new: a store that is some
 * seconds behind does not fail.
 */
import { type Id, ZERO_ID } from '../id.ts';
import type { Agreement } from '../ledger/storage-proof.ts';
import type { ProvingMessage } from '../wire/proving.ts';
import { Allowance } from './allowance.ts';
import { neighbourhood } from './context.ts';
import { type Challenge, type ProofContext, StorageJudge } from './storage-judge.ts';

/** An answer may look at 80,000 tokens, some milliseconds: a tenth of a core for ten remotes. */
const ANSWERS_PER_SECOND = 4;
/** For all remotes together. */
const ANSWERS_IN_ALL_PER_SECOND = 40;
/** Ten chunks each: a store of half the range passes 50 of them with a probability below 10^-5. */
const CHALLENGES = 5;
/** PROTOCOL.md 5: a peer is synchronised with 80 % of its range; that share of chunks must agree. */
export const PASS_SHARE = 0.8;
/** Asked again after this; several far round trips. */
const RETRY_MS = 1000;
/** Questions in all for one verdict: half may be lost. */
const MAX_ASKED = 2 * CHALLENGES;
/** A verdict holds so long: a failed one may have caught up, one that passed has been voted on. */
const VERDICT_LIFE_MS = 30_000;
/** Examined at the same time: more than ever come in at once near one peer. */
const MAX_EXAMINED = 64;
/** Rounds among neighbours: what clusters are made of, at the cost of k small questions. */
export const ROUND_MS = 15_000;

export type Verdict = 'passed' | 'failed' | 'open';

/** How one neighbour did in a round. */
export interface RoundResult {
  readonly peer: Id;
  readonly answered: boolean;
  /** Against this peer's own store. */
  readonly own: Agreement;
}

export interface StorageProofEvents {
  /** A round is over: how far each neighbour answered as this peer would have. */
  round(results: readonly RoundResult[]): void;
}

interface Exam {
  readonly beganAt: number;
  open: Challenge | null;
  asked: number;
  answers: number;
  judged: number;
  agreed: number;
  verdict: Verdict;
}

interface Round {
  readonly challenges: ReadonlyMap<Id, Challenge>;
  readonly results: Map<Id, RoundResult>;
  readonly endsAt: number;
}

export class StorageProofs {
  readonly #context: ProofContext;
  readonly #events: StorageProofEvents;
  readonly #judge: StorageJudge;
  readonly #allowance = new Allowance(ANSWERS_PER_SECOND, 1000);
  readonly #total = new Allowance(ANSWERS_IN_ALL_PER_SECOND, 1000);
  readonly #exams = new Map<Id, Exam>();
  #round: Round | null = null;
  #roundAt = 0;
  #steps = 0;

  constructor(context: ProofContext, events: StorageProofEvents) {
    this.#context = context;
    this.#events = events;
    this.#judge = new StorageJudge(context);
  }

  /** Stored tokens looked at for answers so far: what answering costs. */
  get steps(): number {
    return this.#steps;
  }

  /** Begins to examine it when there is no verdict that still holds. */
  verdict(address: Id): Verdict {
    const now = this.#context.host.now();
    const exam = this.#exams.get(address);
    if (exam !== undefined && Math.abs(now - exam.beganAt) < VERDICT_LIFE_MS) return exam.verdict;
    this.#exams.delete(address);
    if (this.#exams.size >= MAX_EXAMINED) return 'open';
    const fresh: Exam = {
      beganAt: now,
      open: null,
      asked: 0,
      answers: 0,
      judged: 0,
      agreed: 0,
      verdict: 'open',
    };
    this.#exams.set(address, fresh);
    this.#examine(address, fresh, now);
    return fresh.verdict;
  }

  /** Several times a second. */
  tick(): void {
    const now = this.#context.host.now();
    for (const [address, exam] of this.#exams) {
      if (Math.abs(now - exam.beganAt) >= VERDICT_LIFE_MS) this.#exams.delete(address);
      else if (exam.verdict === 'open') this.#examine(address, exam, now);
    }
    if (this.#round !== null && now >= this.#round.endsAt) this.#endRound(this.#round);
    if (now >= this.#roundAt) {
      const isFirst = this.#roundAt === 0;
      this.#roundAt = now + ROUND_MS;
      if (!isFirst) this.#beginRound(now);
    }
  }

  onMessage(from: Id, message: ProvingMessage): void {
    if (message.type === 'challenge') this.#answer(from, message);
    else this.#onProof(from, message);
  }

  #answer(from: Id, challenge: Extract<ProvingMessage, { type: 'challenge' }>): void {
    const { host, holdings, membership, send, self } = this.#context;
    const now = host.now();
    if (!membership.has(from)) return;
    if (!this.#allowance.take(from, now) || !this.#total.take(self, now)) return;
    const { token, nonce } = challenge;
    const tx = holdings.mapping(token)?.tx ?? ZERO_ID;
    const { tokens, steps } = this.#judge.answer(from, challenge);
    this.#steps += steps;
    const found = tokens.map((id) => {
      const held = id === null ? undefined : holdings.mapping(id);
      return held === undefined ? null : { token: held.token, tx: held.tx };
    });
    send(from, { type: 'storage-proof', nonce, tx, found });
  }

  #onProof(from: Id, proof: Extract<ProvingMessage, { type: 'storage-proof' }>): void {
    const exam = this.#exams.get(from);
    const open = exam?.open;
    if (exam !== undefined && open !== null && open !== undefined && isFor(open, proof.nonce)) {
      exam.open = null;
      exam.answers += 1;
      const { judged, agreed } = this.#judge.judge(open, proof.tx, proof.found);
      exam.judged += judged;
      exam.agreed += agreed;
      this.#examine(from, exam, this.#context.host.now());
      return;
    }
    const round = this.#round;
    const asked = round?.challenges.get(from);
    if (round === null || asked === undefined || !isFor(asked, proof.nonce)) return;
    if (round.results.has(from)) return;
    const own = this.#judge.judge(asked, proof.tx, proof.found);
    round.results.set(from, { peer: from, answered: true, own });
  }

  /** Asks on, or comes to the verdict. */
  #examine(address: Id, exam: Exam, now: number): void {
    if (exam.open !== null && Math.abs(now - exam.open.sentAt) < RETRY_MS) return;
    if (exam.answers >= CHALLENGES) {
      // What nobody can judge, as in a network without a token, proves nothing against it.
      const passes = exam.judged === 0 || exam.agreed / exam.judged >= PASS_SHARE;
      exam.verdict = passes ? 'passed' : 'failed';
    } else if (exam.asked >= MAX_ASKED) exam.verdict = 'failed';
    else {
      exam.asked += 1;
      exam.open = this.#judge.challenge(address, this.#judge.lookup(address));
      this.#send(exam.open);
    }
  }

  #send({ asked, token, nonce, bits }: Challenge): void {
    this.#context.send(asked, { type: 'challenge', token, nonce, bits });
  }

  #beginRound(now: number): void {
    const { holdings, self } = this.#context;
    const neighbours = neighbourhood(this.#context, self).filter((id) => id !== self);
    const [first] = neighbours;
    if (first === undefined || holdings.tokens.size === 0) return;
    const challenge = this.#judge.challenge(first, this.#judge.lookup(first));
    const challenges = new Map(neighbours.map((asked) => [asked, { ...challenge, asked }]));
    for (const each of challenges.values()) this.#send(each);
    const endsAt = now + ROUND_MS / 2;
    this.#round = { challenges, results: new Map(), endsAt };
  }

  #endRound(round: Round): void {
    this.#round = null;
    const nothing: Agreement = { judged: 0, agreed: 0 };
    const results = [...round.challenges.keys()].map(
      (peer) => round.results.get(peer) ?? { peer, answered: false, own: nothing },
    );
    this.#events.round(results);
  }
}

function isFor({ nonce }: Challenge, answered: Uint8Array): boolean {
  return nonce.toHex() === answered.toHex();
}
