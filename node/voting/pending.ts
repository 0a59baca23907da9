/** Transactions under vote, and ballots on transactions that have not arrived yet. */
import type { Ballot } from '../decisions.ts';
import type { Id } from '../id.ts';
import type { Transaction } from '../ledger/types.ts';
import type { TokenBallot } from '../wire/voting.ts';
import type { Tally } from './rules.ts';

/** Transactions under vote: a minute at thirty a second; beyond it new ones are refused. */
export const MAX_PENDING = 2048;
/** Unknown transactions whose ballots are kept, oldest dropped: votes overtake their transaction. */
export const MAX_UNKNOWN = 512;
/** Voters remembered for one unknown transaction: six neighbourhoods of a usual size. */
export const MAX_VOTERS = 128;
/** Who is told of the commit: the client and those who passed it on for it. */
export const MAX_ORIGINS = 8;

/** First repeat: after a far round trip and the wait of a batch; then doubling up to the longest. */
export const RETRY_FIRST_MS = 600;
const RETRY_LONGEST_MS = 5000;

/** What one voter said of one transaction. */
export interface Voice {
  committed: boolean;
  readonly ballots: Map<Id, Ballot>;
}

/** What a peer remembers of one transaction id: with `transaction` null, only ballots. */
export class Pending {
  readonly tx: Id;
  transaction: Transaction | null = null;
  readonly since: number;
  firstVoteAt: number | null = null;
  nextRetryAt: number;
  retries = 0;
  conflict = false;
  readonly origins = new Set<Id>();
  readonly own = new Map<Id, Ballot>();
  readonly #voices = new Map<Id, Voice>();

  constructor(tx: Id, now: number, firstRetryMs: number) {
    this.tx = tx;
    this.since = now;
    this.nextRetryAt = now + firstRetryMs;
  }

  addOrigin(id: Id): void {
    if (this.origins.size < MAX_ORIGINS) this.origins.add(id);
  }

  /** A voter's newest word counts: `out-of-order` becomes `valid`, lost words are said again. */
  hear(voter: Id, ballots: readonly TokenBallot[], committed: boolean): void {
    const voice = this.#voices.get(voter) ?? { committed: false, ballots: new Map() };
    if (!this.#voices.has(voter) && this.#voices.size >= MAX_VOTERS) return;
    this.#voices.set(voter, voice);
    voice.committed ||= committed;
    for (const { token, ballot } of ballots) {
      // A `valid` binds its voter; whoever takes it back is not believed either time.
      const before = voice.ballots.get(token);
      if (before === undefined || before === 'out-of-order') voice.ballots.set(token, ballot);
    }
  }

  /** This peer's own. */
  get ballots(): TokenBallot[] {
    return [...this.own].map(([token, ballot]) => ({ token, ballot }));
  }

  backOff(now: number): void {
    const waitMs = Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** this.retries);
    this.retries += 1;
    this.nextRetryAt = now + waitMs;
  }

  get voters(): readonly Id[] {
    return [...this.#voices.keys()];
  }

  hasHeard(voter: Id): boolean {
    return this.#voices.has(voter);
  }

  hasCommitted(voter: Id): boolean {
    return this.#voices.get(voter)?.committed ?? false;
  }

  /** Has it said all it will about this token? */
  isSettled(voter: Id, token: Id): boolean {
    const voice = this.#voices.get(voter);
    if (voice === undefined) return false;
    const ballot = voice.ballots.get(token);
    return voice.committed || ballot === 'valid' || ballot === 'invalid';
  }

  /** Only the neighbourhood's own voices count. */
  tally(token: Id, neighbourhood: readonly Id[]): Tally {
    let valid = 0;
    let invalid = 0;
    let committed = 0;
    for (const member of neighbourhood) {
      const voice = this.#voices.get(member);
      const ballot = voice?.ballots.get(token);
      if (voice?.committed === true) committed += 1;
      if (voice?.committed === true || ballot === 'valid') valid += 1;
      else if (ballot === 'invalid') invalid += 1;
    }
    return { valid, invalid, committed, size: neighbourhood.length };
  }
}

/** Bounded by MAX_PENDING known and MAX_UNKNOWN unknown transactions. */
export class PendingTable {
  readonly #known = new Map<Id, Pending>();
  readonly #unknown = new Map<Id, Pending>();

  get size(): number {
    return this.#known.size;
  }

  get(tx: Id): Pending | undefined {
    return this.#known.get(tx) ?? this.#unknown.get(tx);
  }

  all(): readonly Pending[] {
    return [...this.#known.values()];
  }

  unknown(): readonly Pending[] {
    return [...this.#unknown.values()];
  }

  /** The place for ballots on a transaction that isn't here yet. */
  expect(tx: Id, now: number, firstRetryMs: number): Pending {
    const there = this.get(tx);
    if (there !== undefined) return there;
    const [oldest] = this.#unknown.keys();
    if (oldest !== undefined && this.#unknown.size >= MAX_UNKNOWN) this.#unknown.delete(oldest);
    const pending = new Pending(tx, now, firstRetryMs);
    this.#unknown.set(tx, pending);
    return pending;
  }

  /** The transaction has come; null when there is no room. */
  admit(transaction: Transaction, now: number, firstRetryMs: number): Pending | null {
    if (this.#known.size >= MAX_PENDING) return null;
    const pending = this.get(transaction.id) ?? new Pending(transaction.id, now, firstRetryMs);
    pending.transaction = transaction;
    pending.retries = 0;
    pending.nextRetryAt = now + firstRetryMs;
    this.#unknown.delete(transaction.id);
    this.#known.set(transaction.id, pending);
    return pending;
  }

  remove(tx: Id): void {
    this.#known.delete(tx);
    this.#unknown.delete(tx);
  }
}
