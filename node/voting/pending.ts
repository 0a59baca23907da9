/** Transactions under vote, and ballots on transactions that have not arrived yet. */
import { areEqual } from '../codec/bytes.ts';
import type { Ballot } from '../decisions.ts';
import type { Id } from '../id.ts';
import type { Transaction } from '../ledger/types.ts';
import type { TokenBallot } from './ballots.ts';
import { boundTo } from './lock.ts';
import type { Tally } from './rules.ts';
import type { SignedBallot, SignedVote } from './signed-vote.ts';
import type { ViewSketch } from './view-sketch.ts';

/**
 * Transactions under vote: a minute at thirty a second. No remote may bring more of them than there
 * is room left, so that one that floods leaves half of the table to others; its next ones are refused.
 */
export const MAX_PENDING = 2048;
/** Transactions that were named and are not here, so shared as well: votes overtake transactions. */
export const MAX_UNKNOWN = 1024;
/**
 * Voters remembered for one unknown transaction: six neighbourhoods of a usual size. Of a known one
 * only keepers are heard, whose number it says itself.
 */
export const MAX_VOTERS = 128;
/** Who is told of the commit: the client and those who passed it on for it. */
export const MAX_ORIGINS = 8;

/** Repeats begin when the voters' usual lateness is over; then doubling up to this. */
const RETRY_LONGEST_MS = 5000;

/** What one voter said of one transaction. */
export interface Voice {
  committed: boolean;
  readonly ballots: Map<Id, Ballot>;
  /** Whom it counts as the neighbourhood of a token; null when it has told none. */
  views: Map<Id, ViewSketch> | null;
  /** With `votes: signed`, what it said of a token, checked; null for nothing. */
  signed: Map<Id, SignedVote> | null;
}

/** What a peer remembers of one transaction id: with `transaction` null, only ballots. */
export class Pending {
  readonly tx: Id;
  /** Who named it first. */
  readonly by: Id;
  transaction: Transaction | null = null;
  readonly since: number;
  firstVoteAt: number | null = null;
  /** When the transaction itself was here. */
  knownSince: number | null = null;
  nextRetryAt: number;
  retries = 0;
  conflict = false;
  /** Another transaction after one of the same mappings, seen while this one was under vote. */
  rival: Transaction | null = null;
  /** Tokens it changes that this peer only needs to know to judge another transaction. */
  readonly wanted = new Set<Id>();
  /** Tokens that must pass before this peer votes on another one. */
  readonly awaited: Id[] = [];
  /** Tokens whose quorum the other neighbourhoods were sent. */
  readonly certified = new Set<Id>();
  readonly origins = new Set<Id>();
  readonly own = new Map<Id, Ballot>();
  readonly #voices = new Map<Id, Voice>();
  #firstRetryMs: number;

  constructor(tx: Id, now: number, firstRetryMs: number, by: Id) {
    this.tx = tx;
    this.by = by;
    this.since = now;
    this.#firstRetryMs = firstRetryMs;
    this.nextRetryAt = now + firstRetryMs;
  }

  /** The transaction is here: waiting begins anew. */
  admit(transaction: Transaction, now: number, firstRetryMs: number): void {
    this.transaction = transaction;
    this.knownSince = now;
    this.retries = 0;
    this.#firstRetryMs = firstRetryMs;
    this.nextRetryAt = now + firstRetryMs;
    for (const voice of this.#voices.values()) dropUnfitting(voice, transaction);
  }

  addOrigin(id: Id): void {
    if (this.origins.size < MAX_ORIGINS) this.origins.add(id);
  }

  /** A voter's newest word counts: `out-of-order` becomes `valid`, lost words are said again. */
  hear(voter: Id, ballots: readonly TokenBallot[], committed: boolean): void {
    const isFull = this.transaction === null && this.#voices.size >= MAX_VOTERS;
    const voice = this.#voices.get(voter) ?? (isFull ? null : newVoice());
    if (voice === null) return;
    this.#voices.set(voter, voice);
    voice.committed ||= committed;
    for (const { token, ballot } of ballots) {
      // A `valid` binds its voter; whoever takes it back is not believed either time.
      const before = voice.ballots.get(token);
      if (before === undefined || before === 'out-of-order') voice.ballots.set(token, ballot);
    }
  }

  /** How the voter sees a neighbourhood, told beside its ballots: after `hear`. */
  view(voter: Id, token: Id, sketch: ViewSketch): void {
    const voice = this.#voices.get(voter);
    if (voice === undefined) return;
    voice.views ??= new Map();
    voice.views.set(token, sketch);
  }

  /** The signed form of what was just heard: after `hear`. */
  keep(vote: SignedVote): void {
    const voice = this.#voices.get(vote.peer);
    if (voice === undefined) return;
    voice.signed ??= new Map();
    for (const { token, ballot } of vote.ballots) {
      if (voice.ballots.get(token) === ballot) voice.signed.set(token, vote);
    }
  }

  /** Was this very vote kept? */
  hasKept({ peer, ballots, committed, signature }: SignedVote): boolean {
    const voice = this.#voices.get(peer);
    if (voice === undefined || (committed && !voice.committed)) return false;
    return ballots.every(({ token }) => {
      const kept = voice.signed?.get(token)?.signature;
      return kept !== undefined && areEqual(kept, signature);
    });
  }

  /** Signed `valid` votes of these members on `token`. */
  signedValid(token: Id, members: readonly Id[]): readonly SignedVote[] {
    return members.flatMap((member) => {
      const vote = this.#voices.get(member)?.signed?.get(token);
      const ballot = vote?.ballots.find((one) => one.token === token)?.ballot;
      return vote !== undefined && ballot === 'valid' ? [vote] : [];
    });
  }

  /** Views of `token` that these members told. */
  views(token: Id, members: readonly Id[]): readonly ViewSketch[] {
    return members.flatMap((member) => {
      const view = this.#voices.get(member)?.views?.get(token);
      return view === undefined ? [] : [view];
    });
  }

  /** Asked: the next wait is `waitMs`, or twice the last one. */
  backOff(
    now: number,
    waitMs = Math.min(RETRY_LONGEST_MS, this.#firstRetryMs * 2 ** this.retries),
  ): void {
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
      if (voice === undefined) continue;
      if (voice.committed) {
        committed += 1;
        valid += 1;
        continue;
      }
      const ballot = voice.ballots.get(token);
      if (ballot === 'valid') valid += 1;
      else if (ballot === 'invalid') invalid += 1;
    }
    return { valid, invalid, committed, size: neighbourhood.length };
  }
}

/** Does it bind its voter to what a `valid` for this transaction has to? */
export function fits(
  transaction: Transaction,
  { token, previous }: Pick<SignedBallot, 'token' | 'previous'>,
): boolean {
  return transaction.body.changes.some(
    (change) => change.token === token && boundTo(transaction, change) === previous,
  );
}

/** Signed before the transaction was here, for something else: binds nobody. */
function dropUnfitting(voice: Voice, transaction: Transaction): void {
  for (const [token, { ballots }] of voice.signed ?? []) {
    const said = ballots.find((ballot) => ballot.token === token);
    if (said !== undefined && fits(transaction, said)) continue;
    voice.ballots.delete(token);
    voice.signed?.delete(token);
  }
}

function newVoice(): Voice {
  return { committed: false, ballots: new Map(), views: null, signed: null };
}

/** Bounded by MAX_PENDING known and MAX_UNKNOWN unknown transactions. */
export class PendingTable {
  readonly #known = new SharedTable(MAX_PENDING);
  readonly #unknown = new SharedTable(MAX_UNKNOWN);

  get size(): number {
    return this.#known.size;
  }

  get unknownSize(): number {
    return this.#unknown.size;
  }

  get(tx: Id): Pending | undefined {
    return this.#known.get(tx) ?? this.#unknown.get(tx);
  }

  /** Is it under vote here? */
  has(tx: Id): boolean {
    return this.#known.get(tx) !== undefined;
  }

  all(): readonly Pending[] {
    return [...this.#known.values()];
  }

  unknown(): readonly Pending[] {
    return [...this.#unknown.values()];
  }

  /** The place for ballots on a transaction that isn't here yet; null when `by` named too many. */
  expect(tx: Id, now: number, firstRetryMs: number, by: Id): Pending | null {
    const there = this.get(tx);
    if (there !== undefined) return there;
    const pending = new Pending(tx, now, firstRetryMs, by);
    return this.#unknown.add(pending) ? pending : null;
  }

  /** The transaction has come; null when there is no room for what `by` brings. */
  admit(transaction: Transaction, now: number, firstRetryMs: number, by: Id): Pending | null {
    const { id } = transaction;
    const pending = this.get(id) ?? new Pending(id, now, firstRetryMs, by);
    if (!this.#known.add(pending)) return null;
    this.#unknown.delete(id);
    pending.admit(transaction, now, firstRetryMs);
    return pending;
  }

  remove(tx: Id): void {
    this.#known.delete(tx);
    this.#unknown.delete(tx);
  }
}

/** Nobody brings more than there is room left: who comes late still has as much as who floods. */
class SharedTable {
  readonly #max: number;
  readonly #entries = new Map<Id, Pending>();
  readonly #brought = new Map<Id, number>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(tx: Id): Pending | undefined {
    return this.#entries.get(tx);
  }

  values(): Iterable<Pending> {
    return this.#entries.values();
  }

  /** False when it would be too many of one remote's. */
  add(pending: Pending): boolean {
    const { by, tx } = pending;
    if (this.#entries.has(tx)) return true;
    const brought = this.#brought.get(by) ?? 0;
    if (brought >= this.#max - this.#entries.size) return false;
    this.#entries.set(tx, pending);
    this.#brought.set(by, brought + 1);
    return true;
  }

  delete(tx: Id): void {
    const pending = this.#entries.get(tx);
    if (pending === undefined) return;
    this.#entries.delete(tx);
    const left = (this.#brought.get(pending.by) ?? 1) - 1;
    if (left === 0) this.#brought.delete(pending.by);
    else this.#brought.set(pending.by, left);
  }
}
