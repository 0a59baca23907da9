/** The parts of a peer put together: each message goes to its part, and what one finds to another. */
import type { Asker } from '../decisions.ts';
import type { Endpoint } from '../host.ts';
import type { Id } from '../id.ts';
import type { Identity } from '../identity/mint.ts';
import type { Mapping } from '../ledger/types.ts';
import type { Member } from '../ledger/membership.ts';
import type { Phase } from '../ledger/standing.ts';
import { paperTerms } from '../minefield/paper.ts';
import { isEpochMessage } from '../wire/epochs.ts';
import { isJoiningMessage } from '../wire/joining.ts';
import type { Message } from '../wire/messages.ts';
import { isProvingMessage } from '../wire/proving.ts';
import { isVotingMessage, type VotingMessage } from '../wire/voting.ts';
import { Answers } from './answers.ts';
import { CatchingUp } from './catching-up.ts';
import { Choosing } from './choosing.ts';
import { Committer } from './committer.ts';
import type { CommitterEvents } from './committer-events.ts';
import { neighbourhood, type PeerContext } from './context.ts';
import { Epochs } from './epochs.ts';
import { FarViews } from './far-views.ts';
import { Finder } from './finder.ts';
import { foundedAt } from './genesis.ts';
import { Hearing } from './hearing.ts';
import { MAX_BLOCKS_PER_ROUND } from './holdings.ts';
import { Joining } from './joining.ts';
import { Lampposts } from './lampposts.ts';
import { Prosecution } from './prosecution.ts';
import { Restoring } from './restoring.ts';
import { Speakers } from './speakers.ts';
import { Speaking } from './speaking.ts';
import type { SyncProgress } from './progress.ts';
import { Tolls } from './tolls.ts';
import { Upkeep } from './upkeep.ts';
import { Witnesses } from './witnesses.ts';

export interface PartsEvents {
  ban(id: Id): void;
  /** The transport may connect to it. */
  learn(member: Member): void;
  /** It need not, any more. */
  forget(id: Id): void;
  /** It may speak with this peer for a while: its record was checked. */
  meet(member: Member): void;
  /** Where others reach this peer, as far as it knows. */
  endpoint(): Endpoint;
  phaseChanged(phase: Phase): void;
  /** The identity was minted at this start. */
  readonly isFresh: boolean;
  /** It does nothing of its own accord (peer.ts). */
  readonly isQuiet: boolean;
  connected(id: Id): boolean;
  connect(id: Id): void;
}

export class PeerParts {
  readonly #context: PeerContext;
  readonly #events: PartsEvents;
  readonly #speaking: Speaking;
  readonly #epochs: Epochs;
  readonly #lampposts: Lampposts;
  readonly #speakers: Speakers;
  readonly #committer: Committer;
  readonly #finder: Finder;
  readonly #joining: Joining;
  readonly #prosecution: Prosecution;
  readonly #hearing: Hearing;
  readonly #witnesses: Witnesses;
  readonly #restoring: Restoring;
  readonly #answers: Answers;
  readonly #tolls: Tolls;
  readonly #upkeep: Upkeep;
  readonly #catchingUp: CatchingUp;
  readonly #choosing: Choosing;
  /** Parts that follow what is committed here: they add themselves in the constructor. */
  readonly #commitListeners: CommitterEvents['committed'][] = [];
  /** Parts that follow who starts again, and so how often. */
  readonly #resetListeners: ((member: Id) => void)[] = [];

  constructor(context: PeerContext, identity: Identity, events: PartsEvents) {
    const { network, membership, host, holdings, parameters, send } = context;
    this.#context = context;
    this.#events = events;
    this.#tolls = new Tolls(context, { isKnown: (message) => this.#isKnown(message) });
    this.#speaking = new Speaking(holdings, host);
    this.#epochs = new Epochs(context, identity, events.isFresh, {
      spokenUntil: () => this.#speaking.spokenUntil,
      reset: (member) => {
        for (const listener of this.#resetListeners) listener(member);
      },
    });
    this.#lampposts = new Lampposts(
      context,
      identity,
      () => this.#speaking.nextTime(),
      (...own) => this.#joining.own.submit(...own),
    );
    this.#speakers = new Speakers(network, (id) => membership.get(id), paperTerms(parameters));
    this.#prosecution = new Prosecution(
      context,
      identity.identityKey,
      (accused, wasBeside) => this.#banned(accused, wasBeside),
      () => this.#committer,
    );
    let foundedMs: number | null = null;
    const sinceMs = () => (foundedMs ??= foundedAt(host.store)) ?? host.now();
    this.#finder = new Finder({ ...context, sinceMs }, host, {
      send,
      meet: (member) => events.meet(member),
      learnt: (member) => events.learn(member),
      left: () => this.#shifted(),
      isBanned: (id) => this.#prosecution.isBanned(id),
    });
    const farViews = new FarViews(context, this.#finder);
    this.#joining = this.#makeJoining(identity);
    this.#committer = new Committer(context, {
      identities: this.#joining.identities,
      committed: (transaction, kept) => {
        for (const listener of this.#commitListeners) listener(transaction, kept);
      },
      viewsHold: (pending, transaction) => farViews.hold(pending, transaction),
      mayVote: (firstSeenMs) => this.#epochs.mayVote(firstSeenMs),
      doubleVote: (a, b) => this.#prosecution.hearVotes(a, b),
      missing: (token) => this.#restoring.want(token, false),
      convicts: (charge, token) => this.#prosecution.convicts(charge, token),
      slashed: (...ended) => this.#prosecution.slashed(...ended),
      slashVoted: (transaction) => this.#prosecution.report(transaction, 'voted', null),
    });
    this.#upkeep = new Upkeep(context, this.#speakers, () => this.#prosecution.digest);
    const pending = (): number => this.#committer.condition.pending;
    const transaction = (tx: Id) => this.#committer.transaction(tx);
    this.#choosing = new Choosing(context, { ...events, pending, transaction });
    this.#commitListeners.push(({ id }) => this.#choosing.committed(id));
    this.#resetListeners.push((member) => this.#choosing.reset(member));
    this.#witnesses = new Witnesses(context);
    this.#restoring = new Restoring(context, {
      restored: ({ id }) => this.#committer.takenOver(id),
      copy: (tx) => this.#witnesses.transaction(tx),
    });
    this.#commitListeners.push((committed) => this.#witnesses.committed(committed));
    this.#catchingUp = new CatchingUp(context, {
      adopted: ({ id }) => this.#committer.takenOver(id),
      agreement: (results) => this.#choosing.challenged(results),
      bans: () => this.#prosecution.digest,
    });
    this.#answers = new Answers(context, this.#speaking, this.#committer, this.#witnesses, (id) =>
      events.connected(id),
    );
    this.#hearing = this.#makeHearing();
  }

  /** What its health says of its parts. */
  get condition() {
    const { pending, frozen } = this.#committer.condition;
    const { banned } = this.#prosecution;
    return { banned, phase: this.#joining.phase, epoch: this.#epochs.epoch, pending, frozen };
  }

  /** How far it has come in learning what its neighbourhood holds. */
  get synchronisation(): SyncProgress {
    return this.#catchingUp.progress;
  }

  /** Has its epoch been noted by enough of its neighbours? Before, it says nothing. */
  get opened(): boolean {
    return this.#epochs.opened;
  }

  /** Is there anything that waits for an answer? Then it wants its ticks. */
  get isBusy(): boolean {
    const { pending, unknown } = this.#committer.condition;
    const isWaiting = pending + unknown > 0 || this.#restoring.isSearching;
    return !this.opened || isWaiting || this.#catchingUp.progress.phase !== 'idle';
  }

  /** Members this peer is connected to, or tries to be, nearest first. */
  get neighbours(): readonly Id[] {
    return this.#choosing.neighbours;
  }

  /** Everything that leaves: how long answers take is measured on it. */
  sent(to: Id, message: Message): void {
    this.#choosing.sent(to, message);
  }

  nextSequence(): number {
    return this.#speaking.nextSequence();
  }

  /** After the genesis is known: bans of an earlier life hold on, and the next epoch is opened. */
  restore(founding: readonly Mapping[]): void {
    const { membership, self } = this.#context;
    this.#joining.restore();
    // Of those too who joined later: only whom the membership knows can leave it.
    this.#prosecution.restore();
    this.#catchingUp.restore(membership.counts(self));
    this.#epochs.begin(founding);
  }

  round(): void {
    if (!this.opened) return;
    for (let made = 0; made < MAX_BLOCKS_PER_ROUND; made += 1) {
      const block = this.#context.holdings.round(this.#context.host.now());
      if (block === null) return;
      this.#committer.inBlock(block);
    }
  }

  tick(): void {
    const { isQuiet } = this.#events;
    if (!isQuiet || !this.opened) this.#epochs.tick();
    this.#joining.introduce();
    if (!this.opened) return;
    this.#finder.lookAround();
    if (!isQuiet) this.#lampposts.tick();
    if (!isQuiet) this.#joining.tick();
    this.#committer.tick();
    this.#restoring.tick();
    if (!isQuiet) this.#catchingUp.tick();
  }

  upkeep(): void {
    if (!this.opened || this.#events.isQuiet) return;
    this.#choosing.tick();
    this.#upkeep.tick(this.#choosing.asked);
  }

  onMessage(from: Asker, message: Message, sizeBytes: number): void {
    if (!this.#tolls.admits(from, message)) return;
    if (isEpochMessage(message)) {
      this.#epochs.onMessage(from.id, message);
      return;
    }
    // Bans count at once; all else would be answered or voted on, or is asked for again.
    if (!this.opened && message.type !== 'evidence') return;
    if (from.kind === 'client') this.#prosecution.meet(from.id);
    if (isProvingMessage(message)) {
      this.#catchingUp.onProving(from.id, message, sizeBytes);
      return;
    }
    if (isJoiningMessage(message)) {
      if (from.kind === 'peer') this.#joining.onMessage(from.id, message);
      return;
    }
    const wasAsked = this.#choosing.heard(from.id, message);
    if (isVotingMessage(message)) {
      this.#onVoting(from, message, sizeBytes);
      return;
    }
    switch (message.type) {
      case 'find':
        this.#finder.onFind(from.id, message.near, message.view);
        return;
      case 'found':
        this.#finder.onFound(from.id, message.near, message.members);
        return;
      case 'witness':
        this.#witnesses.onWitness(from.id, message.transaction);
        return;
      case 'commits':
        this.#catchingUp.onCommits(from.id, message, sizeBytes);
        for (const tx of message.txs) this.#committer.expect(from.id, tx, true);
        this.#upkeep.onCommits(from.id, message);
        return;
      case 'statement':
        this.#answers.forwarding.relay(from.id, message);
        this.#hearing.onStatement(from.id, message.statement, wasAsked);
        return;
      case 'block':
        if (!this.#catchingUp.onBlock(from.id, message, sizeBytes) || message.ancestor !== null) {
          this.#hearing.onBlock(from.id, message);
        } else this.#hearing.onRead(from.id, message.block);
        return;
      case 'dispute':
        this.#hearing.onDispute(from.id, message.statements);
        return;
      case 'evidence':
        this.#prosecution.hear(from.id, message.evidence);
        return;
      case 'ask-mapping':
        this.#restoring.want(message.token, true);
        this.#answers.onQuestion(from, message);
        return;
      case 'ask-commits':
        this.#prosecution.catchUp(from.id, message.bans);
        this.#answers.onQuestion(from, message);
        return;
      default:
        this.#answers.onQuestion(from, message);
    }
  }

  /** Would nothing of it be checked again? */
  #isKnown(message: Message): boolean {
    if (message.type === 'submit' || message.type === 'transaction') {
      return this.#committer.knows(message.transaction.id);
    }
    if (message.type !== 'evidence') return false;
    return this.#prosecution.against(message.evidence.accused) !== undefined;
  }

  #onVoting(from: Asker, message: VotingMessage, sizeBytes: number): void {
    switch (message.type) {
      case 'submit':
        for (const { token } of message.transaction.body.changes) this.#finder.refresh(token);
        this.#committer.onTransaction(from.id, message.transaction, 'submit');
        return;
      case 'transaction':
        this.#answers.forwarding.relay(from.id, message);
        this.#restoring.onTransaction(message.transaction);
        this.#catchingUp.onTransaction(message.transaction, sizeBytes);
        this.#committer.onTransaction(from.id, message.transaction, message.commit);
        return;
      case 'vote':
        this.#choosing.onVote(from.id, message.tx, message.ballots);
        this.#committer.onVote(from.id, message.tx, message.ballots, message.committed);
        return;
      case 'signed-vote':
        if (message.vote.peer === from.id) {
          this.#choosing.onVote(from.id, message.vote.tx, message.vote.ballots);
        }
        this.#committer.onSignedVotes(from.id, [message.vote], message.views);
        return;
      case 'vote-certificate':
        this.#committer.onSignedVotes(from.id, message.votes, []);
        return;
      case 'frozen':
        this.#committer.onFrozen(from.id, message.one, message.other);
        return;
      case 'ask-votes':
        this.#committer.onAskVotes(from.id, message.tx);
        return;
      case 'committed':
        this.#joining.own.onCommitted(from.id, message.tx);
        this.#committer.expect(from.id, message.tx, true);
        return;
      default:
        this.#answers.onQuestion(from, message);
    }
  }

  #makeJoining(identity: Identity): Joining {
    const joining = new Joining(
      this.#context,
      { identity, endpoint: () => this.#events.endpoint() },
      {
        judge: (tx) => this.#committer.onTransaction(this.#context.self, tx, 'submit'),
        connected: (id) => this.#events.connected(id),
        isBanned: (id) => this.#prosecution.against(id) !== undefined,
        learn: (member) => this.#events.learn(member),
        forget: (id) => this.#events.forget(id),
        shifted: () => this.#shifted(),
        isSynchronised: () => this.#catchingUp.isSynchronised,
        storesItsRange: (address) => this.#catchingUp.verdict(address) === 'passed',
        phaseChanged: (phase) => this.#events.phaseChanged(phase),
      },
    );
    this.#commitListeners.push((transaction) => joining.committed(transaction));
    return joining;
  }

  #makeHearing(): Hearing {
    return new Hearing(this.#context, this.#speakers, {
      convict: (evidence) => this.#prosecution.hear(null, evidence),
      against: (accused) => this.#prosecution.against(accused),
      stated: (statement) => {
        this.#epochs.hearTime(statement.peer, statement.time);
        this.#prosecution.hearStatement(statement);
      },
      answered: (statement) => {
        this.#restoring.hear(statement);
        this.#catchingUp.onStatement(statement);
        this.#choosing.onStatement(statement, false);
      },
      disputed: (statement) => this.#choosing.onStatement(statement, true),
      committed: (by, mapping) => this.#committer.stated(by, mapping),
      block: (from, wanted, block) => this.#choosing.onBlock(from, wanted, block),
    });
  }

  #banned(accused: Id, wasBeside: boolean): void {
    this.#events.ban(accused);
    this.#speakers.forget(accused);
    this.#epochs.forget(accused);
    this.#choosing.forget(accused);
    if (wasBeside) this.#shifted();
  }

  /** Neighbourhoods of this peer may have other members now. */
  #shifted(): void {
    // This peer may have moved up: what it knows already it takes over, the rest it must learn.
    const { holdings, membership, parameters, self } = this.#context;
    const isNear = (token: Id): boolean => neighbourhood(this.#context, token).includes(self);
    holdings.widen(isNear, membership.foundersAround(self, parameters.k));
    this.#upkeep.startOver();
  }
}
