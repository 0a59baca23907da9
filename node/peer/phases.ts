/**
 * A peer's own way into the network and its stay there (PROTOCOL.md 1, 5): it registers its identity
 * token, says that it is synchronised once it is, waits until it counts, and renews its lease.
 *
 * Its identity token is registered, and renewed after each mapping, by one transaction ever: what it
 * has signed is kept as `own/identity` → transaction and sent again as it is, also after a restart. A
 * `synchronised` is signed anew when it has grown old: votes for it bind nobody (voting/lock.ts).
 */
import { decode } from '../codec/reader.ts';
import type { Identity } from '../identity/mint.ts';
import { ZERO_ID } from '../id.ts';
import { type Phase, phaseOf, type Standing } from '../ledger/standing.ts';
import {
  encodeTransaction,
  keyHash,
  readTransaction,
  signTransaction,
  transactionId,
} from '../ledger/transaction.ts';
import type { Mapping, Transaction } from '../ledger/types.ts';
import { type ProtocolParameters, scaledMs } from '../parameters.ts';
import { isQuorum } from '../voting/rules.ts';
import { neighbourhood, type PeerContext } from './context.ts';
import { CHANGE_SPACING_MS, lapseOf, type Leases } from './leases.ts';
import type { OwnTransactions } from './own-transactions.ts';
import type { Endpoint } from '../host.ts';
import { isSameEndpoint } from '../transport/endpoint.ts';

const OWN_KEY = 'own/identity';

/** Renewed between half of the lease and three quarters: never all members at once. */
const RENEW_FROM = 0.5;
const RENEW_SPREAD = 0.25;
/** Whoever has no identity token yet shows its record again after this: introductions get lost. */
const INTRODUCE_MS = 3000;
/**
 * A newcomer that says it is synchronised repeats the same words so long, ms, should its storage
 * challenges take their time; or for a tenth of a longer trust period, which begins at their time.
 */
const MIN_SYNCHRONISED_AGE_MS = 120_000;
const TRUST_SHARE = 0.1;

/** How old a `synchronised` may be when it is voted on, ms. */
export function maxSynchronisedAgeMs(
  parameters: Pick<ProtocolParameters, 'trustHours' | 'timeScale'>,
): number {
  return Math.max(
    MIN_SYNCHRONISED_AGE_MS,
    TRUST_SHARE * scaledMs(parameters.trustHours, parameters),
  );
}

export interface PhaseEvents {
  connected(id: string): boolean;
  /** Does this peer hold what it should (PROTOCOL.md 5, 6)? */
  isSynchronised(): boolean;
  /** An own transaction is committed that this peer had no vote on. */
  committed(transaction: Transaction): void;
  /** Its phase is another. */
  changed(phase: Phase): void;
}

export class Phases {
  readonly #context: PeerContext;
  readonly #identity: Identity;
  readonly #endpoint: () => Endpoint;
  /** Where it last said that it is, or was when it started. */
  #introduced: Endpoint;
  readonly #own: OwnTransactions;
  readonly #leases: Leases;
  readonly #events: PhaseEvents;
  /** Where in the span of its renewals this peer renews: another at each lease. */
  #share: number;
  #phase: Phase | null = null;
  #introduceAtMs = 0;
  #isUnderWay = false;
  /** Drawn once when it wants to come in at the same time as a neighbour. */
  #notBeforeMs = 0;

  constructor(
    context: PeerContext,
    parts: {
      readonly identity: Identity;
      /** Where others reach it now. */
      readonly endpoint: () => Endpoint;
      readonly own: OwnTransactions;
      readonly leases: Leases;
    },
    events: PhaseEvents,
  ) {
    this.#context = context;
    this.#identity = parts.identity;
    this.#endpoint = parts.endpoint;
    this.#introduced = parts.endpoint();
    this.#own = parts.own;
    this.#leases = parts.leases;
    this.#events = events;
    this.#share = this.#random();
  }

  get phase(): Phase {
    const { host, membership, parameters, self } = this.#context;
    const standing = membership.standing(self);
    if (standing === undefined) return 'identity';
    if (parameters.membership === 'known') return 'trusted';
    return phaseOf(standing, host.now());
  }

  /** About once a second, once this peer may speak. */
  tick(): void {
    const { phase } = this;
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#events.changed(phase);
    }
    const { membership, parameters, self } = this.#context;
    const standing = membership.standing(self);
    if (standing === undefined) return;
    const mapping = this.#context.holdings.mapping(self);
    if (this.#isUnderWay || mapping?.owner === ZERO_ID) return;
    if (mapping === undefined) this.#submit('register', ZERO_ID);
    else if (parameters.membership === 'known') return;
    else if (standing.countedFromMs === null) this.#enter(standing, mapping);
    else if (this.#isRenewalDue()) this.#submit('renewal', mapping.tx);
  }

  /**
   * Shows its record to all that may share a neighbourhood with it, until it has an identity token:
   * also before its epoch is open, since nobody answers a stranger's question about it; and again
   * when others see it somewhere else.
   */
  introduce(): void {
    const { holdings, host, membership, parameters, self, send } = this.#context;
    const endpoint = this.#endpoint();
    const hasMoved = !isSameEndpoint(endpoint, this.#introduced);
    const isUnknown = holdings.mapping(self) === undefined;
    if (host.now() < this.#introduceAtMs || !(isUnknown || hasMoved)) return;
    this.#introduced = endpoint;
    this.#introduceAtMs = host.now() + INTRODUCE_MS;
    const { record } = this.#identity;
    for (const id of membership.near(self, 3 * parameters.k)) {
      send(id, { type: 'introduce', record, endpoint });
    }
  }

  /**
   * Two that come in at the same moment make the views of a neighbourhood differ by two until all
   * have heard: an honest one waits for its own moment (voting/rules.ts).
   */
  #enter(standing: Standing, mapping: Mapping): void {
    const { holdings, host, membership, network, parameters } = this.#context;
    const now = host.now();
    if (now < this.#notBeforeMs || !this.#events.isSynchronised()) return;
    const trustMs = scaledMs(parameters.trustHours, parameters);
    const entryMs = standing.trustedFromMs ?? now + trustMs;
    const isTaken = membership.moved.some(({ address }) => {
      const other = membership.standing(address)?.countedFromMs ?? 0;
      return other > now && Math.abs(other - entryMs) < CHANGE_SPACING_MS;
    });
    if (isTaken) this.#notBeforeMs = now + this.#random() * 2 * CHANGE_SPACING_MS;
    if (isTaken) return;
    // Who lapsed may have been told of it without the transaction, of which there is but one.
    const lapse = lapseOf(network, mapping, holdings.timestampOf(mapping.tx));
    const hasLapsed = lapse.timestamp === standing.sinceMs;
    this.#submit('synchronised', hasLapsed ? transactionId(lapse) : mapping.tx);
  }

  #isRenewalDue(): boolean {
    const { holdings, host, self } = this.#context;
    const mapping = holdings.mapping(self);
    if (mapping === undefined) return false;
    const after = (RENEW_FROM + RENEW_SPREAD * this.#share) * this.#leases.leaseMs;
    return host.now() >= this.#leases.begunMs(mapping) + after;
  }

  #submit(kind: 'register' | 'synchronised' | 'renewal', previous: string): void {
    const { host, self } = this.#context;
    const near = neighbourhood(this.#context, self).filter((id) => id !== self);
    // With fewer it could not pass.
    if (!isQuorum(near.filter((id) => this.#events.connected(id)).length, near.length)) return;
    let transaction = this.#signed(kind, previous);
    if (transaction === null) {
      transaction = this.#sign(kind, previous);
      host.store.put(OWN_KEY, encodeTransaction(transaction));
    }
    this.#isUnderWay = true;
    this.#own.submit(transaction, (outcome) => {
      this.#isUnderWay = false;
      this.#share = this.#random();
      if (outcome === 'committed') this.#committed(transaction);
    });
  }

  /** While it does not count, it hears of its own commit by those who told it only. */
  #committed(transaction: Transaction): void {
    const { holdings, self } = this.#context;
    if (holdings.isCommitted(transaction.id)) return;
    holdings.commit(transaction, new Set([self]));
    this.#events.committed(transaction);
  }

  /** What was signed already after this mapping and still serves. */
  #signed(kind: Transaction['body']['purpose']['kind'], previous: string): Transaction | null {
    const { host, parameters } = this.#context;
    const bytes = host.store.get(OWN_KEY);
    const stored = bytes === undefined ? null : decode(bytes, readTransaction);
    if (stored === null || !stored.ok) return null;
    const { changes, purpose, timestamp } = stored.value.body;
    if (purpose.kind !== kind || changes[0]?.previous !== previous) return null;
    const isOld = host.now() - timestamp > maxSynchronisedAgeMs(parameters) / 2;
    return kind === 'synchronised' && isOld ? null : stored.value;
  }

  #sign(kind: 'register' | 'synchronised' | 'renewal', previous: string): Transaction {
    const { holdings, host, network, self } = this.#context;
    const { identityKey } = this.#identity;
    const body = {
      network,
      changes: [{ token: self, owner: keyHash(identityKey.publicKey), previous }],
      timestamp: Math.max(host.now(), holdings.timestampOf(previous) + 1),
      valueClass: 'low' as const,
      extraNeighbours: 0,
      purpose: { kind },
    };
    return signTransaction(body, [identityKey]);
  }

  /** In [0, 1). */
  #random(): number {
    const [high = 0, low = 0] = this.#context.host.random(2);
    return (high * 256 + low) / 65_536;
  }
}
