/**
 * What a row of the claims ledger is. A row says what was claimed, as bounds on figures; its
 * experiment measures those figures and nothing else; `judge.ts` holds the one against the other.
 */

/** One figure that a paper commits itself to, and the bounds within which it is right. */
export interface ClaimedFigure {
  readonly name: string;
  readonly unit: string;
  /** In the paper's words. */
  readonly claimed: string;
  /** What still counts as that; inclusive, null: unbounded. Widened generously where the paper says "about". */
  readonly atLeast: number | null;
  readonly atMost: number | null;
}

/** One row, as data. The experiment is loaded when it is wanted. */
export interface Claim {
  readonly id: string;
  readonly title: string;
  /** In one line, for a table. */
  readonly claimed: string;
  /** Paper and section: W whitepaper, P consensus-performance, E enhanced-synchronization, M minefield. */
  readonly source: string;
  /** Under which the paper says it holds, or that it leaves open. */
  readonly conditions: string;
  /** Why these bounds, and what a figure within or outside of them means. */
  readonly rule: string;
  /** The first one is the headline. */
  readonly figures: readonly [ClaimedFigure, ...ClaimedFigure[]];
  experiment(): Promise<Experiment>;
}

export interface ExperimentOptions {
  readonly seed: number;
  /** A smaller sample: for tests and first looks. */
  readonly quick: boolean;
  /** Takes what the person should know meanwhile. */
  readonly remark: (line: string) => void;
}

/** Must be a function of the seed, but for what is measured on the machine itself. */
export type Experiment = (options: ExperimentOptions) => Promise<Measured> | Measured;

/** A figure with what it is worth. */
export interface Estimate {
  readonly value: number;
  /** 95 %; of what is computed exactly, the value twice. */
  readonly interval: readonly [number, number];
  readonly n: number;
  /** What n counts. */
  readonly of: string;
}

export interface Measured {
  /** By name of the claimed figure; null with its reason: not testable here. */
  readonly figures: Readonly<Record<string, Estimate | { readonly untested: string }>>;
  /** What belongs beside them and is not judged: an exact formula, others' results, a yardstick. */
  readonly beside: readonly { readonly name: string; readonly value: string }[];
  /** Under which all this was measured. */
  readonly conditions: readonly string[];
}

export type Verdict = 'holds' | 'fails' | 'partly' | 'not testable here';

/** A figure is open when its interval lies on both sides of a bound: too few to tell. */
export type FigureVerdict = 'holds' | 'fails' | 'open' | 'untested';

export interface JudgedFigure {
  readonly name: string;
  readonly unit: string;
  readonly claimed: string;
  readonly measured: number | null;
  readonly interval: readonly [number, number] | null;
  readonly n: number;
  readonly of: string;
  readonly verdict: FigureVerdict;
  /** Of what is untested. */
  readonly why: string | null;
}

/** One row of `lab claims --json`. The first figure stands for all in measured, n and interval. */
export interface JudgedClaim {
  readonly id: string;
  readonly title: string;
  readonly claimed: string;
  readonly source: string;
  readonly measured: number | null;
  readonly unit: string;
  readonly n: number;
  readonly interval: readonly [number, number] | null;
  readonly verdict: Verdict;
  /** Which figures made it that. */
  readonly reason: string;
  readonly rule: string;
  /** The paper's first, then ours. */
  readonly conditions: readonly string[];
  readonly figures: readonly JudgedFigure[];
  readonly beside: Measured['beside'];
  readonly seed: number;
  readonly quick: boolean;
  readonly version: string;
  /** Day on which it was measured, `2026-11-21`. */
  readonly measuredOn: string;
  readonly wallMs: number;
  /** The command that measures it again. */
  readonly run: string;
}
