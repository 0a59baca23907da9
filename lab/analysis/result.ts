/** The JSON of `lab run`, `lab demo` and each row of a campaign (CONTRACT.md). Not measured is null. */

export interface Quantiles {
  readonly n: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

export interface LinkMeasurement {
  readonly from: string;
  readonly to: string;
  readonly askedRttMs: number;
  readonly measuredRttMs: number | null;
  readonly askedLoss: number;
  readonly measuredLoss: number | null;
  readonly n: number;
  readonly ok: boolean;
}

export interface AttackResult {
  readonly id: string;
  readonly name: string;
  readonly succeeded: boolean | null;
  readonly success: Readonly<Record<string, unknown>>;
  /** Ms after the load started. */
  readonly strikeMs: number | null;
  readonly firstDetectedMs: number | null;
  /** Medians over offenders, from the first lie: to evidence, to the first ban, to the vote executed. */
  readonly timeToDetectMs: number | null;
  readonly timeToBanMs: number | null;
  readonly timeToSlashMs: number | null;
  readonly detectedBy: readonly string[];
  /** One entry per offender, in the order of their lies; ms after the load started. */
  readonly cases: readonly {
    readonly member: string;
    readonly lies: number;
    readonly firstLieMs: number | null;
    readonly detectedMs: number | null;
    readonly bannedMs: number | null;
    readonly slashedMs: number | null;
  }[];
  readonly adversaries: number;
  readonly offenders: number;
  readonly detected: number;
  readonly slashed: number;
  readonly cost: {
    readonly attempts: number | null;
    readonly coreSeconds: number | null;
    readonly usd: number | null;
  };
}

export interface RunResult {
  readonly run: string;
  readonly testnet: string;
  readonly driver: string;
  readonly shaping: 'netem' | 'userspace' | 'simulated' | 'none';
  readonly shapingOk: boolean;
  readonly fidelity: { readonly ok: boolean; readonly reasons: readonly string[] };
  readonly seed: number;
  /** The honest control of a testnet: its adversaries were made honest, its attacks left out. */
  readonly honestControl: boolean;
  readonly version: string;
  /** Of a simulated run, hex: the same version, manifest and seed give the same. */
  readonly traceHash: string | null;
  /** Ideal, in simulated runs only: unforgeable by construction, at no cost. */
  readonly cryptography: 'real' | 'ideal';
  readonly timeScale: number;
  readonly commitRule: string;
  readonly conflictRule: string;
  readonly durationMs: number;
  readonly wallMs: number;
  readonly peers: {
    readonly honest: number;
    readonly adversarial: number;
    readonly clients: number;
    /** Peers, honest or adversarial, that joined while the load was on. */
    readonly newcomers: number;
  };
  readonly transactions: {
    readonly submitted: number;
    readonly committed: number;
    readonly timedOut: number;
    readonly conflicting: number;
    readonly safetyViolations: number;
  };
  readonly finality: Quantiles & {
    readonly unit: 'ms';
    readonly atFirst: Quantiles;
    readonly atAll: Quantiles;
    /** Committed, and not counted in n: too few honest keepers, or not enough of them in time. */
    readonly unreached: { readonly tooFewHonestKeepers: number; readonly notInTime: number };
  };
  readonly messages: {
    readonly perCommit: number | null;
    readonly datagramsPerCommit: number | null;
    readonly perPeerPerCommit: number | null;
    readonly bytesPerPeerPerSecond: number | null;
    readonly byType: Readonly<Record<string, { readonly count: number; readonly bytes: number }>>;
  };
  /** Between keepers and the voters they heard, per commit: members in both over members in either. */
  readonly views: {
    readonly n: number;
    readonly meanOverlap: number | null;
    readonly p10: number | null;
  };
  readonly links: readonly LinkMeasurement[];
  readonly attacks: readonly AttackResult[];
  readonly detection: {
    readonly unit: 'identity';
    readonly observerQueriesPerSecond: number | null;
    readonly offenders: number;
    readonly truePositives: number;
    readonly falsePositives: number;
    readonly falseNegatives: number;
    readonly rate: number | null;
    readonly rateInterval: readonly [number, number] | null;
    readonly falseSlashes: number;
    /** Of the detection layers that weigh less than evidence; null: none reported anything. */
    readonly byLayer:
      | readonly {
          readonly layer: string;
          /** Distinct identities, of which adversarial and honest ones. */
          readonly flagged: number;
          readonly truePositives: number;
          readonly falsePositives: number;
          /** What it cost the honest peers; null: not measured. */
          readonly checks: number | null;
          readonly messages: number | null;
          readonly bytes: number | null;
          readonly signatures: number | null;
        }[]
      | null;
  };
  readonly expectations: readonly {
    readonly expression: string;
    readonly value: unknown;
    /** null: not judged, since an honest control has no attack to speak of. */
    readonly ok: boolean | null;
  }[];
  readonly reportPath: string | null;
  readonly telemetry: { readonly rows: number; readonly dropped: number };
}
