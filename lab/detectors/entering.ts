/**
 * Patterns of synchronisation (W 12.3, phase 2): newcomers that registered at one time and then took
 * equally long to synchronise. Shared machines, links and scripts do that; honest newcomers come
 * when they like.
 */
import type { Fingerprints } from './minting.ts';
import type { Entry } from './observations.ts';
import { amongMany, binomialSurprise } from './surprise.ts';

/** Registered within so long of each other: widths double from a quarter of a second, 18 of them. */
const NARROWEST_MS = 250;
const WIDTHS = 18;
/** Equally long: within a tenth. */
const ALIKE = 1.1;
/** Two that came alike are chance. */
const LEAST_CLUSTER = 3;
/** Below that all durations are equal: rounds, voting and the network's delays. */
const LEAST_DURATION_MS = 500;

/** Each is held against all others: newcomers are few, and go when they count as members. */
export function synchronisationPattern(entries: readonly Entry[]): Fingerprints {
  const scores = new Map<string, number>();
  const n = entries.length;
  if (n < LEAST_CLUSTER) return { scores, comparisons: 0 };
  const starts = entries.map(({ registeredMs }) => registeredMs);
  const spanMs =
    Math.max(...entries.map(({ synchronisedMs }) => synchronisedMs)) - Math.min(...starts);
  for (const entry of entries) {
    const others = entries.filter((other) => other !== entry);
    const alike = others.filter((other) => isAlike(entry, other));
    let most = 0;
    for (let width = 0; width < WIDTHS; width += 1) {
      const reachMs = (NARROWEST_MS * 2 ** width) / 2;
      // Windows that hold most of the time say nothing.
      if (reachMs * 4 > spanMs) break;
      const near = (other: Entry): boolean =>
        Math.abs(other.registeredMs - entry.registeredMs) <= reachMs;
      const together = alike.filter(near).length;
      if (together + 1 < LEAST_CLUSTER) continue;
      const lasted = (alike.length - together + 1) / (others.length - together + 1);
      const chance = Math.min(1, ((2 * reachMs) / spanMs) * lasted);
      most = Math.max(most, binomialSurprise(together, others.length, chance));
    }
    const score = amongMany(most, WIDTHS);
    if (score > 0) scores.set(entry.address, score);
  }
  return { scores, comparisons: n * (n - 1) };
}

function isAlike(a: Entry, b: Entry): boolean {
  const [left, right] = [durationOf(a), durationOf(b)];
  return Math.max(left, right) <= ALIKE * Math.min(left, right);
}

function durationOf({ registeredMs, synchronisedMs }: Entry): number {
  return Math.max(LEAST_DURATION_MS, synchronisedMs - registeredMs);
}
