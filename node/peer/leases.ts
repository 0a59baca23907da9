/**
 * Leases of identity tokens (PROTOCOL.md 1): who has not renewed in time is proposed to lapse by its
 * neighbours in turn, and they vote on it.
 *
 * Why a vote and not the clock alone: see docs/decisions/2026-11-21-lapse-is-voted.md. A vote for a
 * lapse binds to nothing else (voting/lock.ts): a member that comes back during it may renew, and
 * where both pass it has lapsed all the same and is synchronised again. To spare it that, a neighbour
 * votes only while more than two thirds of the neighbourhood answer it and the member does not.
 */
import { type Id, ZERO_ID } from '../id.ts';
import type { SigningKey } from '../crypto/ed25519.ts';
import { signTransaction } from '../ledger/transaction.ts';
import type { Mapping, Transaction, TransactionBody } from '../ledger/types.ts';
import { type ProtocolParameters, scaledMs } from '../parameters.ts';
import { lapseTime } from '../voting/judge-identity.ts';
import { isQuorum } from '../voting/rules.ts';
import { neighbourhood, type PeerContext } from './context.ts';

/**
 * A lease is no shorter than this, however fast the network's hours run: it has to outlast a
 * restart, a pause of the machine, and a transaction that is voted on for 20 s.
 */
export const MIN_LEASE_MS = 20_000;
/** As much again is left to a late member: neither it nor its neighbours need be in a hurry. */
const GRACE_LEASES = 1;
/** A far round trip, the vote, and some: then the next nearest neighbour proposes it. */
const TURN_MS = 4000;
/**
 * Between two lapses among neighbours: long enough for all to have heard of the first, so that the
 * views of a neighbourhood differ by one member at most (voting/rules.ts).
 */
export const CHANGE_SPACING_MS = 10_000;

export interface LeaseEvents {
  connected(id: Id): boolean;
  propose(transaction: Transaction): void;
}

export class Leases {
  readonly #context: PeerContext;
  readonly #key: SigningKey;
  readonly #events: LeaseEvents;
  readonly #startedMs: number;
  #foundedMs: number;
  #lastLapseMs = Number.NEGATIVE_INFINITY;
  /** Since when a neighbour is taken for lapsed here. */
  readonly #overSince = new Map<Id, number>();

  constructor(context: PeerContext, key: SigningKey, events: LeaseEvents) {
    this.#context = context;
    this.#key = key;
    this.#events = events;
    this.#startedMs = context.host.now();
    this.#foundedMs = this.#startedMs;
  }

  get leaseMs(): number {
    return leaseMs(this.#context.parameters);
  }

  /** When the genesis became known here: the leases of the founding members began then. */
  begin(foundedMs: number): void {
    this.#foundedMs = foundedMs;
  }

  /** When the present lease of an identity began. */
  begunMs({ tx }: Mapping): number {
    return this.#context.holdings.timestampOf(tx) || this.#foundedMs;
  }

  lapsed(): void {
    this.#lastLapseMs = this.#context.host.now();
  }

  /** Would this peer vote that it has lapsed? */
  hasLapsed(address: Id): boolean {
    const { holdings, host, self } = this.#context;
    const now = host.now();
    const mapping = holdings.mapping(address);
    // Whoever is late and here renews.
    if (address === self || mapping === undefined || mapping.owner === ZERO_ID) return false;
    const overMs = this.begunMs(mapping) + (1 + GRACE_LEASES) * this.leaseMs;
    // Whoever was away has heard no renewals; whoever has just come may not have heard them all.
    if (now < overMs || now < this.#startedMs + this.leaseMs) return false;
    if (now < this.#lastLapseMs + CHANGE_SPACING_MS || this.#events.connected(address))
      return false;
    const near = neighbourhood(this.#context, address);
    const awake = near.filter((id) => id === self || this.#events.connected(id));
    return isQuorum(awake.length, near.length);
  }

  /** About once a second: proposes in its turn. */
  tick(): void {
    const { host, membership, parameters, self } = this.#context;
    const now = host.now();
    for (const address of membership.near(self, 2 * parameters.k + 1)) {
      const near = neighbourhood(this.#context, address).filter((id) => id !== address);
      const rank = near.indexOf(self);
      if (rank === -1 || !this.hasLapsed(address)) {
        this.#overSince.delete(address);
        continue;
      }
      const since = this.#overSince.get(address) ?? now;
      this.#overSince.set(address, since);
      if (now >= since + rank * TURN_MS) this.#propose(address);
    }
  }

  #propose(address: Id): void {
    const { holdings, network } = this.#context;
    const mapping = holdings.mapping(address);
    if (mapping === undefined) return;
    const body = lapseOf(network, mapping, holdings.timestampOf(mapping.tx));
    this.#events.propose(signTransaction(body, [this.#key]));
  }
}

/** The one lapse that can follow a mapping of an identity token, made at `mappedMs`. */
export function lapseOf(
  network: Id,
  { token, owner, tx }: Mapping,
  mappedMs: number,
): TransactionBody {
  return {
    network,
    changes: [{ token, owner, previous: tx }],
    timestamp: lapseTime(mappedMs),
    valueClass: 'low',
    extraNeighbours: 0,
    purpose: { kind: 'lapse' },
  };
}

/** A lease in ms of this network. */
export function leaseMs(parameters: Pick<ProtocolParameters, 'leaseHours' | 'timeScale'>): number {
  return Math.max(MIN_LEASE_MS, scaledMs(parameters.leaseHours, parameters));
}
