/** What a campaign's rows say together, cell by cell. Every rate with its n and its interval. */
import {
  type JudgedDetector,
  type JudgedRun,
  judgeDetectors,
} from '../analysis/detector-judgement.ts';
import type { AttackResult, RunResult } from '../analysis/result.ts';
import {
  bootstrapInterval,
  clusteredRate,
  quantile,
  type Rate,
  rateOf,
  upperOfNone,
} from '../analysis/statistics.ts';
import { type Duration, kaplanMeier } from '../analysis/survival.ts';
import { Streams } from '../simulator/random.ts';
import type { Campaign } from './definition.ts';
import { type CampaignRow, judgementOf } from './rows.ts';

/** A rate of something that must not happen to the honest. */
export interface HonestRate extends Rate {
  /** Events over honest peer-runs: one honest peer in one run is one trial. */
  readonly events: number;
  /** When there was none: what the rate may still be, at 95 % (the rule of three, exact). */
  readonly upper95: number | null;
}

/** A figure over runs. */
export interface Estimate {
  readonly value: number | null;
  /** Of what it was measured in: runs, or transactions. */
  readonly n: number;
  readonly interval: readonly [number, number] | null;
}

/** From an offender's first lie to an event, Kaplan–Meier over all offenders of all runs. */
export interface TimeTo {
  readonly n: number;
  readonly events: number;
  /** Null: half of them had not had it when their runs ended. */
  readonly medianMs: number | null;
  readonly intervalMs: readonly [number | null, number | null];
}

export interface PartSummary {
  readonly settings: readonly string[];
  readonly runs: number;
  readonly broke: number;
  readonly committed: Rate;
  readonly finality: {
    readonly unit: 'ms';
    readonly p50: Estimate;
    readonly p90: Estimate;
    readonly p99: Estimate;
  };
  readonly falsePositives: HonestRate;
  readonly falseSlashes: HonestRate;
  readonly safetyViolations: number;
}

export interface CellSummary extends PartSummary {
  readonly values: Readonly<Record<string, string>>;
  /** Its honest control, by number. */
  readonly control: number | null;
  /** Of attacks that struck and could be judged. */
  readonly success: Rate;
  /** Of offenders; the unit is the identity. */
  readonly detection: Rate & { readonly unit: 'identity' };
  readonly toEvidence: TimeTo;
  readonly toBan: TimeTo;
  readonly toSlash: TimeTo;
  /** What the attack's judge counted, per run. */
  readonly damage: Readonly<Record<string, Estimate>>;
  readonly cost: {
    readonly attempts: Estimate;
    readonly coreSeconds: Estimate;
    readonly usd: Estimate;
  };
  /** On seeds that did not choose their thresholds, the cell's honest control among them. */
  readonly detectors: readonly JudgedDetector[];
}

export interface CampaignSummary {
  readonly campaign: string;
  readonly name: string;
  readonly versions: readonly string[];
  readonly driver: string;
  readonly cryptography: string;
  readonly seeds: number;
  /** Of how many runs there is a result, and how many were asked for. */
  readonly runs: { readonly asked: number; readonly done: number; readonly broke: number };
  readonly cells: readonly CellSummary[];
  readonly controls: readonly PartSummary[];
  readonly broken: readonly { readonly error: string; readonly command: string }[];
}

type Done = Extract<CampaignRow, { readonly state: 'done' }>;

/** Equal rows give equal figures: what is drawn for intervals is a function of the cell. */
export function summarise(
  name: string,
  campaign: Campaign,
  rows: readonly CampaignRow[],
): CampaignSummary {
  const of = (part: CampaignRow['part'], index: number): readonly CampaignRow[] =>
    rows.filter((row) => row.part === part && row.index === index);
  const { cells, controls, seeds, driver, cryptography } = campaign;
  const broken = rows.flatMap((row) => (row.state === 'broke' ? [row] : []));
  return {
    campaign: name,
    name: campaign.name,
    versions: [...new Set(rows.map(({ version }) => version))],
    driver,
    cryptography,
    seeds: seeds.length,
    runs: {
      asked: seeds.length * (cells.length + controls.length),
      done: rows.length - broken.length,
      broke: broken.length,
    },
    cells: cells.map((cell, index) => ({
      values: cell.values,
      control: cell.control,
      ...partSummary(cell.settings, of('cell', index)),
      ...attackSummary(of('cell', index).filter(isDone)),
      detectors: detectorsOf(campaign, [
        ...of('cell', index).filter(isDone),
        ...(cell.control === null ? [] : of('control', cell.control).filter(isDone)),
      ]),
    })),
    controls: controls.map(({ settings }, index) => partSummary(settings, of('control', index))),
    broken: broken.map(({ error, command }) => ({ error, command })),
  };
}

function isDone(row: CampaignRow): row is Done {
  return row.state === 'done';
}

function partSummary(settings: readonly string[], rows: readonly CampaignRow[]): PartSummary {
  const done = rows.filter(isDone);
  const results = done.map(({ result }) => result);
  return {
    settings,
    runs: done.length,
    broke: rows.length - done.length,
    committed: clusteredRate(
      results.map(({ transactions: { committed, submitted } }) => {
        return { successes: committed, n: submitted };
      }),
    ),
    finality: {
      unit: 'ms',
      p50: finality(done, 0.5),
      p90: finality(done, 0.9),
      p99: finality(done, 0.99),
    },
    falsePositives: honestRate(results, ({ detection }) => detection.falsePositives),
    falseSlashes: honestRate(results, ({ detection }) => detection.falseSlashes),
    safetyViolations: sum(results.map(({ transactions }) => transactions.safetyViolations)),
  };
}

function attackSummary(
  done: readonly Done[],
): Omit<CellSummary, keyof PartSummary | 'values' | 'control' | 'detectors'> {
  const attacks = done.flatMap(({ result }) => result.attacks);
  const judged = attacks.filter(({ succeeded }) => succeeded !== null);
  const figures = new Set(
    attacks.flatMap(({ success }) =>
      Object.entries(success).flatMap(([name, value]) => (typeof value === 'number' ? [name] : [])),
    ),
  );
  const costOf = (part: keyof AttackResult['cost']): Estimate =>
    mean(
      part,
      attacks.map(({ cost }) => cost[part]),
    );
  return {
    success: rateOf(judged.filter(({ succeeded }) => succeeded === true).length, judged.length),
    detection: {
      unit: 'identity',
      ...clusteredRate(
        done.map(({ result: { detection } }) => {
          return { successes: detection.truePositives, n: detection.offenders };
        }),
      ),
    },
    toEvidence: timeTo(done, 'detectedMs'),
    toBan: timeTo(done, 'bannedMs'),
    toSlash: timeTo(done, 'slashedMs'),
    damage: Object.fromEntries(
      [...figures].map((name) => [
        name,
        mean(
          name,
          attacks.map(({ success }) => {
            const value = success[name];
            return typeof value === 'number' ? value : null;
          }),
        ),
      ]),
    ),
    cost: {
      attempts: costOf('attempts'),
      coreSeconds: costOf('coreSeconds'),
      usd: costOf('usd'),
    },
  };
}

/** Of honest identities in the runs that choose thresholds, so many may be flagged. */
export const FALSE_POSITIVES = 0.01;

function detectorsOf(
  { seeds, training }: Campaign,
  done: readonly Done[],
): readonly JudgedDetector[] {
  const learning = new Set(seeds.slice(0, training));
  const judged = (isLearnt: boolean): readonly JudgedRun[] =>
    done.flatMap(({ seed, observed }) =>
      learning.has(seed) === isLearnt ? [judgementOf(observed.detectors)] : [],
    );
  return judgeDetectors(judged(true), judged(false), FALSE_POSITIVES);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** Over all transactions of all runs; runs are what is drawn again, since theirs share a network. */
function finality(done: readonly Done[], level: number): Estimate {
  const runs = done.map(({ observed }) => observed.finalityMs);
  const over = (chosen: readonly (readonly number[])[]): number | null =>
    quantile(
      chosen.flat().sort((a, b) => a - b),
      level,
    );
  const random = new Streams('campaign').stream('finality', level);
  return {
    value: over(runs),
    n: sum(runs.map(({ length }) => length)),
    interval: bootstrapInterval(runs, over, () => random.next()),
  };
}

function mean(name: string, values: readonly (number | null)[]): Estimate {
  const known = values.filter((value) => value !== null);
  const over = (chosen: readonly number[]): number | null =>
    chosen.length === 0 ? null : sum(chosen) / chosen.length;
  const random = new Streams('campaign').stream('mean', name);
  return {
    value: over(known),
    n: known.length,
    interval: bootstrapInterval(known, over, () => random.next()),
  };
}

function honestRate(
  results: readonly RunResult[],
  count: (result: RunResult) => number,
): HonestRate {
  const clusters = results.map((result) => ({ successes: count(result), n: result.peers.honest }));
  const events = sum(clusters.map(({ successes }) => successes));
  const rate = clusteredRate(clusters);
  const upper95 = events === 0 ? upperOfNone(rate.n) : null;
  return { ...rate, events, upper95 };
}

function timeTo(done: readonly Done[], event: CaseEvent): TimeTo {
  const results = done.map(({ result }) => result);
  const {
    n,
    events,
    medianMs,
    medianIntervalMs: intervalMs,
  } = kaplanMeier(durationsTo(results, event));
  return { n, events, medianMs, intervalMs };
}

/** What may happen to an offender, by its field in an attack's cases. */
export type CaseEvent = 'detectedMs' | 'bannedMs' | 'slashedMs';

/**
 * From each offender's first lie to the event; who had not had it when the load ended counts as looked
 * at until then.
 */
export function durationsTo(results: readonly RunResult[], event: CaseEvent): readonly Duration[] {
  return results.flatMap(({ attacks, durationMs }) =>
    attacks.flatMap(({ cases }) =>
      cases.flatMap((one): readonly Duration[] => {
        const { firstLieMs, [event]: atMs } = one;
        if (firstLieMs === null) return [];
        if (atMs !== null && atMs >= firstLieMs) {
          return [{ timeMs: atMs - firstLieMs, observed: true }];
        }
        return [{ timeMs: Math.max(0, durationMs - firstLieMs), observed: false }];
      }),
    ),
  );
}
