/**
 * Voting first against the net rule (PROTOCOL.md 4): accomplices among a token's keepers call a
 * transfer valid that its owner never signed, and say so before the honest keepers have seen it. Three
 * such votes outweigh an honest keeper's own: where `valid − invalid ≥ 2` commits, whoever spoke
 * first decides. A quorum counts against all keepers, and they are too few.
 */
import { signingKey } from '../../node/crypto/ed25519.ts';
import type { Host } from '../../node/host.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import type { Peer } from '../../node/peer.ts';
import { isKind, transactionFromHex, transactionToHex } from '../kit/messages.ts';
import { ownKeepers, strongest } from '../kit/stronghold.ts';

/** Accomplices wait so long for one another: the last must have heard what to vote for. */
const AGREED_MS = 300;
/** Honest keepers hear of it so long after the votes: they vote at sight, and must be late. */
const VOTED_MS = 300;
/** Votes that outweigh an honest keeper's own by two. */
const NEEDED = 3;
/** Thefts one accomplice votes for. */
const MAX_THEFTS = 256;

export class Theft {
  readonly #peer: Peer;
  readonly #host: Host;
  /** Transfers to vote for. */
  readonly #stolen = new Set<Id>();
  /** Tokens that were tried. */
  readonly #tried = new Set<Id>();

  constructor(peer: Peer, host: Host) {
    this.#peer = peer;
    this.#host = host;
  }

  isFor(transaction: Transaction): boolean {
    return this.#stolen.has(transaction.id);
  }

  /**
   * The transfer to us of a token that moved lately and that enough accomplices keep, of which this
   * one is the nearest: no two of them try the same.
   */
  plan(members: readonly Id[]): Transaction | null {
    const { chain, identity, membership } = this.#peer;
    const tokens = chain.recent
      .map(({ mapping }) => mapping.token)
      .filter((token) => !this.#tried.has(token) && !membership.has(token))
      .filter((token) => {
        const own = ownKeepers(this.#peer, token, members);
        return own[0] === identity.address && own.length >= NEEDED;
      });
    const token = strongest(this.#peer, tokens, members);
    const mapping = token === null ? undefined : chain.state.get(token);
    if (token === null || mapping === undefined || mapping.owner === ZERO_ID) return null;
    const key = signingKey(this.#host.random(32));
    return signTransaction(
      {
        network: identity.record.network,
        changes: [{ token, owner: keyHash(key.publicKey), previous: mapping.tx }],
        timestamp: this.#host.now(),
        valueClass: 'low',
        extraNeighbours: 0,
        purpose: ORDINARY,
      },
      [key],
    );
  }

  /** Votes for it from now on; then the accomplices say so, then the honest keepers hear of it. */
  carryOut(transaction: Transaction, members: readonly Id[]): void {
    const token = transaction.body.changes[0]?.token;
    if (token === undefined || this.#stolen.size >= MAX_THEFTS) return;
    this.#stolen.add(transaction.id);
    this.#tried.add(token);
    const keepers = this.#peer.membership.near(token, this.#peer.parameters.k);
    const own = ownKeepers(this.#peer, token, members);
    // Its own peer votes on what another brings it: nobody sends to itself.
    this.#host.after(AGREED_MS, () => this.#submit(own, transaction));
    this.#host.after(AGREED_MS + VOTED_MS, () => {
      this.#submit(
        keepers.filter((id) => !own.includes(id)),
        transaction,
      );
    });
  }

  #submit(to: readonly Id[], transaction: Transaction): void {
    for (const id of to) this.#peer.send(id, { type: 'submit', transaction });
  }
}

export function theftMessage(transaction: Transaction): unknown {
  return { kind: 'theft', transaction: transactionToHex(transaction) };
}

/** Null for anything else. */
export function theftIn(message: unknown): Transaction | null {
  if (!isKind(message, 'theft') || !('transaction' in message)) return null;
  return transactionFromHex(message.transaction);
}
