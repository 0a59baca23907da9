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
import { votedBefore } from '../ledger/supporting.ts';
import { checkTransaction } from '../ledger/transaction.ts';
import type { Block, Mapping, Transaction } from '../ledger/types.ts';
import type { TokenBallot } from '../voting/ballots.ts';
import { judge, type Knowledge } from '../voting/judge.ts';
import { boundTo, VoteLock } from '../voting/lock.ts';
import { Patience } from '../voting/patience.ts';
import { type Pending, PendingTable } from '../voting/pending.ts';
import { passes, slashPasses } from '../voting/rules.ts';
import type { SignedVote } from '../voting/signed-vote.ts';
import type { ViewSketch } from '../voting/view-sketch.ts';
import type { Commit, ToldBallot } from '../wire/voting.ts';
import { BallotBox } from './ballot-box.ts';
import { Canvass } from './canvass.ts';
import type { CommitterEvents } from './committer-events.ts';
import { keepersOf, neighbourhood, type PeerContext } from './context.ts';
import { Fetching } from './fetching.ts';
import { Frozen } from './frozen.ts';
import { knowledgeOf } from './knowledge.ts';
import { keeperRow } from './rows.ts';

/** A transaction whose ballots came first is nearly always on its way. */
const FETCH_FIRST_MS = 150;
/** PROTOCOL.md 4: the papers' peers ask once a round, which PROTOCOL.md 3 sets at this. */
const POLL_MS = 500;
/** Who has not got its votes by then is stuck: a conflict, or a neighbourhood cut off. */
export const PENDING_LIMIT_MS = 20_000;
/** PROTOCOL.md 7 leaves it open: several far round trips. */
export const SLASH_WINDOW_MS = 3000;

export class Committer {
  readonly #context: PeerContext;
  readonly #events: CommitterEvents;
  readonly #table = new PendingTable();
  readonly #lock: VoteLock;
  readonly #knowledge: Knowledge;
  readonly #box: BallotBox;
  readonly #canvass: Canvass;
  readonly #patience = new Patience();
  readonly #frozen: Frozen;
  readonly #fetching: Fetching;
  /** Committed and waiting for their block, and who wants to hear of it. */
  readonly #toTell = new Map<Id, ReadonlySet<Id>>();

  constructor(context: PeerContext, events: CommitterEvents) {
    this.#context = context;
    this.#events = events;
    this.#lock = new VoteLock(context.host.store);
    this.#box = new BallotBox(context, (a, b) => events.doubleVote(a, b));
    this.#canvass = new Canvass(context, this.#box);
    this.#frozen = new Frozen(context);
    this.#fetching = new Fetching(context, this.#table);
    this.#knowledge = knowledgeOf(context, events);
  }

  /** How many transactions are under vote, only heard of, and frozen. */
  get condition() {
    const { size: pending, unknownSize: unknown } = this.#table;
    return { pending, unknown, frozen: this.#frozen.size };
  }

  /** Two transactions that follow one mapping, from who has seen neither pass. */
  onFrozen(from: Id, one: Transaction, other: Transaction): void {
    this.#frozen.hear(from, one, other);
  }

  /** Is it committed here, or under vote? */
  knows(tx: Id): boolean {
    return this.#table.has(tx) || this.#context.holdings.isCommitted(tx);
  }

  /** A transaction arrived: from its client, from a neighbour that repeats it, or asked for. */
  onTransaction(from: Id, transaction: Transaction, commit: Commit | 'submit'): void {
    const { holdings, host, network, self } = this.#context;
    const tx = transaction.id;
    if (holdings.isCommitted(tx)) {
      if (commit === 'submit') this.#tell(from, tx);
      return;
    }
    let pending = this.#table.get(tx);
    if (this.#concerns(pending, transaction).length === 0) return;
    const now = host.now();
    const isElsewhere = commit !== null && commit !== 'submit';
    if (pending === undefined || pending.transaction === null) {
      if (!checkTransaction(transaction, { network, nowMs: now }).ok) return;
      const admitted = this.#table.admit(transaction, now, this.#waitMs(transaction), from);
      if (admitted === null) return;
      pending = admitted;
      for (const voter of pending.voters) this.#patience.heard(voter, 0);
      this.#wake(pending);
      if (!isElsewhere) this.#vote(pending, transaction);
    }
    if (commit === 'submit' && from !== self) pending.addOrigin(from);
    if (isElsewhere && commit !== 'witnessed') this.#box.passedAt(from, transaction);
    // A copy vouches for nothing; a signed word is asked for below, where only such words count.
    if (isElsewhere) pending.hear(from, [], commit !== 'witnessed' && !this.#box.isSigned);
    this.#settle(pending);
    // No vote is needed any more where it is committed: those who have done so are asked.
    const isOpen = this.#table.get(tx) === pending;
    if (isElsewhere && isOpen) this.#canvass.askWhoCommitted(pending, transaction);
  }

  onVote(from: Id, tx: Id, ballots: readonly ToldBallot[], committed: boolean): void {
    if (this.#box.isSigned) return;
    this.#hear(from, tx, (pending) => this.#box.hear(from, pending, ballots, committed));
  }

  /** Signed votes on one transaction: the sender's own, with its views, or a certificate. */
  onSignedVotes(from: Id, votes: readonly SignedVote[], views: readonly ViewSketch[]): void {
    const [first] = votes;
    if (!this.#box.isSigned || first === undefined) return;
    const { holdings, membership } = this.#context;
    if (holdings.isCommitted(first.tx) && membership.has(from)) this.#box.hearLate(from, votes);
    this.#hear(from, first.tx, (pending) => {
      this.#box.hearSigned(from, pending, votes, views);
    });
  }

  onAskVotes(from: Id, tx: Id): void {
    const { holdings, membership } = this.#context;
    if (!membership.has(from)) return;
    const pending = this.#table.get(tx);
    if (holdings.isCommitted(tx)) this.#canvass.seenToPass(from, tx);
    else if (pending !== undefined && pending.transaction !== null) {
      this.#canvass.answer(from, pending, pending.transaction);
    } else this.expect(from, tx, false);
  }

  /** Committed here, or under vote; null for none. */
  transaction(tx: Id): Transaction | null {
    return this.#context.holdings.transaction(tx) ?? this.#table.get(tx)?.transaction ?? null;
  }

  /** False when this peer, as a keeper, knows nothing of it. */
  onGetTransaction(from: Id, tx: Id): boolean {
    const transaction = this.transaction(tx);
    if (transaction === null) return false;
    const commit = this.#context.holdings.place(tx);
    this.#context.send(from, { type: 'transaction', transaction, commit });
    return true;
  }

  /** A member has signed that it holds this mapping of a token near this peer. */
  stated(by: Id, mapping: Mapping): void {
    this.#box.tookPlace(by, mapping.tx, mapping);
    this.expect(by, mapping.tx, true);
  }

  /**
   * `from` knows of a transaction near this peer, or even says that it has committed it: fetched
   * unless it is here.
   */
  expect(from: Id, tx: Id, committed: boolean): void {
    const { holdings, host, membership } = this.#context;
    if (holdings.isCommitted(tx) || !membership.has(from)) return;
    const pending = this.#table.expect(tx, host.now(), FETCH_FIRST_MS, from);
    if (pending === null) return;
    pending.hear(from, [], committed && !this.#box.isSigned);
    if (committed && pending.transaction !== null) this.#box.passedAt(from, pending.transaction);
    if (committed) this.#settle(pending);
  }

  /** The round's block is made: what voted for its mappings is over, and their origins hear of it. */
  inBlock({ entries }: Block): void {
    for (const { mapping } of entries) {
      this.#lock.release(mapping);
      for (const origin of this.#toTell.get(mapping.tx) ?? []) this.#tell(origin, mapping.tx);
      this.#toTell.delete(mapping.tx);
    }
  }

  /** Held now without having passed here: what waits for it may go on. */
  takenOver(tx: Id): void {
    this.#table.remove(tx);
    this.rejudge();
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
    this.#fetching.tick(now, PENDING_LIMIT_MS);
    for (const pending of this.#table.all()) {
      const { transaction } = pending;
      if (transaction === null) continue;
      this.#settle(pending);
      if (this.#table.get(pending.tx) !== pending) continue;
      if (now - pending.since > PENDING_LIMIT_MS) this.#giveUp(pending, transaction);
    }
  }

  /** Says and asks again at its own time: ticks are too coarse for near neighbours. */
  #wake(pending: Pending): void {
    const { host, parameters } = this.#context;
    const waitMs = Math.max(0, pending.nextRetryAt - host.now());
    host.after(waitMs, () => {
      const { transaction } = pending;
      if (transaction === null || this.#table.get(pending.tx) !== pending) return;
      const ballots = [...pending.own.values()];
      const isUndecided = ballots.length === 0 || ballots.includes('out-of-order');
      if (isUndecided) this.#vote(pending, transaction);
      if (parameters.voting === 'polled') this.#canvass.poll(pending, transaction);
      else this.#canvass.repeat(pending, transaction);
      pending.backOff(host.now(), parameters.voting === 'polled' ? POLL_MS : undefined);
      this.#wake(pending);
    });
  }

  #waitMs(transaction: Transaction): number {
    const { parameters } = this.#context;
    if (parameters.voting === 'polled') return POLL_MS;
    return this.#patience.waitMs(this.#canvass.awaited(transaction));
  }

  #hear(from: Id, tx: Id, count: (pending: Pending) => void): void {
    const { holdings, host, membership } = this.#context;
    if (holdings.isCommitted(tx) || !membership.has(from)) return;
    const pending = this.#table.expect(tx, host.now(), FETCH_FIRST_MS, from);
    if (pending === null) return;
    const { knownSince, transaction } = pending;
    if (transaction !== null && !this.#canvass.isKeeper(transaction, from)) return;
    const isFirst = knownSince !== null && pending.retries === 0 && !pending.hasHeard(from);
    pending.firstVoteAt ??= host.now();
    count(pending);
    if (isFirst) this.#patience.heard(from, host.now() - knownSince);
    this.#settle(pending);
  }

  /** Tokens of it that this peer keeps, or needs to know in order to judge another transaction. */
  #concerns(pending: Pending | undefined, transaction: Transaction): readonly Id[] {
    return [...new Set([...this.#canvass.kept(transaction), ...(pending?.wanted ?? [])])];
  }

  #vote(pending: Pending, transaction: Transaction): void {
    const { decisions, holdings, host, self } = this.#context;
    if (!this.#events.mayVote(pending.since)) return;
    const changed: TokenBallot[] = [];
    pending.awaited.length = 0;
    for (const [index, change] of transaction.body.changes.entries()) {
      const { token, previous } = change;
      if (!keepersOf(this.#context, transaction, token).includes(self)) continue;
      const awaited = this.#canvass.open(pending, transaction, votedBefore(transaction, token));
      pending.awaited.push(...awaited);
      if (awaited.length > 0) continue;
      // Passed here for another token: a keeper by request then knows this one's state as well.
      if (holdings.mapping(token) === undefined && holdings.isCommitted(previous)) {
        holdings.widen((other) => other === token, [token]);
      }
      const judged = judge(transaction, index, this.#knowledge, this.#lock);
      if (judged.conflict) {
        this.#rival(pending, transaction, this.#lock.holder(token, boundTo(transaction, change)));
      }
      if (judged.ballot === 'out-of-order' && transaction.body.purpose.kind !== 'slashing') {
        this.#wantPrevious(token, previous, pending.by);
        this.#events.missing(token);
      }
      const ballot = decisions.vote(transaction, token, judged.ballot);
      if (ballot === null || pending.own.get(token) === ballot) continue;
      pending.own.set(token, ballot);
      changed.push({ token, ballot });
      host.report({ table: 'votes', tx: transaction.id, token, verdict: ballot });
    }
    if (changed.length === 0) return;
    pending.firstVoteAt ??= host.now();
    const word = this.#box.own(transaction, pending.own);
    if (word.type === 'signed-vote') this.#box.hearSigned(self, pending, [word.vote], word.views);
    else pending.hear(self, changed, false);
    this.#canvass.sayToAll(pending, transaction);
    const settled = changed.some(({ ballot }) => ballot !== 'out-of-order');
    if (transaction.body.purpose.kind === 'slashing' && settled)
      this.#events.slashVoted(transaction);
  }

  /** This peer has called another transaction valid after the same mapping. */
  #rival(pending: Pending, transaction: Transaction, rival: Id | undefined): void {
    const other = rival === undefined ? undefined : this.#table.get(rival);
    if (other !== undefined && other.transaction !== null) {
      pending.rival = other.transaction;
      other.rival = transaction;
    }
    if (pending.conflict) return;
    pending.conflict = true;
    this.#context.host.report(this.#row(pending, transaction, 'conflicting'));
  }

  /** The missing predecessor: those near the token have it. */
  #wantPrevious(token: Id, previous: Id, by: Id): void {
    const { holdings, host, self } = this.#context;
    if (holdings.isCommitted(previous) || previous === ZERO_ID) return;
    const pending = this.#table.expect(previous, host.now(), FETCH_FIRST_MS, by);
    if (pending === null || pending.transaction !== null) return;
    const near = neighbourhood(this.#context, token);
    // It votes only because the transaction asked for more neighbours than keep the token.
    if (!near.includes(self)) pending.wanted.add(token);
    for (const id of near) if (id !== self) pending.hear(id, [], false);
  }

  /** Commits when every token passes. */
  #settle(pending: Pending): void {
    const { transaction } = pending;
    const { host, holdings, parameters } = this.#context;
    if (transaction === null || holdings.isCommitted(transaction.id)) return;
    const isAwaiting = pending.awaited.length > 0;
    if (isAwaiting && this.#canvass.open(pending, transaction, pending.awaited).length === 0) {
      this.#vote(pending, transaction);
    }
    this.#canvass.certify(pending, transaction);
    const isSlashing = transaction.body.purpose.kind === 'slashing';
    const isOver = isSlashing && host.now() - pending.since >= SLASH_WINDOW_MS;
    const hasPassed = this.#canvass.passes(pending, transaction, (tally) =>
      isSlashing ? slashPasses(tally, isOver) : passes(parameters.commitRule, tally),
    );
    // Whatever others say, nobody is slashed here without a package that was verified here.
    if (!hasPassed || (isSlashing && !this.#isConvicting(transaction))) return;
    if (!isSlashing && !this.#events.viewsHold(pending, transaction)) return;
    const kept = this.#concerns(pending, transaction);
    if (kept.length === 0) return;
    holdings.commit(transaction, new Set(kept));
    this.#box.passed(pending, transaction);
    this.#table.remove(pending.tx);
    // What came late changes nothing and is in no block to come.
    if (holdings.place(pending.tx) === null) this.#toTell.set(pending.tx, pending.origins);
    else for (const origin of pending.origins) this.#tell(origin, pending.tx);
    host.report(this.#row(pending, transaction, 'committed'));
    // Whoever took it over from others has not slashed anybody.
    const hasVoted = pending.own.size > 0;
    const tally = isSlashing ? this.#canvass.firstTally(pending, transaction) : undefined;
    if (hasVoted && tally !== undefined) this.#events.slashed(transaction, 'executed', tally);
    this.#frozen.committed(transaction);
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

  #giveUp(pending: Pending, transaction: Transaction): void {
    this.#table.remove(pending.tx);
    if (!pending.conflict) {
      this.#context.host.report(this.#row(pending, transaction, 'timed-out'));
    }
    if (pending.rival !== null) this.#frozen.declare(transaction, pending.rival);
    if (transaction.body.purpose.kind !== 'slashing') return;
    const tally = this.#canvass.firstTally(pending, transaction);
    if (tally !== undefined) this.#events.slashed(transaction, 'rejected', tally);
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
      viewOverlap: outcome === 'committed' ? this.#canvass.viewOverlap(pending, transaction) : null,
      rounds: this.#canvass.rounds(pending, transaction),
    });
  }
}
