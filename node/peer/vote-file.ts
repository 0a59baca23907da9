/**
 * Signed votes of what was committed here, by what they bind their voters to (PROTOCOL.md 4): when a
 * rival turns out to have passed at another keeper, they are held against those that it has.
 *
 * In memory only: every keeper on either side of a split holds its own, and one of each side that
 * still runs is enough.
 */
import type { Id } from '../id.ts';
import type { Transaction } from '../ledger/types.ts';
import { boundTo } from '../voting/lock.ts';
import { fits } from '../voting/pending.ts';
import { isDoubleVote, type SignedBallot, type SignedVote } from '../voting/signed-vote.ts';

/**
 * Commits and votes on them, about a kilobyte each, the oldest commit forgotten first: 900 of a
 * neighbourhood of eight. All of k neighbours have been asked what they committed after k seconds
 * (upkeep.ts).
 */
const MAX_KEPT = 8192;
/** Shown to one that committed a rival so often: one may be lost, and its word is heard many times. */
const MAX_SHOWN = 2;

/** What a change is about: its token, and the mapping that it follows. */
export type Place = Pick<SignedBallot, 'token' | 'previous'>;

interface Kept {
  readonly vote: SignedVote;
  /** False: it came from its voter when nothing depended on it any more, and nobody looked. */
  isChecked: boolean;
}

interface Commit {
  /** So many members nearest a token vote on it. */
  readonly reach: number;
  /** Place → voter → its `valid`. */
  readonly places: ReadonlyMap<string, Map<Id, Kept>>;
  readonly shown: Map<Id, number>;
}

/** Is this vote its voter's own? */
export type Check = (vote: SignedVote) => boolean;

export class VoteFile {
  readonly #check: Check;
  readonly #commits = new Map<Id, Commit>();
  /** Place → what was committed there. */
  readonly #after = new Map<string, Set<Id>>();
  #size = 0;

  constructor(check: Check) {
    this.#check = check;
  }

  /** It passed here; `votesOn`: the checked `valid` of its keepers, of whom there are `reach`. */
  committed(
    transaction: Transaction,
    reach: number,
    votesOn: (token: Id) => readonly SignedVote[],
  ): void {
    if (this.#commits.has(transaction.id)) return;
    const places = new Map<string, Map<Id, Kept>>();
    this.#size += 1;
    for (const change of transaction.body.changes) {
      // What takes a mapping from nobody has no rival.
      if (boundTo(transaction, change) !== change.previous) continue;
      const votes = votesOn(change.token)
        .filter(({ ballots }) => ballots.every((ballot) => fits(transaction, ballot)))
        .map((vote) => [vote.peer, { vote, isChecked: true }] as const);
      const key = keyOf(change);
      places.set(key, new Map(votes));
      this.#size += votes.length;
      const there = this.#after.get(key) ?? new Set();
      this.#after.set(key, there.add(transaction.id));
    }
    this.#commits.set(transaction.id, { reach, places, shown: new Map() });
    this.#forgetOldest();
  }

  /** Of how many members nearest a token is a late vote on this worth keeping? 0: of none. */
  reach(tx: Id): number {
    return this.#commits.get(tx)?.reach ?? 0;
  }

  /** A vote of who was late, not looked at. */
  late(vote: SignedVote): void {
    const places = this.#commits.get(vote.tx)?.places;
    if (!vote.ballots.every((ballot) => places?.has(keyOf(ballot)))) return;
    for (const ballot of vote.ballots) {
      const there = places?.get(keyOf(ballot));
      if (ballot.ballot !== 'valid' || there === undefined || there.has(vote.peer)) continue;
      there.set(vote.peer, { vote, isChecked: false });
      this.#size += 1;
    }
    this.#forgetOldest();
  }

  /** Has another transaction than this passed here at one of the places that it was voted valid at? */
  hasRival({ tx, ballots }: SignedVote): boolean {
    return ballots.some(
      (ballot) => ballot.ballot === 'valid' && this.#rivals(keyOf(ballot), tx).length > 0,
    );
  }

  /** What its voter said, in the same epoch, of a rival: never honest. `vote` was checked. */
  contradiction(vote: SignedVote): SignedVote | null {
    for (const ballot of vote.ballots) {
      const key = keyOf(ballot);
      for (const rival of this.#rivals(key, vote.tx)) {
        const kept = this.#commits.get(rival)?.places.get(key)?.get(vote.peer);
        if (kept === undefined || !isDoubleVote(kept.vote, vote)) continue;
        kept.isChecked ||= this.#check(kept.vote);
        if (kept.isChecked) return kept.vote;
      }
    }
    return null;
  }

  /**
   * `to` has committed `tx` there: votes on each rival of it that passed here, to be shown to it, a
   * few times at most. `mayShow`: also asked, where so many members nearest the token vote on it.
   */
  against(
    to: Id,
    tx: Id,
    place: Place,
    mayShow: (reach: number) => boolean,
  ): readonly (readonly SignedVote[])[] {
    const key = keyOf(place);
    return this.#rivals(key, tx).flatMap((rival) => {
      const commit = this.#commits.get(rival);
      const shown = commit?.shown.get(to) ?? 0;
      if (commit === undefined || shown >= MAX_SHOWN || !mayShow(commit.reach)) return [];
      commit.shown.set(to, shown + 1);
      return [[...(commit.places.get(key)?.values() ?? [])].map(({ vote }) => vote)];
    });
  }

  #rivals(key: string, tx: Id): readonly Id[] {
    return [...(this.#after.get(key) ?? [])].filter((other) => other !== tx);
  }

  #forgetOldest(): void {
    while (this.#size > MAX_KEPT) {
      const [oldest] = this.#commits;
      if (oldest === undefined) return;
      const [tx, { places }] = oldest;
      this.#commits.delete(tx);
      this.#size -= 1;
      for (const [key, votes] of places) {
        this.#size -= votes.size;
        const there = this.#after.get(key);
        there?.delete(tx);
        if (there?.size === 0) this.#after.delete(key);
      }
    }
  }
}

function keyOf({ token, previous }: Place): string {
  return `${token}/${previous}`;
}
