/** The parts of a peer put together: each message goes to its part, and what one finds to another. */
import { type Id, ZERO_ID } from '../id.ts';
import type { Identity } from '../identity/mint.ts';
import type { Member } from '../ledger/membership.ts';
import type { Transaction } from '../ledger/types.ts';
import { Inquiries } from '../minefield/sharing.ts';
import { proposalDelayMs, slashing } from '../minefield/slashing.ts';
import type { EvidencePackage, Statement } from '../minefield/types.ts';
import type { Message } from '../wire/messages.ts';
import { Accusations } from './accusations.ts';
import { Allowance } from './allowance.ts';
import { Committer, type SlashTally } from './committer.ts';
import { neighbourhood, type PeerContext } from './context.ts';
import { statementRow } from './rows.ts';
import { Speakers } from './speakers.ts';
import { Speaking } from './speaking.ts';
import { Upkeep, UPKEEP_MS } from './upkeep.ts';

/** Signatures to check for one remote: each statement costs two, a fifth of a millisecond. */
const STATEMENTS_PER_SECOND = 60;
/** Answers to one remote: a signature each, or a block read from disk. */
const ANSWERS_PER_SECOND = 200;
/** A dispute makes this peer ask others: kept dearer than asking itself. */
const DISPUTES_PER_SECOND = 4;

interface From {
  readonly id: Id;
  readonly kind: 'peer' | 'client';
}

export interface PartsEvents {
  ban(id: Id): void;
  /** Members this peer is connected to, or tries to be. */
  neighbours(): readonly Id[];
}

export class PeerParts {
  readonly upkeepMs = UPKEEP_MS;
  readonly #context: PeerContext;
  readonly #identity: Identity;
  readonly #events: PartsEvents;
  readonly #speaking: Speaking;
  readonly #speakers: Speakers;
  readonly #committer: Committer;
  readonly #accusations: Accusations;
  readonly #inquiries: Inquiries;
  readonly #upkeep: Upkeep;
  readonly #heard = new Allowance(STATEMENTS_PER_SECOND, 1000);
  readonly #answers = new Allowance(ANSWERS_PER_SECOND, 1000);
  readonly #disputes = new Allowance(DISPUTES_PER_SECOND, 1000);

  constructor(context: PeerContext, identity: Identity, events: PartsEvents) {
    const { network, parameters, membership, host, holdings } = context;
    this.#context = context;
    this.#identity = identity;
    this.#events = events;
    this.#speaking = new Speaking(identity, holdings, host);
    this.#speakers = new Speakers(network, (address) => membership.get(address));
    this.#upkeep = new Upkeep(context, this.#speakers);
    this.#accusations = new Accusations({ network, parameters, membership }, host, {
      banned: (accused, member) => this.#banned(accused, member),
      spread: (evidence) => this.#spread(evidence),
    });
    this.#committer = new Committer(context, {
      convicts: (evidence, token) => this.#accusations.convicts(evidence, token),
      slashed: (transaction, outcome, tally) => this.#slashed(transaction, outcome, tally),
      slashVoted: (transaction) => this.#reportSlashing(transaction, 'voted', null),
    });
    this.#inquiries = new Inquiries(host, {
      send: (to, message) => context.send(to, message),
      isOpen: (speaker) => membership.has(speaker),
      highest: (speaker) => this.#speakers.lineage(speaker, 0)?.higher ?? null,
    });
  }

  get pending(): number {
    return this.#committer.pending;
  }

  get banned(): number {
    return this.#accusations.banned;
  }

  nextSequence(): number {
    return this.#speaking.nextSequence();
  }

  /** After the genesis is known: bans of an earlier life hold on. */
  restore(): void {
    this.#accusations.restore();
  }

  round(): void {
    const block = this.#context.holdings.round(this.#context.host.now());
    if (block === null) return;
    this.#committer.tellCommitted(new Set(block.entries.map(({ mapping }) => mapping.tx)));
  }

  tick(): void {
    this.#committer.tick();
  }

  upkeep(): void {
    this.#upkeep.tick(this.#events.neighbours());
  }

  onMessage(from: From, message: Message): void {
    switch (message.type) {
      case 'submit':
        this.#committer.onTransaction(from.id, message.transaction, 'submit');
        return;
      case 'transaction':
        this.#committer.onTransaction(from.id, message.transaction, message.commit);
        return;
      case 'vote':
        this.#committer.onVote(from.id, message.tx, message.ballots, message.committed);
        return;
      case 'ask-votes':
        this.#committer.onAskVotes(from.id, message.tx);
        return;
      case 'committed':
        this.#committer.expect(from.id, message.tx);
        return;
      case 'commits':
        for (const tx of message.txs) this.#committer.expect(from.id, tx);
        this.#upkeep.onCommits(from.id, message.upTo);
        return;
      case 'statement':
        this.#onStatement(from, message.statement);
        return;
      case 'block':
        this.#onBlock(from, message);
        return;
      case 'dispute':
        this.#onDispute(from, message.statements);
        return;
      case 'evidence':
        if (this.#accusations.hear(from.id, message.evidence)) this.#committer.rejudge();
        return;
      case 'get-transaction':
      case 'ask-commits':
      case 'ask-mapping':
      case 'get-block':
        if (this.#answers.take(from.id, this.#context.host.now())) this.#answer(from, message);
    }
  }

  #answer(from: From, message: Message): void {
    const { decisions, holdings, send, self } = this.#context;
    switch (message.type) {
      case 'get-transaction':
        this.#committer.onGetTransaction(from.id, message.tx);
        return;
      case 'ask-commits': {
        const isNear = (token: Id) => neighbourhood(this.#context, token).includes(from.id);
        send(from.id, { type: 'commits', ...holdings.commitsAbove(message.above, isNear) });
        return;
      }
      case 'ask-mapping': {
        const { token, query } = message;
        const honest = () => this.#speaking.statement(token, query);
        const statement = decisions.answerMapping(from, token, query, honest);
        if (statement !== null) send(from.id, { type: 'statement', statement });
        return;
      }
      case 'get-block': {
        const { wanted, under } = message;
        const { chain } = holdings;
        const own = () =>
          (typeof wanted === 'number' ? chain.blockAt(wanted) : chain.blockByHash(wanted)) ?? null;
        const block = decisions.serveBlock(from, wanted, own);
        // Whoever serves no true block proves no descent: an adversary must not convict itself here.
        const height = block?.header.peer === self ? block.header.height : null;
        const ancestor =
          height === null || under === null ? null : this.#speaking.ancestor(height, under);
        send(from.id, { type: 'block', block, ancestor });
        return;
      }
      default:
    }
  }

  #onStatement(from: From, statement: Statement): void {
    if (from.id !== statement.peer || !this.#hear(from.id, statement)) return;
    const { host } = this.#context;
    host.report(statementRow(statement, host.now(), this.#disagrees(statement)));
    if (this.#disagrees(statement)) this.#inquiries.begin(statement);
  }

  /** Another's statement about a token, handed on by who can't make it fit. */
  #onDispute(from: From, statements: readonly Statement[]): void {
    if (!this.#disputes.take(from.id, this.#context.host.now())) return;
    for (const statement of statements) {
      const evidence = this.#accusations.first(statement.peer);
      // It was convicted already: who still asks it has not heard.
      if (evidence !== undefined) this.#context.send(from.id, { type: 'evidence', evidence });
      if (!this.#hear(from.id, statement)) continue;
      if (this.#disagrees(statement)) this.#inquiries.begin(statement);
    }
  }

  #onBlock(from: From, { block, ancestor }: Extract<Message, { type: 'block' }>): void {
    if (!this.#heard.take(from.id, this.#context.host.now())) return;
    if (block !== null && block.header.peer === from.id) {
      const heard = this.#speakers.hearHeader(block);
      if (heard.kind === 'offence') this.#accuse(heard.evidence);
      if (heard.kind === 'refused') return;
    }
    if (ancestor === null) return;
    const heard = this.#speakers.hearAncestor(from.id, ancestor);
    if (heard.kind === 'offence') this.#accuse(heard.evidence);
  }

  /** Files it; true if it is well signed and in itself no offence. */
  #hear(from: Id, statement: Statement): boolean {
    if (statement.peer === this.#context.self) return false;
    if (!this.#heard.take(from, this.#context.host.now())) return false;
    const heard = this.#speakers.hearStatement(statement);
    if (heard.kind === 'offence') this.#accuse(heard.evidence);
    if (heard.kind !== 'kept') return false;
    // It may tell of commits that were missed here.
    const told = statement.recent.map(({ mapping }) => mapping);
    if (statement.answer !== null) told.push(statement.answer.mapping);
    for (const { token, tx } of told) {
      const isNear = neighbourhood(this.#context, token).includes(this.#context.self);
      if (isNear) this.#committer.expect(statement.peer, tx);
    }
    return true;
  }

  /** Does this peer keep the token and know it otherwise? */
  #disagrees({ token, answer }: Statement): boolean {
    const own = this.#context.holdings.mapping(token);
    if (own === undefined || answer === null) return false;
    return own.tx !== answer.mapping.tx || own.owner !== answer.mapping.owner;
  }

  #accuse(evidence: EvidencePackage): void {
    if (this.#accusations.hear(null, evidence)) this.#committer.rejudge();
  }

  #banned(accused: Id, member: Member): void {
    const { membership, self } = this.#context;
    if (accused === self) return;
    membership.remove(member.address);
    this.#events.ban(accused);
    this.#speakers.forget(accused);
    // Whoever moves up in its place must learn what it kept.
    this.#upkeep.startOver();
    this.#planProposal(accused);
  }

  #spread(evidence: EvidencePackage): void {
    const { accused } = evidence;
    const to = new Set([...this.#events.neighbours(), ...neighbourhood(this.#context, accused)]);
    for (const id of to) this.#context.send(id, { type: 'evidence', evidence });
  }

  #planProposal(accused: Id): void {
    const { host, self } = this.#context;
    const delayMs = proposalDelayMs(neighbourhood(this.#context, accused), self);
    if (delayMs !== null) host.after(delayMs, () => this.#propose(accused));
  }

  #propose(accused: Id): void {
    const { holdings, self, send } = this.#context;
    const evidence = this.#accusations.first(accused);
    const mapping = holdings.mapping(accused);
    if (evidence === undefined || mapping === undefined) return;
    if (mapping.owner === ZERO_ID) return;
    const transaction = slashing(evidence, mapping.tx, this.#identity.identityKey);
    if (transaction === null) return;
    this.#reportSlashing(transaction, 'proposed', null);
    for (const id of neighbourhood(this.#context, accused)) {
      if (id === self) continue;
      send(id, { type: 'evidence', evidence });
      send(id, { type: 'submit', transaction });
    }
    this.#committer.onTransaction(self, transaction, 'submit');
  }

  #slashed(transaction: Transaction, outcome: 'executed' | 'rejected', tally: SlashTally): void {
    const accused = transaction.body.changes[0]?.token ?? '';
    // A rival proposal that ran out of time after another was executed was not rejected.
    const isDone = this.#context.holdings.mapping(accused)?.owner === ZERO_ID;
    if (outcome === 'executed' || !isDone) this.#reportSlashing(transaction, outcome, tally);
  }

  #reportSlashing(
    { id, body }: Transaction,
    event: 'proposed' | 'voted' | 'executed' | 'rejected',
    tally: SlashTally | null,
  ): void {
    this.#context.host.report({
      table: 'slashing',
      accused: body.changes[0]?.token ?? '',
      event,
      package: body.evidence ?? '',
      tx: id,
      votesFor: tally?.valid ?? null,
      votesAgainst: tally?.invalid ?? null,
    });
  }
}
