/**
 * Times to an event of which some were not seen to come: the run ended before (right censoring). The
 * product-limit estimate (Kaplan and Meier 1958) with Greenwood's variance (1926), intervals on the
 * log(−log) scale (Kalbfleisch and Prentice 1980), which stay inside 0–1, and the median with the
 * interval of Brookmeyer and Crowley (1982). Checked against the 6-MP arm of Freireich et al. (1963).
 */
import { Z_95 } from './statistics.ts';

/** One identity, one transaction, one run: whatever the event may happen to once. */
export interface Duration {
  /** From its start to the event, or to when it was last looked at. */
  readonly timeMs: number;
  /** False: the event had not come by then. */
  readonly observed: boolean;
}

/** The estimate just after a time at which at least one event came. */
export interface SurvivalStep {
  readonly timeMs: number;
  /** Still without the event and looked at, just before. */
  readonly atRisk: number;
  readonly events: number;
  /** Share without the event. */
  readonly survival: number;
  /** Greenwood's. */
  readonly standardError: number;
  /** At 95 %; null once nobody is left, when there is none on this scale. */
  readonly interval: readonly [number, number] | null;
}

export interface Survival {
  readonly n: number;
  readonly events: number;
  readonly steps: readonly SurvivalStep[];
  /** The first time by which half had the event; null: not reached. */
  readonly medianMs: number | null;
  /** At 95 %; an end is null when it was not reached. */
  readonly medianIntervalMs: readonly [number | null, number | null];
}

/** Those looked at up to a time count as at risk at it, so an event comes before a censoring at once. */
export function kaplanMeier(durations: readonly Duration[]): Survival {
  const sorted = [...durations].sort((a, b) => a.timeMs - b.timeMs);
  const steps: SurvivalStep[] = [];
  let survival = 1;
  let greenwood = 0;
  let at = 0;
  while (at < sorted.length) {
    const timeMs = sorted[at]?.timeMs ?? 0;
    const atRisk = sorted.length - at;
    let events = 0;
    for (; sorted[at]?.timeMs === timeMs; at += 1) if (sorted[at]?.observed === true) events += 1;
    if (events === 0) continue;
    survival *= 1 - events / atRisk;
    if (events < atRisk) greenwood += events / (atRisk * (atRisk - events));
    const standardError = survival * Math.sqrt(greenwood);
    const interval = logLogInterval(survival, greenwood);
    steps.push({ timeMs, atRisk, events, survival, standardError, interval });
  }
  return {
    n: sorted.length,
    events: sorted.filter(({ observed }) => observed).length,
    steps,
    medianMs: steps.find((step) => step.survival <= 0.5)?.timeMs ?? null,
    medianIntervalMs: [
      steps.find(({ interval }) => (interval?.[0] ?? 0) <= 0.5)?.timeMs ?? null,
      steps.find(({ interval }) => interval !== null && interval[1] <= 0.5)?.timeMs ?? null,
    ],
  };
}

/** The share without the event at `timeMs`: 1 before the first step. */
export function survivalAt({ steps }: Survival, timeMs: number): number {
  return steps.findLast((step) => step.timeMs <= timeMs)?.survival ?? 1;
}

/** `greenwood`: the sum of d/(n(n−d)) so far, the variance of ln S. */
function logLogInterval(survival: number, greenwood: number): readonly [number, number] | null {
  if (survival <= 0 || survival >= 1) return null;
  const spread = (Z_95 * Math.sqrt(greenwood)) / Math.abs(Math.log(survival));
  return [survival ** Math.exp(spread), survival ** Math.exp(-spread)];
}
