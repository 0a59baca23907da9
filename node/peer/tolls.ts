/**
 * What each type of message may cost this peer (PROTOCOL.md 2): per remote, and for all remotes
 * together. Members that count have one pot of each type, everybody else (clients, whose keys cost
 * nothing, and peers that do not count yet) another: whoever makes up remotes to flood from takes
 * nothing from members. What is over is dropped as if it was lost on the way: everything that an
 * honest remote needs, it repeats.
 *
 * A unit is about a tenth of a millisecond of a core: one signature that is checked or made, a read
 * from disk. All the pots of strangers together come to six tenths of one.
 */
import type { Asker } from '../decisions.ts';
import type { Host } from '../host.ts';
import type { Membership } from '../ledger/membership.ts';
import type { ProtocolParameters } from '../parameters.ts';
import type { Message, MessageType } from '../wire/messages.ts';
import { Allowance } from './allowance.ts';

const WINDOW_MS = 1000;

/** Units per second. */
interface Toll {
  readonly perRemote: number;
  readonly members: number;
  readonly strangers: number;
}

const free = Number.POSITIVE_INFINITY;

/** A type that is missing here does not compile: say what it may cost. */
const TOLLS: Readonly<Record<MessageType, Toll>> = {
  // Up to six signatures, and messages among all who vote on it. A chain takes in 512 changes a
  // second (holdings.ts): nearly as many from one remote, and more than twice as many in all.
  submit: { perRemote: 400, members: 3000, strangers: 1200 },
  // Answers to a peer that catches up, a hundred a second of one source.
  transaction: { perRemote: 600, members: 3000, strangers: 60 },
  witness: { perRemote: 300, members: 1500, strangers: 6 },
  // Cheap each: all keepers of a busy token say several of each transaction.
  vote: { perRemote: 2000, members: free, strangers: 100 },
  'ask-votes': { perRemote: 1000, members: 8000, strangers: 50 },
  committed: { perRemote: 1000, members: free, strangers: 50 },
  'signed-vote': { perRemote: 1200, members: 6000, strangers: 50 },
  'vote-certificate': { perRemote: 1200, members: 6000, strangers: 86 },
  // Twice six signatures each.
  frozen: { perRemote: 48, members: 480, strangers: 12 },
  // An answer is a signature, or something read from disk (answers.ts, block-service.ts).
  'get-transaction': { perRemote: 200, members: 4000, strangers: 600 },
  'ask-mapping': { perRemote: 200, members: 4000, strangers: 600 },
  forward: { perRemote: 200, members: 2000, strangers: 20 },
  'get-block': { perRemote: 200, members: 1000, strangers: 700 },
  'ask-commits': { perRemote: 20, members: 400, strangers: 40 },
  // Each names up to 32 transactions that are then looked for.
  commits: { perRemote: 1280, members: 10_000, strangers: 64 },
  // Two signatures each (hearing.ts).
  statement: { perRemote: 120, members: 2000, strangers: 120 },
  block: { perRemote: 400, members: 4000, strangers: 100 },
  dispute: { perRemote: 32, members: 640, strangers: 128 },
  // Up to twelve signatures.
  evidence: { perRemote: 96, members: 1200, strangers: 240 },
  // Four starts within an hour, repeated while they are not acknowledged (epochs.ts).
  'ask-epoch': { perRemote: 4, members: 200, strangers: 20 },
  epoch: { perRemote: 8, members: 400, strangers: 20 },
  'announce-epoch': { perRemote: 8, members: 400, strangers: 20 },
  'epoch-noted': { perRemote: 8, members: 400, strangers: 20 },
  introduce: { perRemote: 16, members: 400, strangers: 200 },
  'ask-identity': { perRemote: 20, members: 400, strangers: 100 },
  // Up to 64 words, each held against those of others.
  standings: { perRemote: 60, members: 1200, strangers: 12 },
  // Sorts everyone that is known: some milliseconds in a network of a thousand.
  'ask-standings': { perRemote: 60, members: 1200, strangers: 300 },
  find: { perRemote: 100, members: 2000, strangers: 600 },
  found: { perRemote: 60, members: 600, strangers: 120 },
  // Looks at tens of thousands of tokens where so many are stored.
  challenge: { perRemote: 80, members: 800, strangers: 400 },
  'storage-proof': { perRemote: 200, members: 2000, strangers: 400 },
};

export interface TollContext {
  readonly host: Pick<Host, 'now'>;
  readonly membership: Pick<Membership, 'counts'>;
  readonly parameters: Pick<ProtocolParameters, 'k'>;
}

export interface TollEvents {
  /** Is it known already, so that nothing of it is checked again? */
  isKnown(message: Message): boolean;
}

export class Tolls {
  readonly #context: TollContext;
  readonly #events: TollEvents;
  readonly #members = new Map<MessageType, Allowance>();
  readonly #strangers = new Map<MessageType, Allowance>();

  constructor(context: TollContext, events: TollEvents) {
    this.#context = context;
    this.#events = events;
  }

  /** May it be handled now? */
  admits({ id }: Asker, message: Message): boolean {
    const { host, membership } = this.#context;
    const { type } = message;
    const isMember = membership.counts(id);
    const pots = isMember ? this.#members : this.#strangers;
    let pot = pots.get(type);
    if (pot === undefined) {
      const { perRemote, members, strangers } = TOLLS[type];
      pot = new Allowance(perRemote, WINDOW_MS, isMember ? members : strangers);
      pots.set(type, pot);
    }
    return pot.take(id, host.now(), this.#cost(message));
  }

  /** In units. */
  #cost(message: Message): number {
    if (this.#events.isKnown(message)) return 1;
    switch (message.type) {
      case 'submit': {
        const { changes, extraNeighbours } = message.transaction.body;
        // Whoever asks for larger neighbourhoods has more voters send one another more votes.
        return changes.length * (1 + extraNeighbours / this.#context.parameters.k);
      }
      case 'transaction':
      case 'witness':
        return message.transaction.body.changes.length;
      case 'frozen':
        return message.one.body.changes.length + message.other.body.changes.length;
      case 'vote-certificate':
        return message.votes.length;
      case 'signed-vote':
      case 'statement':
      case 'block':
      case 'announce-epoch':
      case 'epoch':
      case 'introduce':
        return 2;
      case 'get-block':
        return message.under === null ? 1 : 2;
      case 'commits':
        return 1 + message.txs.length;
      case 'dispute':
        return 2 * message.statements.length;
      case 'evidence':
        return 2 * (message.evidence.statements.length + message.evidence.blocks.length) + 4;
      case 'find':
      case 'standings':
      case 'found':
        return 6;
      case 'ask-standings':
        return 30;
      case 'challenge':
        return 20;
      default:
        return 1;
    }
  }
}
