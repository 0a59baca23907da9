/**
 * What voters say, in the form that the network asks for (PROTOCOL.md 4): vouched for by the sealed
 * channel, or signed. With `votes: signed` nothing counts that was not checked here.
 */
import type { Ballot } from '../decisions.ts';
import type { Id } from '../id.ts';
import type { Transaction } from '../ledger/types.ts';
import { boundTo } from '../voting/lock.ts';
import { fits, type Pending } from '../voting/pending.ts';
import {
  CheckedCertificates,
  isDoubleVote,
  MAX_CERTIFIED_VOTES,
  type SignedVote,
  signVote,
  verifySignedVote,
} from '../voting/signed-vote.ts';
import { sketchOf, type ViewSketch } from '../voting/view-sketch.ts';
import type { Message } from '../wire/messages.ts';
import type { ToldBallot } from '../wire/voting.ts';
import { Allowance } from './allowance.ts';
import { keepersOf, type PeerContext } from './context.ts';
import { type Place, VoteFile } from './vote-file.ts';

/** Signatures to check for one remote, a tenth of a millisecond each: a burst of certificates. */
const CHECKS_PER_SECOND = 600;
/** `valid` votes held against later ones, oldest forgotten: some minutes of a busy neighbourhood. */
const MAX_HELD = 4096;
/**
 * Certificates, of ten kilobytes at most, for one that committed rivals: whoever votes for two
 * rivals is convicted by the first, and more rivals than one at a time are seldom.
 */
const SHOWN_PER_SECOND = 4;

export type DoubleVote = (a: SignedVote, b: SignedVote) => void;

export class BallotBox {
  readonly #context: PeerContext;
  readonly #doubleVote: DoubleVote;
  readonly #certificates = new CheckedCertificates();
  readonly #checks = new Allowance(CHECKS_PER_SECOND, 1000);
  /** voter / token / previous / epoch → its `valid`. */
  readonly #held = new Map<string, SignedVote>();
  /** Of what passed here: beyond the reach of who floods the table above. */
  readonly #file: VoteFile;
  readonly #shown = new Allowance(SHOWN_PER_SECOND, 1000);

  constructor(context: PeerContext, doubleVote: DoubleVote) {
    this.#context = context;
    this.#doubleVote = doubleVote;
    this.#file = new VoteFile((vote) => this.#isVoters(vote));
  }

  get isSigned(): boolean {
    return this.#context.parameters.votes === 'signed';
  }

  /** It cannot sign: it has come back and not opened its epoch yet. */
  get isMute(): boolean {
    return this.isSigned && !this.#context.holdings.chain.opened;
  }

  /** This peer's word on a transaction under vote. Not while it is mute, nor `seenToPass`. */
  own(transaction: Transaction, ballots: ReadonlyMap<Id, Ballot>): Message {
    const told = transaction.body.changes.flatMap((change) => {
      const { token } = change;
      const previous = boundTo(transaction, change);
      const ballot = ballots.get(token);
      const view = sketchOf(keepersOf(this.#context, transaction, token));
      return ballot === undefined ? [] : [{ token, previous, ballot, view }];
    });
    return this.#word(transaction.id, told, false);
  }

  /** It has seen every token pass: said of what is committed, whatever it voted. */
  seenToPass(tx: Id): Message {
    return this.#word(tx, [], true);
  }

  /** Counts a vote that the channel vouches for. */
  hear(from: Id, pending: Pending, ballots: readonly ToldBallot[], committed: boolean): void {
    pending.hear(from, ballots, committed);
    for (const { token, view } of ballots) pending.view(from, token, view);
  }

  /** Counts signed votes, whoever brings them; `views` goes with a vote from its voter itself. */
  hearSigned(
    from: Id,
    pending: Pending,
    votes: readonly SignedVote[],
    views: readonly ViewSketch[],
  ): void {
    const { transaction } = pending;
    for (const vote of votes) {
      if (!pending.hasKept(vote) && !this.#isGood(from, vote)) continue;
      const fitting = vote.ballots.filter(
        (ballot) => transaction === null || fits(transaction, ballot),
      );
      pending.hear(vote.peer, fitting, vote.committed);
      if (fitting.length === vote.ballots.length) pending.keep(vote);
      if (vote.peer !== from) continue;
      if (vote.committed && transaction !== null) this.passedAt(from, transaction);
      for (const [index, { token }] of vote.ballots.entries()) {
        pending.view(from, token, views[index] ?? []);
      }
    }
  }

  /** It passes here: its votes are kept for the case that a rival has passed elsewhere. */
  passed(pending: Pending, transaction: Transaction): void {
    if (!this.isSigned) return;
    const reach = this.#context.parameters.k + transaction.body.extraNeighbours;
    this.#file.committed(transaction, reach, (token) =>
      pending.signedValid(token, keepersOf(this.#context, transaction, token)),
    );
  }

  /** Signed votes on what has passed here: they change nothing, and may be one side of two. */
  hearLate(from: Id, votes: readonly SignedVote[]): void {
    const { membership } = this.#context;
    for (const vote of votes) {
      // Once a rival is known each is looked at, whoever brings it.
      if (this.#file.hasRival(vote)) this.#isGood(from, vote);
      const reach = this.#file.reach(vote.tx);
      const isVoter = vote.ballots.every(({ token }) => membership.isNear(from, token, reach));
      if (vote.peer === from && reach > 0 && isVoter) this.#file.late(vote);
    }
  }

  /** `by` says that this has passed there: votes on a rival of it that passed here are shown to it. */
  passedAt(by: Id, { id, body }: Transaction): void {
    for (const change of body.changes) this.tookPlace(by, id, change);
  }

  /** The same of one token. */
  tookPlace(by: Id, tx: Id, { token, previous }: Place): void {
    const { host, membership, self, send } = this.#context;
    if (!this.isSigned || by === self) return;
    const mayShow = (reach: number): boolean =>
      membership.isNear(by, token, reach) && this.#shown.take(by, host.now());
    for (const votes of this.#file.against(by, tx, { token, previous }, mayShow)) {
      // Who is banned cannot be convicted again, and nobody convicts itself.
      const others = votes
        .filter(({ peer }) => peer !== by && peer !== self && membership.has(peer))
        .toSorted((a, b) => (a.peer < b.peer ? -1 : 1));
      for (let at = 0; at < others.length; at += MAX_CERTIFIED_VOTES) {
        const some = others.slice(at, at + MAX_CERTIFIED_VOTES);
        send(by, { type: 'vote-certificate', votes: some });
      }
    }
  }

  #word(
    tx: Id,
    ballots: readonly (ToldBallot & { readonly previous: Id })[],
    committed: boolean,
  ): Message {
    if (!this.isSigned) {
      const told = ballots.map(({ token, ballot, view }) => ({ token, ballot, view }));
      return { type: 'vote', tx, committed, ballots: told };
    }
    const { holdings, network, self } = this.#context;
    const signed = ballots.map(({ token, previous, ballot }) => ({ token, previous, ballot }));
    const vote = signVote(
      { network, peer: self, tx, committed, ballots: signed },
      holdings.chain.session,
    );
    const views = vote.ballots.map(
      ({ token }) => ballots.find((told) => told.token === token)?.view ?? [],
    );
    return { type: 'signed-vote', vote, views };
  }

  #isGood(from: Id, vote: SignedVote): boolean {
    const { host, self } = this.#context;
    if (vote.peer === self) return from === self;
    if (!this.#checks.take(from, host.now()) || !this.#isVoters(vote)) return false;
    this.#compare(vote);
    return true;
  }

  #isVoters(vote: SignedVote): boolean {
    const { membership, network } = this.#context;
    const voter = membership.get(vote.peer);
    if (voter === undefined || vote.network !== network) return false;
    return verifySignedVote(vote, voter.record.identityKey, this.#certificates);
  }

  #compare(vote: SignedVote): void {
    const filed = this.#file.contradiction(vote);
    if (filed !== null) {
      this.#doubleVote(filed, vote);
      return;
    }
    for (const { token, previous, ballot } of vote.ballots) {
      if (ballot !== 'valid') continue;
      const key = `${vote.peer}/${token}/${previous}/${vote.certificate.epoch}`;
      const before = this.#held.get(key);
      if (before === undefined) this.#hold(key, vote);
      else if (isDoubleVote(before, vote)) {
        this.#doubleVote(before, vote);
        return;
      }
    }
  }

  #hold(key: string, vote: SignedVote): void {
    const [oldest] = this.#held.keys();
    if (oldest !== undefined && this.#held.size >= MAX_HELD) this.#held.delete(oldest);
    this.#held.set(key, vote);
  }
}
