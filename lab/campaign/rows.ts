/** The runs of a campaign, in the order in which they are made, and the row that each leaves. */
import { z } from 'zod';
import type { JudgedRun } from '../analysis/detector-judgement.ts';
import type { RunResult } from '../analysis/result.ts';
import type { Campaign } from './definition.ts';

/** One run to be made. */
export interface CampaignRun {
  /** `c3-s17`: cell 3, seed 17; `h0-s17`: control 0. Unique in its campaign. */
  readonly id: string;
  readonly part: 'cell' | 'control';
  /** Of the cell or control, from 0. */
  readonly index: number;
  readonly seed: number;
  readonly settings: readonly string[];
}

/** What is kept of a run beside its result. */
export interface Observations {
  /** Finality of every transaction that reached it, ms, ascending. */
  readonly finalityMs: readonly number[];
  /** What network-level detectors said, blind to the truth, and the truth. */
  readonly detectors: StoredJudgement;
}

/** A judged run as JSON keeps it; whom a detector saw nothing against is left out. */
export type StoredJudgement = Omit<JudgedRun, 'guilty'> & {
  /** Addresses of peers. */
  readonly honest: readonly string[];
  readonly adversarial: readonly string[];
};

/** For a row. */
export function storedJudgement({ guilty, report, ...judged }: JudgedRun): StoredJudgement {
  const of = (wanted: boolean): string[] =>
    [...guilty].flatMap(([address, isGuilty]) => (isGuilty === wanted ? [address] : []));
  const scores = report.scores.filter(({ score }) => score > 0);
  return { ...judged, report: { ...report, scores }, honest: of(false), adversarial: of(true) };
}

/** From a row. */
export function judgementOf({ honest, adversarial, ...judged }: StoredJudgement): JudgedRun {
  const guilty = new Map([
    ...honest.map((address) => [address, false] as const),
    ...adversarial.map((address) => [address, true] as const),
  ]);
  return { ...judged, guilty };
}

/** What a worker made of a run. */
export type Outcome =
  | {
      readonly state: 'done';
      readonly result: RunResult;
      readonly observed: Observations;
      /** Processor time of its thread, ms; null: not in one process. */
      readonly cpuMs: number | null;
    }
  | { readonly state: 'broke'; readonly error: string };

/** One line of `results.jsonl`. The last one of an id counts. */
export type CampaignRow = CampaignRun & {
  readonly version: string;
  /** Carries this one run out again; a simulated one to the same trace hash. */
  readonly command: string;
} & Outcome;

/** Seed by seed through all cells and controls: what there is so far compares all of them alike. */
export function runsOf({ cells, controls, seeds }: Campaign): readonly CampaignRun[] {
  return seeds.flatMap((seed) => [
    ...cells.map(({ settings }, index): CampaignRun => {
      return { id: `c${index}-s${seed}`, part: 'cell', index, seed, settings };
    }),
    ...controls.map(({ settings }, index): CampaignRun => {
      return { id: `h${index}-s${seed}`, part: 'control', index, seed, settings };
    }),
  ]);
}

const rowSchema = z.object({
  id: z.string(),
  part: z.enum(['cell', 'control']),
  index: z.number(),
  seed: z.number(),
  state: z.enum(['done', 'broke']),
});

/** A line as this same package wrote it; null of what a crash left of one. */
export function parseRow(line: string): CampaignRow | null {
  try {
    const row: unknown = JSON.parse(line);
    rowSchema.parse(row);
    return asRow(row);
  } catch {
    return null;
  }
}

/** Written by this same package, and whole: its beginning and its end were read. */
function asRow(row: unknown): CampaignRow {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return row as CampaignRow;
}
