/**
 * What a message is worth when not all can be sent or handled (PROTOCOL.md 2): of what waits, the
 * least valuable is shed first. A peer reads only the type byte to tell.
 */
import type { MessageValue } from '../transport/shedding.ts';
import type { MessageType } from './messages.ts';

/** A type that is missing here does not compile: say what it is worth. */
export const VALUES: Readonly<Record<MessageType, MessageValue>> = {
  // Without these nothing commits, and liars stay: each is small, and few ways bring it.
  vote: 4,
  evidence: 4,
  // Without these a restarted peer stays silent: four small ones per start.
  'ask-epoch': 4,
  epoch: 4,
  'announce-epoch': 4,
  'epoch-noted': 4,
  // What others vote on, or commit late without; asked for again, but only after a wait.
  transaction: 3,
  'signed-vote': 3,
  'vote-certificate': 3,
  'ask-votes': 3,
  dispute: 3,
  // Whoever misses it counts others than its neighbours do.
  standings: 3,
  committed: 3,
  // Work that somebody waits for and repeats.
  submit: 2,
  'get-transaction': 2,
  introduce: 2,
  'ask-identity': 2,
  statement: 2,
  'storage-proof': 2,
  block: 2,
  // Questions: whoever asks can ask somebody else.
  'ask-mapping': 1,
  'get-block': 1,
  forward: 1,
  commits: 1,
  // A copy more or less: two send it, and k keep it.
  witness: 1,
  // Told by every keeper that saw both.
  frozen: 1,
  find: 1,
  challenge: 1,
  found: 1,
  // Upkeep: asked again of another neighbour in its turn anyway.
  'ask-commits': 0,
  'ask-standings': 0,
};
