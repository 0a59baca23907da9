/**
 * How this peer and those around it belong to the network, put together: whom it knows, how they
 * stand, whose lease is over, and its own way in (PROTOCOL.md 1, 3, 5).
 */
import type { Endpoint } from '../host.ts';
import type { Id } from '../id.ts';
import type { Identity } from '../identity/mint.ts';
import type { Member } from '../ledger/membership.ts';
import type { Phase } from '../ledger/standing.ts';
import { keyHash } from '../ledger/transaction.ts';
import type { Transaction } from '../ledger/types.ts';
import type { Identities } from '../voting/judge-identity.ts';
import type { JoiningMessage } from '../wire/joining.ts';
import { Acquaintances } from './acquaintances.ts';
import type { PeerContext } from './context.ts';
import { foundedAt } from './genesis.ts';
import { leaseMs, Leases } from './leases.ts';
import { OwnTransactions } from './own-transactions.ts';
import { maxSynchronisedAgeMs, Phases } from './phases.ts';
import { Registrar } from './registrar.ts';

/** Standings, leases and the own phase change by seconds. */
const TICK_MS = 500;

export interface JoiningEvents {
  /** Hands a transaction of its own to this peer's judgement, should it vote on it. */
  judge(transaction: Transaction): void;
  connected(id: Id): boolean;
  isBanned(id: Id): boolean;
  /** The transport may connect to it. */
  learn(member: Member): void;
  /** It need not, any more. */
  forget(id: Id): void;
  /** Neighbourhoods that this peer belongs to may have other members now. */
  shifted(): void;
  /** Does this peer hold what it should? */
  isSynchronised(): boolean;
  /** Has this identity answered this peer's storage challenges? Begins one if there is none. */
  storesItsRange(address: Id): boolean;
  phaseChanged(phase: Phase): void;
}

export class Joining {
  /** For whatever else this peer has to say of itself. */
  readonly own: OwnTransactions;
  readonly identities: Identities;
  readonly #context: PeerContext;
  readonly #acquaintances: Acquaintances;
  readonly #leases: Leases;
  readonly #registrar: Registrar;
  readonly #phases: Phases;
  #nextTickMs = 0;

  constructor(
    context: PeerContext,
    seat: { readonly identity: Identity; readonly endpoint: () => Endpoint },
    events: JoiningEvents,
  ) {
    const { identityKey } = seat.identity;
    this.#context = context;
    this.own = new OwnTransactions(context, (transaction) => events.judge(transaction));
    this.#acquaintances = new Acquaintances(context, events);
    this.#leases = new Leases(context, identityKey, {
      connected: (id) => events.connected(id),
      propose: (transaction) => this.own.submit(transaction),
    });
    this.#registrar = new Registrar(context, this.#acquaintances, {
      shifted: () => events.shifted(),
      lapsed: () => this.#leases.lapsed(),
    });
    const parts = { ...seat, own: this.own, leases: this.#leases };
    this.#phases = new Phases(context, parts, {
      connected: (id) => events.connected(id),
      isSynchronised: () => events.isSynchronised(),
      committed: (transaction) => this.#registrar.committed(transaction),
      changed: (phase) => events.phaseChanged(phase),
    });
    this.identities = this.#identities(events);
  }

  get phase(): Phase {
    return this.#phases.phase;
  }

  /** The genesis is known, and its members. */
  restore(): void {
    const { host, membership } = this.#context;
    this.#leases.begin(foundedAt(host.store) ?? host.now());
    this.#acquaintances.restore();
    membership.advance(host.now());
  }

  committed(transaction: Transaction): void {
    this.#registrar.committed(transaction);
    this.own.onCommitted(this.#context.self, transaction.id);
  }

  onMessage(from: Id, message: JoiningMessage): void {
    this.#registrar.onMessage(from, message);
  }

  /** Several times a second: makes itself known if nobody can know it. */
  introduce(): void {
    this.#phases.introduce();
  }

  /** Several times a second, while this peer may speak. */
  tick(): void {
    const now = this.#context.host.now();
    if (now < this.#nextTickMs && now > this.#nextTickMs - 2 * TICK_MS) return;
    this.#nextTickMs = now + TICK_MS;
    this.#registrar.tick();
    this.own.tick();
    this.#phases.tick();
    if (this.#context.parameters.membership === 'ledger') this.#leases.tick();
  }

  #identities(events: JoiningEvents): Identities {
    const { host, membership, parameters } = this.#context;
    return {
      get nowMs() {
        return host.now();
      },
      leaseMs: leaseMs(parameters),
      maxSynchronisedAgeMs: maxSynchronisedAgeMs(parameters),
      keyOf: (address) => {
        const member = membership.get(address);
        return member === undefined ? undefined : keyHash(member.record.identityKey);
      },
      standing: (address) => this.#acquaintances.standing(address),
      mayRegister: (address) => this.#acquaintances.mayRegister(address),
      storesItsRange: (address) => events.storesItsRange(address),
      hasLapsed: (address) => this.#leases.hasLapsed(address),
    };
  }
}
