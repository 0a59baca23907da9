/**
 * Double spending with a colluding owner: it signs two transfers of one mapping, and its accomplices
 * among the keepers call each of them valid, one towards some of the honest keepers and the other
 * towards the rest. What the two sides could learn from one another the accomplices do not pass on.
 */
import { signingKey, type SigningKey } from '../../node/crypto/ed25519.ts';
import type { Asker, Ballot, Decisions } from '../../node/decisions.ts';
import type { Host } from '../../node/host.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import type { Peer } from '../../node/peer.ts';
import type { Message } from '../../node/wire/messages.ts';
import { areIds, isKind, transactionFromHex, transactionToHex } from './messages.ts';

/** Rival transfers that one accomplice takes part in: an operator's plan has fewer. */
const MAX_RIVALS = 64;
/** Accomplices wait so long: one that had not been told yet would vote as an honest peer. */
const AGREED_MS = 300;

/** Two transfers of one mapping, and which honest keepers hear of which. */
export interface Rivals {
  readonly one: Transaction;
  readonly other: Transaction;
  readonly toOne: readonly Id[];
  readonly toOther: readonly Id[];
}

/** Owner of one token, with keys of its own for whom it pays. */
export class ColludingOwner {
  readonly token: Id;
  readonly created: Transaction;
  readonly #network: Id;
  readonly #key: SigningKey;
  readonly #payees: readonly [SigningKey, SigningKey];

  /** Signs the creation of `token` now. */
  constructor(network: Id, token: Id, nowMs: number, random: (length: number) => Uint8Array) {
    this.token = token;
    this.#network = network;
    this.#key = signingKey(random(32));
    this.#payees = [signingKey(random(32)), signingKey(random(32))];
    this.created = this.#sign(ZERO_ID, this.#key, nowMs);
  }

  /** Both follow the creation; they differ in whom they pay. */
  rivals(nowMs: number): readonly [Transaction, Transaction] {
    const [one, other] = this.#payees;
    return [this.#sign(this.created.id, one, nowMs), this.#sign(this.created.id, other, nowMs)];
  }

  #sign(previous: Id, to: SigningKey, nowMs: number): Transaction {
    return signTransaction(
      {
        network: this.#network,
        changes: [{ token: this.token, owner: keyHash(to.publicKey), previous }],
        timestamp: nowMs,
        valueClass: 'low',
        extraNeighbours: 0,
        purpose: ORDINARY,
      },
      [this.#key],
    );
  }
}

/** What the owner's accomplices are told, as JSON. */
export function rivalsMessage({ one, other, toOne, toOther }: Rivals): unknown {
  const [first, second] = [one, other].map(transactionToHex);
  return { kind: 'rivals', one: first, other: second, toOne, toOther };
}

/** Null for anything else. */
export function rivalsIn(message: unknown): Rivals | null {
  if (!isKind(message, 'rivals')) return null;
  if (!('one' in message && 'other' in message)) return null;
  if (!('toOne' in message && 'toOther' in message)) return null;
  const { toOne, toOther } = message;
  const [one, other] = [transactionFromHex(message.one), transactionFromHex(message.other)];
  if (one === null || other === null || !areIds(toOne) || !areIds(toOther)) return null;
  return { one, other, toOne, toOther };
}

type Points = Pick<Decisions, 'vote' | 'heed' | 'utter'>;

/** One accomplice's part in it. Its decisions leave everything but the rivals to the honest ones. */
export class TwoStories {
  readonly #peer: Peer;
  readonly #host: Pick<Host, 'after'>;
  readonly #accomplices = new Set<Id>();
  /** By either of its transfers. */
  readonly #rivals = new Map<Id, Rivals>();

  constructor(peer: Peer, host: Pick<Host, 'after'>) {
    this.#peer = peer;
    this.#host = host;
  }

  /** Votes on both from now on, and a little later each side hears of its own. */
  tell(rivals: Rivals, accomplices: readonly Id[]): void {
    if (this.#rivals.size >= 2 * MAX_RIVALS) return;
    for (const id of accomplices) this.#accomplices.add(id);
    const { one, other, toOne, toOther } = rivals;
    this.#rivals.set(one.id, rivals).set(other.id, rivals);
    this.#host.after(AGREED_MS, () => {
      // Its own peer votes on what another brings it: nobody sends to itself.
      for (const transaction of [one, other]) this.#submit(accomplices, transaction);
      this.#submit(toOne, one);
      this.#submit(toOther, other);
    });
  }

  /** What it began it goes on with until the transfers are forgotten: an end would tell on it. */
  readonly decisions: Points = {
    vote: (transaction: Transaction, _token: Id, honest: Ballot): Ballot =>
      this.#rivals.has(transaction.id) ? 'valid' : honest,
    heed: ({ id }: Asker, message: Message): boolean => {
      if (!this.#isAbout(message)) return true;
      // It must not see either pass: then its chain would tell the other side.
      if (this.#accomplices.has(id)) return message.type === 'submit';
      return message.type === 'ask-votes' || message.type === 'get-transaction';
    },
    utter: (to: Id, message: Message): Message | null =>
      !this.#isAbout(message) || this.#isFor(to, message) ? message : null,
  };

  #submit(to: readonly Id[], transaction: Transaction): void {
    for (const id of to) this.#peer.send(id, { type: 'submit', transaction });
  }

  #isAbout(message: Message): boolean {
    return transactionsIn(message).some((tx) => this.#rivals.has(tx));
  }

  /** Is all of it for the side that `to` is on? */
  #isFor(to: Id, message: Message): boolean {
    if (this.#accomplices.has(to)) return message.type === 'submit';
    return transactionsIn(message).every((tx) => {
      const rivals = this.#rivals.get(tx);
      if (rivals === undefined) return true;
      const side = tx === rivals.one.id ? rivals.toOne : rivals.toOther;
      return side.includes(to);
    });
  }
}

/** Transactions that a message names. */
function transactionsIn(message: Message): readonly Id[] {
  switch (message.type) {
    case 'submit':
    case 'transaction':
    case 'witness':
      return [message.transaction.id];
    case 'vote':
    case 'ask-votes':
    case 'get-transaction':
    case 'committed':
      return [message.tx];
    case 'signed-vote':
      return [message.vote.tx];
    case 'vote-certificate':
      return message.votes.map(({ tx }) => tx);
    case 'commits':
      return message.txs;
    case 'frozen':
      return [message.one.id, message.other.id];
    default:
      return [];
  }
}
