/**
 * Transactions from their arrival to their commit (PROTOCOL.md 3, 4): judging, voting, hearing the
 * votes of others, asking again for what was lost, learning what was missed.
 *
 * A vote that says `committed` counts as valid for every token: its voter has seen all of them pass.
 * That is as safe as the votes themselves: the first honest peer that says so has counted a quorum
 * of real ones.
 */
import type { TransactionRow } from '../telemetry.ts';
import type { Id } from '../id.ts';
import { ZERO_ID } from '../id.ts';
import { checkTransaction } from '../ledger/transaction.ts';
import type { Transaction } from '../ledger/types.ts';
import { judge, type Knowledge } from '../voting/judge.ts';
import type { Identities } from '../voting/judge-identity.ts';
import { VoteLock } from '../voting/lock.ts';
import { type Pending, PendingTable, RETRY_FIRST_MS } from '../voting/pending.ts';
import { passes, slashPasses } from '../voting/rules.ts';
import type { Commit, TokenBallot } from '../wire/voting.ts';
import { Canvass } from './canvass.ts';
import { keepersOf, neighbourhood, type PeerContext } from './context.ts';
import { keeperRow } from './rows.ts';

/** A transaction whose ballots came first is nearly always on its way. */
const FETCH_FIRST_MS = 150;
/** Who has not got its votes by then is stuck: a conflict, or a neighbourhood cut off. */
export const PENDING_LIMIT_MS = 20_000;
/** PROTOCOL.md 7 leaves it open: several far round trips. */
export const SLASH_WINDOW_MS = 3000;

export interface CommitterEvents {
  /** It passed here; `kept` are those of its tokens that this peer keeps. Its block comes later. */
  committed(transaction: Transaction, kept: readonly Id[]): void;
  /** May this peer vote on what it first saw then? Not with a memory that it has lost. */
  mayVote(firstSeenMs: number): boolean;
  /** This is the charge against the owner of this identity token, and it was verified here. */
  convicts(charge: Id, token: Id): boolean;
  /** What is known of members and of those that want to be. */
  readonly identities: Identities;
  /** A slashing passed or ran out of time here. */
  slashed(transaction: Transaction, outcome: 'executed' | 'rejected', tally: SlashTally): void;
  /** This peer voted on a slashing. */
  slashVoted(transaction: Transaction): void;
}

export interface SlashTally {
  readonly valid: number;
  readonly invalid: number;
}

export class Committer {
  readonly #context: PeerContext;
  readonly #events: CommitterEvents;
  readonly #table = new PendingTable();
  readonly #lock: VoteLock;
  readonly #knowledge: Knowledge;
  readonly #canvass: Canvass;
  /** Committed and waiting for their block, and who wants to hear of it. */
  readonly #toTell = new Map<Id, ReadonlySet<Id>>();

  constructor(context: PeerContext, events: CommitterEvents) {
    this.#context = context;
    this.#events = events;
    this.#lock = new VoteLock(context.host.store);
    this.#canvass = new Canvass(context);
    const { holdings } = context;
    this.#knowledge = {
      mapping: (token) => holdings.mapping(token),
      isCommitted: (tx) => holdings.isCommitted(tx),
      timestampOf: (tx) => holdings.timestampOf(tx),
      convicts: (charge, token) => events.convicts(charge, token),
      identities: events.identities,
    };
  }

  get pending(): number {
    return this.#table.size;
  }

  /** A transaction arrived: from its client, from a neighbour that repeats it, or asked for. */
  onTransaction(from: Id, transaction: Transaction, commit: Commit | 'submit'): void {
    const { holdings, host, network, self } = this.#context;
    const tx = transaction.id;
    if (holdings.isCommitted(tx)) {
      if (commit === 'submit') this.#tell(from, tx);
      return;
    }
    if (this.#canvass.kept(transaction).length === 0) return;
    const now = host.now();
    const isElsewhere = commit !== null && commit !== 'submit';
    let pending = this.#table.get(tx);
    if (pending === undefined || pending.transaction === null) {
      if (!checkTransaction(transaction, { network, nowMs: now }).ok) return;
      const admitted = this.#table.admit(transaction, now, RETRY_FIRST_MS);
      if (admitted === null) return;
      pending = admitted;
      if (!isElsewhere) this.#vote(pending, transaction);
    }
    if (commit === 'submit' && from !== self) pending.addOrigin(from);
    if (isElsewhere) pending.hear(from, [], true);
    this.#settle(pending);
    // No vote is needed any more where it is committed: those who have done so are asked.
    const isOpen = this.#table.get(tx) === pending;
    if (isElsewhere && isOpen) this.#canvass.askWhoCommitted(pending, transaction);
  }

  onVote(from: Id, tx: Id, ballots: readonly TokenBallot[], committed: boolean): void {
    const { holdings, host, membership } = this.#context;
    if (holdings.isCommitted(tx) || !membership.has(from)) return;
    const pending = this.#table.expect(tx, host.now(), FETCH_FIRST_MS);
    pending.firstVoteAt ??= host.now();
    pending.hear(from, ballots, committed);
    this.#settle(pending);
  }

  onAskVotes(from: Id, tx: Id): void {
    const { holdings, membership } = this.#context;
    if (!membership.has(from)) return;
    const pending = this.#table.get(tx);
    if (holdings.isCommitted(tx)) this.#canvass.say([from], tx, [], true);
    else if (pending !== undefined && pending.transaction !== null) {
      this.#canvass.say([from], tx, pending.ballots, false);
    } else this.expect(from, tx, false);
  }

  /** False when this peer, as a keeper, knows nothing of it. */
  onGetTransaction(from: Id, tx: Id): boolean {
    const { holdings } = this.#context;
    const transaction = holdings.transaction(tx) ?? this.#table.get(tx)?.transaction;
    if (transaction === null || transaction === undefined) return false;
    const commit = holdings.place(tx);
    this.#context.send(from, { type: 'transaction', transaction, commit });
    return true;
  }

  /**
   * `from` knows of a transaction near this peer, or even says that it has committed it: fetched
   * unless it is here.
   */
  expect(from: Id, tx: Id, committed: boolean): void {
    const { holdings, host, membership } = this.#context;
    if (holdings.isCommitted(tx) || !membership.has(from)) return;
    const pending = this.#table.expect(tx, host.now(), FETCH_FIRST_MS);
    pending.hear(from, [], committed);
    if (committed) this.#settle(pending);
  }

  /** The round's block is made: those who submitted its transactions hear of it. */
  tellCommitted(txs: ReadonlySet<Id>): void {
    for (const tx of txs) {
      for (const origin of this.#toTell.get(tx) ?? []) this.#tell(origin, tx);
      this.#toTell.delete(tx);
    }
  }

  /** Judges again what waits for something else, as after a commit or a new package. */
  rejudge(): void {
    for (const pending of this.#table.all()) {
      if (pending.transaction === null) continue;
      const waiting = [...pending.own.values()].includes('out-of-order');
      if (waiting) this.#vote(pending, pending.transaction);
      this.#settle(pending);
    }
  }

  /** Several times a second. */
  tick(): void {
    const now = this.#context.host.now();
    for (const pending of this.#table.unknown()) {
      if (now - pending.since > PENDING_LIMIT_MS) this.#table.remove(pending.tx);
      else if (now >= pending.nextRetryAt) this.#fetch(pending, now);
    }
    for (const pending of this.#table.all()) {
      const { transaction } = pending;
      if (transaction === null) continue;
      this.#settle(pending);
      if (this.#table.get(pending.tx) !== pending) continue;
      if (now - pending.since > PENDING_LIMIT_MS) this.#giveUp(pending, transaction);
      else if (now >= pending.nextRetryAt) {
        const ballots = [...pending.own.values()];
        const isUndecided = ballots.length === 0 || ballots.includes('out-of-order');
        if (isUndecided) this.#vote(pending, transaction);
        this.#canvass.repeat(pending, transaction);
        pending.backOff(now);
      }
    }
  }

  #vote(pending: Pending, transaction: Transaction): void {
    const { decisions, host, self } = this.#context;
    if (!this.#events.mayVote(pending.since)) return;
    const changed: TokenBallot[] = [];
    for (const [index, { token, previous }] of transaction.body.changes.entries()) {
      if (!keepersOf(this.#context, transaction, token).includes(self)) continue;
      const judged = judge(transaction, index, this.#knowledge, this.#lock);
      if (judged.conflict && !pending.conflict) {
        pending.conflict = true;
        host.report(this.#row(pending, transaction, 'conflicting'));
      }
      if (judged.ballot === 'out-of-order' && transaction.body.purpose.kind !== 'slashing') {
        this.#wantPrevious(token, previous);
      }
      const ballot = decisions.vote(transaction, token, judged.ballot);
      if (ballot === null || pending.own.get(token) === ballot) continue;
      pending.own.set(token, ballot);
      changed.push({ token, ballot });
      host.report({ table: 'votes', tx: transaction.id, token, verdict: ballot });
    }
    if (changed.length === 0) return;
    pending.firstVoteAt ??= host.now();
    pending.hear(self, changed, false);
    this.#canvass.sayToAll(transaction, changed);
    const settled = changed.some(({ ballot }) => ballot !== 'out-of-order');
    if (transaction.body.purpose.kind === 'slashing' && settled)
      this.#events.slashVoted(transaction);
  }

  /** The missing predecessor: those near the token have it. */
  #wantPrevious(token: Id, previous: Id): void {
    const { holdings, host, self } = this.#context;
    if (holdings.isCommitted(previous) || previous === ZERO_ID) return;
    const pending = this.#table.expect(previous, host.now(), FETCH_FIRST_MS);
    if (pending.transaction !== null) return;
    for (const near of neighbourhood(this.#context, token)) {
      if (near !== self) pending.hear(near, [], false);
    }
  }

  /** Commits when every token passes. */
  #settle(pending: Pending): void {
    const { transaction } = pending;
    const { host, holdings, parameters } = this.#context;
    if (transaction === null || holdings.isCommitted(transaction.id)) return;
    const tallies = this.#canvass.tallies(pending, transaction);
    const isSlashing = transaction.body.purpose.kind === 'slashing';
    const windowOver = host.now() - pending.since >= SLASH_WINDOW_MS;
    const all = tallies.every((tally) =>
      isSlashing ? slashPasses(tally, windowOver) : passes(parameters.commitRule, tally),
    );
    // Whatever others say, nobody is slashed here without a package that was verified here.
    if (!all || (isSlashing && !this.#isConvicting(transaction))) return;
    const kept = this.#canvass.kept(transaction);
    if (kept.length === 0) return;
    holdings.commit(transaction, new Set(kept));
    this.#table.remove(pending.tx);
    this.#toTell.set(pending.tx, pending.origins);
    host.report(this.#row(pending, transaction, 'committed'));
    const [tally] = tallies;
    // Whoever took it over from others has not slashed anybody.
    const hasVoted = pending.own.size > 0;
    if (isSlashing && hasVoted && tally !== undefined) {
      this.#events.slashed(transaction, 'executed', tally);
    }
    this.#events.committed(transaction, kept);
    this.rejudge();
  }

  #isConvicting({ body }: Transaction): boolean {
    const token = body.changes[0]?.token;
    const { purpose } = body;
    return (
      purpose.kind === 'slashing' &&
      token !== undefined &&
      this.#events.convicts(purpose.charge, token)
    );
  }

  #fetch(pending: Pending, now: number): void {
    const from = pending.voters[pending.retries % Math.max(1, pending.voters.length)];
    if (from !== undefined) this.#context.send(from, { type: 'get-transaction', tx: pending.tx });
    pending.backOff(now);
  }

  #giveUp(pending: Pending, transaction: Transaction): void {
    this.#table.remove(pending.tx);
    if (!pending.conflict) {
      this.#context.host.report(this.#row(pending, transaction, 'timed-out'));
    }
    const [tally] = this.#canvass.tallies(pending, transaction);
    if (transaction.body.purpose.kind !== 'slashing' || tally === undefined) return;
    this.#events.slashed(transaction, 'rejected', tally);
  }

  #tell(to: Id, tx: Id): void {
    const place = this.#context.holdings.place(tx);
    if (place !== null) this.#context.send(to, { type: 'committed', tx, block: place.block });
  }

  #row(pending: Pending, transaction: Transaction, outcome: TransactionRow['outcome']) {
    const isSlashing = transaction.body.purpose.kind === 'slashing';
    const isHeir = isSlashing ? pending.own.size === 0 : !this.#canvass.wasKeeper(transaction);
    return keeperRow(transaction, outcome, {
      part: isHeir ? 'heir' : 'neighbour',
      kept: this.#canvass.kept(transaction),
      firstVoteAt: pending.firstVoteAt,
      committedAt: outcome === 'committed' ? this.#context.host.now() : null,
    });
  }
}
