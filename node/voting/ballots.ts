/** What a voter says of one token, and the order of the words on the wire. */
import type { Ballot } from '../decisions.ts';
import type { Id } from '../id.ts';

/** By position: never reorder. */
export const BALLOTS: readonly Ballot[] = ['valid', 'invalid', 'out-of-order'];

export interface TokenBallot {
  readonly token: Id;
  readonly ballot: Ballot;
}
