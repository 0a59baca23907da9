/**
 * Patterns of synchronisation (W 12.3, phase 2): newcomers that registered at one time, and the more so
 * if they then took equally long to synchronise. Shared machines, links and scripts do that; honest
 * newcomers come when they like. Unlike a creation time, these are times that neighbours voted at.
 */
import type { Fingerprints } from './minting.ts';
import type { Entry } from './observations.ts';
import { amongMany, binomialSurprise } from './surprise.ts';

/** Registered within so long of each other: widths double from a quarter of a second, 18 of them. */
const NARROWEST_MS = 250;
const WIDTHS = 18;
/** Whatever it took them, and equally long. */
const WAYS = 2;
/** Equally long: within a tenth. */
const ALIKE = 1.1;
/** Two that came alike are chance. */
const LEAST_CLUSTER = 3;
/** Below that all durations are equal: rounds, voting and the network's delays. */
const LEAST_DURATION_MS = 500;

/**
 * Each is held against all others: newcomers are few, and go when they count as members. Who came
 * together is looked at twice, whatever it took them and only of those whom it took equally long:
 * retries of the protocol make honest durations differ, and those of one machine as well.
 */
export function synchronisationPattern(entries: readonly Entry[]): Fingerprints {
  const scores = new Map<string, number>();
  const n = entries.length;
  if (n < LEAST_CLUSTER) return { scores, comparisons: 0 };
  const fromMs = Math.min(...entries.map(({ registeredMs }) => registeredMs));
  const spanMs = Math.max(...entries.map(({ synchronisedMs }) => synchronisedMs)) - fromMs;
  for (const entry of entries) {
    const others = entries.filter((other) => other !== entry);
    const alike = others.filter((other) => isAlike(entry, other));
    const most = Math.max(
      togetherSurprise(entry, others, { outOf: others.length, spanMs }),
      togetherSurprise(entry, alike, { outOf: others.length, spanMs }),
    );
    const score = amongMany(most, WAYS * WIDTHS);
    if (score > 0) scores.set(entry.address, score);
  }
  return { scores, comparisons: n * (n - 1) };
}

/** How surprising it is that so many of `candidates` registered about when this one did. */
function togetherSurprise(
  entry: Entry,
  candidates: readonly Entry[],
  { outOf, spanMs }: { readonly outOf: number; readonly spanMs: number },
): number {
  let most = 0;
  for (let width = 0; width < WIDTHS; width += 1) {
    const reachMs = (NARROWEST_MS * 2 ** width) / 2;
    // Windows that hold most of the time say nothing.
    if (reachMs * 4 > spanMs) break;
    const together = candidates.filter(
      ({ registeredMs }) => Math.abs(registeredMs - entry.registeredMs) <= reachMs,
    ).length;
    if (together + 1 < LEAST_CLUSTER) continue;
    // The share of candidates among those that came at other times.
    const usual = (candidates.length - together + 1) / (outOf - together + 1);
    const chance = Math.min(1, ((2 * reachMs) / spanMs) * usual);
    most = Math.max(most, binomialSurprise(together, outOf, chance));
  }
  return most;
}

function isAlike(a: Entry, b: Entry): boolean {
  const [left, right] = [durationOf(a), durationOf(b)];
  return Math.max(left, right) <= ALIKE * Math.min(left, right);
}

function durationOf({ registeredMs, synchronisedMs }: Entry): number {
  return Math.max(LEAST_DURATION_MS, synchronisedMs - registeredMs);
}
