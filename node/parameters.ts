/** Protocol parameters of one network: every member has the same ones. Durations are of this network. */
export interface ProtocolParameters {
  /** Size of a token's neighbourhood. */
  readonly k: number;
  /** `quorum`: more than 2/3 of the neighbourhood vote valid. `net`: valid − invalid ≥ 2 (the papers'). */
  readonly commitRule: 'quorum' | 'net';
  /** Which pairs of statements convict. Only what no honest peer can produce. */
  readonly conflictRule: 'chain';
  /** How a vote proves its origin: by the sealed channel alone. */
  readonly votes: 'mac';
  readonly pow: {
    readonly memoryKiB: number;
    readonly passes: number;
    /** Trailing zero bits that an address needs. */
    readonly bits: number;
  };
  /** Paper hours per hour of this network. */
  readonly timeScale: number;
}

/** What a network gets that says nothing else: testnet work (milliseconds), the safe rules. */
export const DEFAULT_PARAMETERS: ProtocolParameters = {
  k: 8,
  commitRule: 'quorum',
  conflictRule: 'chain',
  votes: 'mac',
  pow: { memoryKiB: 64, passes: 1, bits: 4 },
  timeScale: 3600,
};
