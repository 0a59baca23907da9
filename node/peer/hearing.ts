/**
 * What others have signed is heard here (PROTOCOL.md 7): filed by its speaker, held against this
 * peer's own view, and a view that nothing honest explains is passed on to those who keep the token.
 */
import type { Id } from '../id.ts';
import type { Block, Mapping } from '../ledger/types.ts';
import { Inquiries } from '../minefield/sharing.ts';
import type { EvidencePackage, SignedHeader, Statement } from '../minefield/types.ts';
import type { BlockAnswer } from '../wire/keeping.ts';
import { Allowance } from './allowance.ts';
import { neighbourhood, type PeerContext } from './context.ts';
import { statementRow } from './rows.ts';
import type { Speakers } from './speakers.ts';

/** Signatures to check for one remote: each statement costs two, a fifth of a millisecond. */
const STATEMENTS_PER_SECOND = 60;
/**
 * Blocks that catching up has asked for are filed too, so many of one remote: more than are under way
 * at a time, so that neighbours in height meet in the file; 4 ms of work a second.
 */
const READ_PER_SECOND = 20;
/** A dispute makes this peer ask others: kept dearer than asking itself. */
const DISPUTES_PER_SECOND = 4;

export interface HearingEvents {
  /** Found here. */
  convict(evidence: EvidencePackage): void;
  /** The package that banned it here. */
  against(accused: Id): EvidencePackage | undefined;
  /** A member has signed it, whoever brought it, and it is in itself no offence. */
  stated(statement: Statement): void;
  /** So it is, and its speaker has told it to this peer, or in answer to its question. */
  answered(statement: Statement): void;
  /** It was handed on by someone who could not make it fit. */
  disputed(statement: Statement): void;
  /** A member says that it holds this mapping of a token near this peer. */
  committed(by: Id, mapping: Mapping): void;
  /** A member's own block, well signed; null: it says that it has none such as was `wanted`. */
  block(from: Id, wanted: Id | number, block: Block | null): void;
}

type HearingContext = Pick<
  PeerContext,
  'self' | 'host' | 'membership' | 'parameters' | 'holdings' | 'send'
>;

export class Hearing {
  readonly #context: HearingContext;
  readonly #speakers: Speakers;
  readonly #events: HearingEvents;
  readonly #inquiries: Inquiries;
  readonly #heard = new Allowance(STATEMENTS_PER_SECOND, 1000);
  readonly #read = new Allowance(READ_PER_SECOND, 1000);
  readonly #disputes = new Allowance(DISPUTES_PER_SECOND, 1000);

  constructor(context: HearingContext, speakers: Speakers, events: HearingEvents) {
    const { host, membership, send } = context;
    this.#context = context;
    this.#speakers = speakers;
    this.#events = events;
    this.#inquiries = new Inquiries(host, {
      send,
      isOpen: (speaker) => membership.has(speaker),
      highest: (speaker) => speakers.lineage(speaker, 0)?.higher ?? null,
    });
  }

  /** From its speaker, or brought by one that passed the question on: `wasAsked`. */
  onStatement(from: Id, statement: Statement, wasAsked: boolean): void {
    if ((from !== statement.peer && !wasAsked) || !this.#hear(from, statement)) return;
    this.#events.answered(statement);
    const { host, send } = this.#context;
    const disagrees = this.#disagrees(statement);
    host.report(statementRow(statement, host.now(), disagrees));
    if (!disagrees || !this.#inquiries.begin(statement) || this.#isLag(statement)) return;
    // No transfer between the two views explains it: the other keepers shall hold it against theirs.
    for (const id of neighbourhood(this.#context, statement.token)) {
      if (id !== statement.peer) send(id, { type: 'dispute', statements: [statement] });
    }
  }

  /** Another's statement about a token, handed on by who can't make it fit. */
  onDispute(from: Id, statements: readonly Statement[]): void {
    const { host, send } = this.#context;
    if (!this.#disputes.take(from, host.now())) return;
    for (const statement of statements) {
      const evidence = this.#events.against(statement.peer);
      // It was convicted already: who still asks it has not heard.
      if (evidence !== undefined) send(from, { type: 'evidence', evidence });
      if (!this.#hear(from, statement)) continue;
      this.#events.disputed(statement);
      if (this.#disagrees(statement)) this.#inquiries.begin(statement);
    }
  }

  onBlock(from: Id, { wanted, block, ancestor }: BlockAnswer): void {
    if (!this.#heard.take(from, this.#context.host.now())) return;
    if (block === null) this.#events.block(from, wanted, null);
    else if (block.header.peer === from) {
      if (!this.#hearHeader(block)) return;
      this.#events.block(from, wanted, block);
    }
    if (ancestor === null) return;
    const heard = this.#speakers.hearAncestor(from, ancestor);
    if (heard.kind === 'offence') this.#events.convict(heard.evidence);
  }

  /** A block that catching up had asked for: it judges the content itself. */
  onRead(from: Id, block: SignedHeader | null): void {
    if (block === null || block.header.peer !== from) return;
    if (this.#read.take(from, this.#context.host.now())) this.#hearHeader(block);
  }

  /** True if it is well signed. */
  #hearHeader(signed: SignedHeader): boolean {
    const heard = this.#speakers.hearHeader(signed);
    if (heard.kind === 'offence') this.#events.convict(heard.evidence);
    return heard.kind !== 'refused';
  }

  /** Files it; true if it is well signed and in itself no offence. */
  #hear(from: Id, statement: Statement): boolean {
    const { host, self } = this.#context;
    if (statement.peer === self || !this.#heard.take(from, host.now())) return false;
    const heard = this.#speakers.hearStatement(statement);
    if (heard.kind === 'offence') this.#events.convict(heard.evidence);
    if (heard.kind !== 'kept') return false;
    this.#events.stated(statement);
    // It may tell of commits that were missed here.
    const told = statement.recent.map(({ mapping }) => mapping);
    if (statement.answer !== null) told.push(statement.answer.mapping);
    for (const mapping of told) {
      if (this.#isKeeper(mapping.token)) this.#events.committed(statement.peer, mapping);
    }
    return true;
  }

  #isKeeper(token: Id): boolean {
    return neighbourhood(this.#context, token).includes(this.#context.self);
  }

  /** Does this peer keep the token and know it otherwise? */
  #disagrees({ token, answer }: Statement): boolean {
    const own = this.#context.holdings.mapping(token);
    if (own === undefined || answer === null) return false;
    // Of a founding identity token all know the first mapping, its keepers the present one; its
    // owner stays the same.
    if (!this.#isKeeper(token) && own.owner === answer.mapping.owner) return false;
    return own.tx !== answer.mapping.tx || own.owner !== answer.mapping.owner;
  }

  /** Is one of the two views, this peer's and the speaker's, just one transaction behind? */
  #isLag({ token, answer }: Statement): boolean {
    const own = this.#context.holdings.mapping(token);
    if (own === undefined || answer === null) return true;
    return own.previous === answer.mapping.tx || answer.mapping.previous === own.tx;
  }
}
