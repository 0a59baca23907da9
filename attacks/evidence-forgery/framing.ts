/**
 * Framing: makes an honest keeper say, truthfully, what the papers' conflict rule convicts for. The
 * forger owns a token that the victim keeps, asks for it all the time and moves it meanwhile: answers
 * from before and after a transfer lie closer than δ and differ. Two transfers a day apart give what
 * the rule wants: three conflicts over 24 hours at a confidence above 0.85. The rule `chain` takes
 * none of it: every answer is true as of the head that it names.
 */
import { type SigningKey, signingKey } from '../../node/crypto/ed25519.ts';
import type { Host, Timer } from '../../node/host.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { encodeRecord } from '../../node/identity/record.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import { PAPER_CONFLICTS, type PaperTerms } from '../../node/minefield/paper.ts';
import { QUERY_BYTES } from '../../node/minefield/statement.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import type { EvidencePackage, Statement } from '../../node/minefield/types.ts';
import type { Peer } from '../../node/peer.ts';

/** Often enough that one answer on either side of a transfer lies within δ, also of a busy victim. */
const ASK_MS = 100;
/** Asked each time: three conflicts want two answers on one side, and these lie together. */
const QUESTIONS = 2;
/** A transfer that the victim does not show was lost, or came in the wrong order: sent again. */
const SUBMIT_AGAIN_MS = 1000;
/** A token is drawn until the victim keeps it: in a network of N one in N / k does. */
const MAX_DRAWS = 20_000;
/** Beyond the papers' day, so that clocks and rounds don't matter. */
const MARGIN_MS = 2000;
/** Answers kept: those around the newest transfer. */
const MAX_ANSWERS = 64;
const TRANSFERS = 2;
/** Transfers tried, should answers come too late to be caught between. */
const MAX_TRIES = 40;

export interface FramingNeeds {
  readonly peer: Peer;
  readonly host: Host;
  readonly victim: Id;
  readonly network: Id;
  readonly k: number;
  readonly terms: PaperTerms;
  /** What two transfers gave. */
  framed(this: void, evidence: EvidencePackage): void;
}

/** One token, one victim. Ends by itself. */
export class Framing {
  readonly #needs: FramingNeeds;
  readonly #token: Id | null;
  readonly #answers: Statement[] = [];
  /** Of each transfer that the victim was caught between. */
  readonly #caught: (readonly Statement[])[] = [];
  #owner: SigningKey;
  /** The newest, as signed, and when it was sent. */
  #transfer: Transaction | null = null;
  #sentAtMs = 0;
  #tries = 0;
  /** Null: the victim has not shown the newest transaction yet. */
  #shownAtMs: number | null = null;
  #timer: Timer | null = null;

  constructor(needs: FramingNeeds) {
    this.#needs = needs;
    this.#owner = signingKey(needs.host.random(32));
    this.#token = this.#drawToken();
  }

  start(): void {
    if (this.#token === null) return;
    this.#move(this.#token);
    this.#ask(this.#token);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Whatever the victim says. */
  hear(statement: Statement): void {
    if (statement.peer !== this.#needs.victim || statement.token !== this.#token) return;
    if (statement.answer === null) return;
    this.#answers.push(statement);
    if (this.#answers.length > MAX_ANSWERS) this.#answers.shift();
    if (statement.answer.mapping.tx === this.#transfer?.id)
      this.#shownAtMs ??= this.#needs.host.now();
  }

  #ask(token: Id): void {
    const { host, peer, victim, terms } = this.#needs;
    for (let question = 0; question < QUESTIONS; question += 1) {
      const query = host.random(QUERY_BYTES);
      peer.send(victim, { type: 'ask-mapping', token, query, direct: true });
    }
    if (this.#shownAtMs === null && host.now() > this.#sentAtMs + SUBMIT_AGAIN_MS) this.#submit();
    if (this.#shownAtMs !== null && host.now() > this.#shownAtMs + terms.deltaMs) {
      this.#harvest();
      if (this.#caught.length === TRANSFERS) this.#accuse();
      if (this.#caught.length === TRANSFERS || this.#tries > MAX_TRIES) return;
      const waitMs = this.#caught.length === 0 ? 0 : terms.spanMs + MARGIN_MS;
      if (host.now() > this.#shownAtMs + waitMs) this.#move(token);
    }
    this.#timer = host.after(ASK_MS, () => this.#ask(token));
  }

  /** Creates the token, or moves it to the next key. */
  #move(token: Id): void {
    const { host, network } = this.#needs;
    const before = this.#transfer;
    const next = signingKey(host.random(32));
    const timestamp = Math.max(Math.floor(host.now()), (before?.body.timestamp ?? 0) + 1);
    const owner = keyHash(next.publicKey);
    const body = {
      network,
      changes: [{ token, owner, previous: before?.id ?? ZERO_ID }],
      timestamp,
      valueClass: 'low' as const,
      extraNeighbours: 0,
      purpose: ORDINARY,
    };
    this.#transfer = signTransaction(body, [before === null ? next : this.#owner]);
    this.#owner = next;
    this.#shownAtMs = null;
    this.#tries += 1;
    this.#submit();
  }

  #submit(): void {
    const { host, peer, k } = this.#needs;
    const transaction = this.#transfer;
    const token = this.#token;
    if (transaction === null || token === null) return;
    this.#sentAtMs = host.now();
    for (const keeper of peer.membership.near(token, k)) {
      peer.send(keeper, { type: 'submit', transaction });
    }
  }

  /** Looks for one answer on one side of the transfer and two on the other, all within δ. */
  #harvest(): void {
    const { deltaMs } = this.#needs.terms;
    const isAfter = ({ answer }: Statement): boolean => answer?.mapping.tx === this.#transfer?.id;
    const [late, later] = this.#answers.filter(isAfter);
    const [earlier, early] = this.#answers.filter((answer) => !isAfter(answer)).slice(-2);
    this.#answers.splice(0);
    for (const three of [
      [early ?? earlier, late, later],
      [earlier, early, late],
    ]) {
      const [first, second, third] = three;
      if (first === undefined || second === undefined || third === undefined) continue;
      if (third.time - first.time >= deltaMs) continue;
      this.#caught.push([first, second, third]);
      return;
    }
  }

  #accuse(): void {
    const { network, peer, victim, framed } = this.#needs;
    const record = peer.membership.get(victim)?.record;
    const statements = this.#caught.flat();
    if (record === undefined || statements.length < 2 * PAPER_CONFLICTS) return;
    framed({
      network,
      accused: victim,
      rule: 'paper-conflicts',
      record: encodeRecord(record),
      statements,
      blocks: [],
      ancestor: null,
      votes: [],
    });
  }

  #drawToken(): Id | null {
    const { host, peer, victim, k } = this.#needs;
    for (let draw = 0; draw < MAX_DRAWS; draw += 1) {
      const token = host.random(32).toHex();
      if (peer.membership.near(token, k).includes(victim)) return token;
    }
    return null;
  }
}
