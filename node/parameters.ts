/**
 * Protocol parameters of one network: every member has the same ones. Where the papers and
 * PROTOCOL.md have two rules for one thing, both are built and chosen here. Times in paper hours are
 * divided by `timeScale`; all others are of this network.
 */
export interface ProtocolParameters {
  /** Size of a token's neighbourhood. */
  readonly k: number;
  /** Which member is near: by ring distance, or by XOR (whitepaper 3.2). */
  readonly distance: 'ring' | 'xor';
  /**
   * Who counts as a neighbour: whose identity token is synchronised, within its lease and older than
   * the trust period, as the neighbourhood itself keeps it; or whom each peer happens to know.
   */
  readonly membership: 'ledger' | 'known';
  /** Whom one connects to: a dense near range, or the papers' ring gradient (0.7 near to 0.1 far). */
  readonly topology: 'near' | 'gradient';
  /** `quorum`: more than 2/3 of the neighbourhood vote valid. `net`: valid − invalid ≥ 2 (the papers'). */
  readonly commitRule: 'quorum' | 'net';
  /** How votes travel: sent to all who count them, or asked for round by round (the papers'). */
  readonly voting: 'push' | 'polled';
  /** How a vote proves its origin: by the sealed channel alone, or by a signature that anyone can check. */
  readonly votes: 'mac' | 'signed';
  /**
   * Which witness tokens of a transaction of high value must pass: two of the three that its own token
   * gives (ledger/rounds.ts), or each of one to three that its owner chooses (the papers').
   */
  readonly witnesses: 'two-of-three' | 'every';
  /** What other neighbourhoods hear: every vote, or one certificate of signed votes (needs `signed`). */
  readonly voteExchange: 'direct' | 'certificates';
  /** Which statements convict: only what no honest peer can produce, or the papers' looser rule. */
  readonly conflictRule: 'chain' | 'paper';
  /** How a newcomer catches up: by the chains of its neighbours, or by polling them (the papers' baseline). */
  readonly synchronisation: 'chain' | 'polling';
  /** Whose key enters a storage challenge: the answerer's (whitepaper) or the asker's (the prototype). */
  readonly storageChallenge: 'responder' | 'requester';
  /** Must an identity be seen within 30 days of its making? */
  readonly freshness: 'on' | 'off';
  /** Is the work for an identity raised with the size that each peer estimates? */
  readonly difficulty: 'fixed' | 'adaptive';
  /** Are neighbours exchanged for others from time to time? */
  readonly swapping: 'on' | 'off';
  /** Share of answers that are checked with somebody else, before disagreement raises it. */
  readonly crossCheckRate: number;
  /** Probability that a question is passed on instead of answered. */
  readonly forwardProbability: number;
  /** How long messages to one remote are gathered, 0–100 ms. */
  readonly batchWindowMs: number;
  readonly pow: {
    readonly memoryKiB: number;
    readonly passes: number;
    /** Trailing zero bits that an address needs. */
    readonly bits: number;
  };
  /** With `adaptive`, the members at which `pow.bits` is right; one more bit for each tenfold. */
  readonly baseSize: number;
  /** Paper hours within which a member renews its identity token. */
  readonly leaseHours: number;
  /** Paper hours from synchronised to counted as a neighbour. */
  readonly trustHours: number;
  /** Paper hours that a lamppost key signs. */
  readonly lamppostHours: number;
  /** Paper hours per hour of this network. */
  readonly timeScale: number;
}

/** What a network gets that says nothing else: testnet work (milliseconds), the safe rules. */
export const DEFAULT_PARAMETERS: ProtocolParameters = {
  k: 8,
  distance: 'ring',
  membership: 'ledger',
  topology: 'near',
  commitRule: 'quorum',
  voting: 'push',
  votes: 'mac',
  voteExchange: 'direct',
  witnesses: 'two-of-three',
  conflictRule: 'chain',
  synchronisation: 'chain',
  storageChallenge: 'responder',
  freshness: 'on',
  difficulty: 'fixed',
  swapping: 'on',
  // PROTOCOL.md 8.
  crossCheckRate: 0.05,
  forwardProbability: 0,
  // Short enough not to be felt beside a wide-area round trip, long enough to gather a burst.
  batchWindowMs: 5,
  pow: { memoryKiB: 64, passes: 1, bits: 4 },
  // Whitepaper 5.2.
  baseSize: 1000,
  // PROTOCOL.md 1.
  leaseHours: 24,
  // Two months, the lower end of PROTOCOL.md 3.
  trustHours: 1460,
  lamppostHours: 24,
  timeScale: 3600,
};

/** The papers' own work (whitepaper 5.2): minutes of a core per bit, hours in all. */
export const PAPER_POW: ProtocolParameters['pow'] = {
  memoryKiB: 65_536,
  passes: 10,
  bits: 17,
};

const HOUR_MS = 3_600_000;

/** Paper hours as milliseconds of this network. */
export function scaledMs(
  hours: number,
  { timeScale }: Pick<ProtocolParameters, 'timeScale'>,
): number {
  return (hours * HOUR_MS) / timeScale;
}
