/**
 * Evidence packages at a peer or client (PROTOCOL.md 7): verified once, stored as `ban/` + accused
 * → package, and handed on once. Under `conflictRule: chain` the accused is banned at once, under
 * `paper` when the vote has passed.
 */
import { decode } from '../codec/reader.ts';
import { hash } from '../crypto/hash.ts';
import type { Host } from '../host.ts';
import { type Id, idToBytes } from '../id.ts';
import type { RecordChecker } from '../identity/checker.ts';
import {
  checkClaim,
  checkWork,
  type IdentityRecord,
  isSameIdentity,
  type RecordCheck,
} from '../identity/record.ts';
import type { Member, Membership } from '../ledger/membership.ts';
import { chargeAgainst } from '../minefield/slashing.ts';
import { encodePackage, packageHash, readPackage, verifyEvidence } from '../minefield/evidence.ts';
import { paperTerms } from '../minefield/paper.ts';
import type { EvidencePackage } from '../minefield/types.ts';
import type { ProtocolParameters } from '../parameters.ts';
import { Allowance } from './allowance.ts';

/** Packages that don't hold cost four signatures and Argon2 work. */
const REFUSED_PER_SECOND = 4;

const PREFIX = 'ban/';
/** + accused, where a vote decides: it has passed. */
const EXECUTED_PREFIX = 'slashed/';

export interface AccusationEvents {
  /** End its connections, forget its words. `member` is who it was. */
  banned(accused: Id, member: Member): void;
  /** Hand the package to whoever should know; called once per accused. */
  spread(evidence: EvidencePackage, isFinder: boolean): void;
}

export class Accusations {
  readonly #network: Id;
  readonly #parameters: ProtocolParameters;
  readonly #host: Host;
  readonly #membership: Membership;
  readonly #checker: RecordChecker;
  readonly #events: AccusationEvents;
  readonly #packages = new Map<Id, EvidencePackage>();
  /** Excluded; the others of `#packages` await a vote. */
  readonly #banned = new Set<Id>();
  readonly #awaitsVote: boolean;
  readonly #refused = new Allowance(REFUSED_PER_SECOND, 1000);

  /** `awaitsVote`: a package bans nobody before `execute` says that the vote has passed. */
  constructor(
    options: {
      network: Id;
      parameters: ProtocolParameters;
      membership: Membership;
      checker: RecordChecker;
      awaitsVote?: boolean;
    },
    host: Host,
    events: AccusationEvents,
  ) {
    this.#network = options.network;
    this.#parameters = options.parameters;
    this.#membership = options.membership;
    this.#checker = options.checker;
    this.#awaitsVote = options.awaitsVote ?? false;
    this.#host = host;
    this.#events = events;
  }

  get banned(): number {
    return this.#banned.size;
  }

  isBanned(id: Id): boolean {
    return this.#banned.has(id);
  }

  /** Is this the charge against `accused`, and is there a verified package? */
  convicts(charge: Id, accused: Id): boolean {
    return this.#packages.has(accused) && charge === chargeAgainst(accused);
  }

  /** The package that banned it here. */
  against(accused: Id): EvidencePackage | undefined {
    return this.#packages.get(accused);
  }

  /** All of them, in order of the accused. */
  get all(): readonly EvidencePackage[] {
    return [...this.#packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, evidence]) => evidence);
  }

  /** There is a package against them, and no vote is known to have passed. */
  get awaiting(): readonly Id[] {
    return [...this.#packages.keys()].filter((accused) => !this.#banned.has(accused));
  }

  /** Says who is banned here: two peers that agree on it have the same. */
  get digest(): Id {
    const accused = [...this.#packages.keys()].sort();
    return hash('evidence', ...accused.map(idToBytes));
  }

  /** Bans again whom the store says were banned, after a restart. */
  restore(): void {
    for (const [key, bytes] of this.#host.store.entries(PREFIX)) {
      const stored = decode(bytes, readPackage);
      if (!stored.ok) throw new Error(`stored evidence is damaged at ${key}: ${stored.reason}`);
      this.#packages.set(stored.value.accused, stored.value);
      const { accused } = stored.value;
      const isOver = this.#host.store.get(EXECUTED_PREFIX + accused) !== undefined;
      if (isOver || !this.#awaitsVote) this.#exclude(accused);
    }
  }

  /** `from` null: found here. True if it holds and is the first against its accused. */
  hear(from: Id | null, evidence: EvidencePackage): boolean {
    const { accused } = evidence;
    // One is enough: a second would prove nothing more.
    if (this.#packages.has(accused)) return false;
    const name = packageHash(evidence);
    if (from !== null && !this.#refused.take(from, this.#host.now())) return false;
    const verdict = verifyEvidence(evidence, {
      network: this.#network,
      pow: this.#parameters.pow,
      paper: paperTerms(this.#parameters),
      check: (record) => this.#check(record, accused),
    });
    const found = from === null ? 'assembled' : 'verified';
    const bytes = encodePackage(evidence);
    this.#host.report({
      table: 'evidence',
      package: name,
      accused,
      rule: evidence.rule,
      event: verdict.guilty ? found : 'refused',
      reason: verdict.guilty ? '' : verdict.reason,
      bytes: bytes.length,
      content: verdict.guilty && from === null ? bytes.toHex() : '',
    });
    if (!verdict.guilty) return false;
    this.#packages.set(accused, evidence);
    this.#host.store.put(PREFIX + accused, bytes);
    if (!this.#awaitsVote) this.#ban(accused, name);
    this.#events.spread(evidence, from === null);
    return true;
  }

  /** Whom this peer knows it need not compute; whom it doesn't, within the budget. */
  #check(record: IdentityRecord, accused: Id): RecordCheck {
    const known = this.#membership.get(accused)?.record;
    if (known === undefined || !isSameIdentity(record, known)) {
      return this.#checker.check(record, 'evidence');
    }
    const claim = checkClaim(record, this.#network, this.#parameters.pow);
    return claim.ok ? checkWork(record, accused) : claim;
  }

  /** The vote against it has passed. */
  execute(accused: Id): void {
    const evidence = this.#packages.get(accused);
    if (evidence === undefined || this.#banned.has(accused)) return;
    this.#host.store.put(EXECUTED_PREFIX + accused, new Uint8Array());
    this.#ban(accused, packageHash(evidence));
  }

  #ban(accused: Id, name: Id): void {
    this.#exclude(accused);
    this.#host.report({
      table: 'slashing',
      accused,
      event: 'banned',
      package: name,
      tx: '',
      votesFor: null,
      votesAgainst: null,
    });
  }

  #exclude(accused: Id): void {
    this.#banned.add(accused);
    const member = this.#membership.get(accused);
    if (member !== undefined) this.#events.banned(accused, member);
  }
}
