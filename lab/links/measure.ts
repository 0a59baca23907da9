/**
 * Holds the links against what was asked: probes between sampled pairs of every region pair, both
 * ways, after launch and after everything that may have changed them (CONTRACT.md, "Loss, delay
 * measured"). The median of the round trips must be within 10 % or 3 ms of the sum of both
 * directions' delays, the asked round-trip loss inside the interval of the seen one.
 */
import { createRequire } from 'node:module';
import type { Endpoint } from '../../node/host.ts';
import type { ProbeRequest, ProbeResult } from '../../node/control.ts';
import type { LinkMeasurement } from '../analysis/result.ts';
import type { LinkProfile } from '../manifest/testnet.ts';

const MIN_PROBES = 20;
/** More would take longer than a launch; a median over them is good to a tenth of the jitter. */
const MAX_PROBES = 400;
/** Pairs of members probed for one ordered pair of regions. */
const PAIRS_PER_REGION_PAIR = 2;
const PROBE_INTERVAL_MS = 10;
const TOLERANCE_SHARE = 0.1;
const TOLERANCE_MS = 3;
/** Chance that a run whose links are all right is called off by its loss figures. */
const FALSE_ALARM = 0.01;

/** jstat has no types; this is what is used of it: the inverse of the beta distribution. */
type BetaInverse = (probability: number, alpha: number, beta: number) => number;
function isBetaInverse(value: unknown): value is BetaInverse {
  return typeof value === 'function';
}
/** A property of an object or a function (jstat's distributions are functions with properties). */
function propertyOf(value: unknown, name: string): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function'))
    return undefined;
  return Reflect.get(value, name);
}
const library: unknown = createRequire(import.meta.url)('jstat');
const betaInverse = propertyOf(propertyOf(library, 'beta'), 'inv');

/**
 * Exact (Clopper–Pearson) interval of a proportion; `seen` and `n` may be fractions (effective
 * numbers of correlated trials).
 */
export function exactInterval(seen: number, n: number, alpha: number): readonly [number, number] {
  if (n <= 0) return [0, 1];
  if (!isBetaInverse(betaInverse)) throw new Error('jstat has no beta distribution');
  const low = seen <= 0 ? 0 : betaInverse(alpha / 2, seen, n - seen + 1);
  const high = seen >= n ? 1 : betaInverse(1 - alpha / 2, seen + 1, n - seen);
  return [low, high];
}

/** One direction as it is now: profile, with faults applied. */
export interface DirectedLink extends LinkProfile {
  readonly cut: boolean;
}

/** Mean loss of one direction; for bursts that of the chain's stationary distribution. */
export function meanLoss(link: DirectedLink): number {
  if (link.cut) return 1;
  const burst = link.burst;
  if (burst === undefined) return link.loss;
  const bad = burst.enter + burst.leave === 0 ? 0 : burst.enter / (burst.enter + burst.leave);
  const burstLoss = bad * burst.lossBad + (1 - bad) * burst.lossGood;
  return 1 - (1 - link.loss) * (1 - burstLoss);
}

/** Trials that a burst-lossy link's correlated ones are worth, as a share (of an AR(1) process). */
function independentShare(link: DirectedLink): number {
  if (link.burst === undefined) return 1;
  const correlation = Math.max(0, 1 - link.burst.enter - link.burst.leave);
  return (1 - correlation) / (1 + correlation);
}

/**
 * What jitter adds to the median of one direction. Uniform and normal are symmetric about the
 * delay; a Pareto of shape 3, scaled to mean 0 and deviation 1 as netem's table, has its median at
 * (2^(1/3) − 3/2) / √(3/4) deviations.
 */
function medianShiftMs(link: DirectedLink): number {
  return link.distribution === 'pareto'
    ? ((2 ** (1 / 3) - 1.5) / Math.sqrt(0.75)) * link.jitterMs
    : 0;
}

export interface AskedRoundTrip {
  readonly rttMs: number;
  readonly loss: number;
  /** Standard deviation of one round trip, about. */
  readonly deviationMs: number;
  readonly independentShare: number;
}

export function askedRoundTrip(there: DirectedLink, back: DirectedLink): AskedRoundTrip {
  return {
    rttMs: medianMs(there, back) + medianShiftMs(there) + medianShiftMs(back),
    loss: 1 - (1 - meanLoss(there)) * (1 - meanLoss(back)),
    deviationMs: Math.hypot(deviationMs(there), deviationMs(back)),
    independentShare: Math.min(independentShare(there), independentShare(back)),
  };
}

/** Of a round trip without jitter: what overtakes ("reorder") goes without its direction's delay. */
function medianMs(there: DirectedLink, back: DirectedLink): number {
  const ways = [
    { ms: there.delayMs + back.delayMs, share: (1 - there.reorder) * (1 - back.reorder) },
    { ms: there.delayMs, share: (1 - there.reorder) * back.reorder },
    { ms: back.delayMs, share: there.reorder * (1 - back.reorder) },
    { ms: 0, share: there.reorder * back.reorder },
  ].toSorted((a, b) => a.ms - b.ms);
  let below = 0;
  for (const { ms, share } of ways) {
    below += share;
    if (below >= 0.5) return ms;
  }
  return there.delayMs + back.delayMs;
}

/** Standard deviation of one direction's delay, about. */
function deviationMs({ delayMs, jitterMs, reorder }: DirectedLink): number {
  return Math.hypot(jitterMs, delayMs * Math.sqrt(reorder * (1 - reorder)));
}

function toleranceMs(askedMs: number): number {
  return Math.max(TOLERANCE_MS, TOLERANCE_SHARE * askedMs);
}

/** Probes per pair so that the median's error (1.25 σ/√n) stays below a third of the tolerance. */
export function probesFor(asked: AskedRoundTrip): number {
  const needed = (3 * 1.2533 * asked.deviationMs) / toleranceMs(asked.rttMs);
  const received = Math.max(0.05, 1 - asked.loss);
  return Math.min(MAX_PROBES, Math.max(MIN_PROBES, Math.ceil(needed ** 2 / received)));
}

export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}

/**
 * Judges one ordered region pair. `rows` is how many are judged together: the loss intervals are
 * wide enough that the chance of any false alarm among them stays FALSE_ALARM.
 */
export function judge(
  pair: { readonly from: string; readonly to: string },
  asked: AskedRoundTrip,
  results: readonly ProbeResult[],
  rows: number,
): LinkMeasurement {
  const n = results.reduce((sum, result) => sum + result.sent, 0);
  const received = results.reduce((sum, result) => sum + result.received, 0);
  const measuredRttMs = median(results.flatMap((result) => result.rttMs));
  const worth = asked.independentShare;
  const [low, high] = exactInterval((n - received) * worth, n * worth, FALSE_ALARM / rows);
  const lossOk = n > 0 && asked.loss >= low && asked.loss <= high;
  const rttOk =
    measuredRttMs === null
      ? asked.loss === 1
      : Math.abs(measuredRttMs - asked.rttMs) <= toleranceMs(asked.rttMs);
  return {
    ...pair,
    askedRttMs: asked.rttMs,
    measuredRttMs,
    askedLoss: asked.loss,
    measuredLoss: n === 0 ? null : (n - received) / n,
    n,
    ok: lossOk && rttOk,
  };
}

export interface Probed {
  readonly name: string;
  readonly region: string;
  /** The data endpoint; the probing runtime knows where the probe socket is. */
  readonly endpoint: Endpoint;
}

export interface PlannedProbe {
  readonly from: Probed;
  readonly to: Probed;
}

/** Pairs of members for an ordered region pair: different sources and targets as far as there are. */
export function samplePairs(from: readonly Probed[], to: readonly Probed[]): PlannedProbe[] {
  const pairs: PlannedProbe[] = [];
  for (const [index, source] of from.entries()) {
    if (pairs.length === PAIRS_PER_REGION_PAIR) break;
    // Within a region the next one, so that nobody is asked to probe itself.
    const target = to[(index + 1) % to.length];
    if (target !== undefined && target.name !== source.name)
      pairs.push({ from: source, to: target });
  }
  return pairs;
}

/** Every ordered region pair with something to probe, the pair of a region with itself included. */
export function planProbes(
  members: readonly Probed[],
  regions: readonly string[],
  touched: ReadonlySet<string> | null,
): { readonly from: string; readonly to: string; readonly pairs: readonly PlannedProbe[] }[] {
  const inRegion = (region: string): Probed[] => members.filter((m) => m.region === region);
  return regions.flatMap((from) =>
    regions
      .filter((to) => touched === null || touched.has(from) || touched.has(to))
      .map((to) => ({ from, to, pairs: samplePairs(inRegion(from), inRegion(to)) }))
      .filter((plan) => plan.pairs.length > 0),
  );
}

/** The probe that suits what is asked of a pair. Waits well past the slowest honest answer. */
export function probeRequest(target: Endpoint, asked: AskedRoundTrip): ProbeRequest {
  return {
    target,
    count: probesFor(asked),
    intervalMs: PROBE_INTERVAL_MS,
    timeoutMs: Math.ceil(1000 + 2 * asked.rttMs + 8 * asked.deviationMs),
  };
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isFinite(item));
}

/** A member's answer to a probe request, checked; null when it is none. */
export function readProbeResult(value: unknown): ProbeResult | null {
  if (typeof value !== 'object' || value === null) return null;
  if (!('sent' in value) || !('received' in value) || !('rttMs' in value)) return null;
  const { sent, received, rttMs } = value;
  if (typeof sent !== 'number' || typeof received !== 'number' || !isNumbers(rttMs)) return null;
  if (received > sent || rttMs.length !== received) return null;
  return { sent, received, rttMs };
}
