/**
 * Runs the network-level detectors over what members reported of a run (docs/DETECTORS.md), at the ends
 * of equal epochs, as an operator would: each time with what was known by then.
 */
import type { TelemetryStore } from '../telemetry/store.ts';
import { agreement, everyPair, patternsOf, sortedPairs } from './agreement.ts';
import { addressRange, ringConcentration } from './concentration.ts';
import { synchronisationPattern } from './entering.ts';
import { mintingBurst, mintingHoard, mintingRhythm } from './minting.ts';
import { knownBy, type Observations, observe, spanOf } from './observations.ts';
import {
  DETECTORS,
  type DetectorCost,
  type DetectorName,
  type DetectorReport,
  type Rise,
  type Score,
} from './report.ts';

/** Looks at a run: what showed is told to a twentieth of its length, and a look costs little. */
const EPOCHS = 20;

interface Finding {
  readonly scores: ReadonlyMap<string, number>;
  readonly comparisons: number;
}

const LOOK: Readonly<Record<DetectorName, (seen: Observations) => Finding>> = {
  'minting-burst': ({ registrations }) => mintingBurst(registrations),
  'minting-rhythm': ({ registrations }) => mintingRhythm(registrations),
  'minting-hoard': ({ registrations }) => mintingHoard(registrations),
  'synchronisation-pattern': ({ entries }) => synchronisationPattern(entries),
  'agreement-exact': ({ tellings }) => agreement(patternsOf(tellings), everyPair),
  'agreement-clustered': ({ tellings }) => agreement(patternsOf(tellings), sortedPairs),
  'address-range': ({ registrations }) => addressRange(registrations),
  'ring-concentration': ({ registrations }) => ringConcentration(registrations),
};

/** How many identities each detector has anything to look at for. */
const SUBJECTS: Readonly<Record<DetectorName, (seen: Observations) => number>> = {
  'minting-burst': newcomers,
  'minting-rhythm': newcomers,
  'minting-hoard': newcomers,
  'synchronisation-pattern': ({ entries }) => entries.length,
  'agreement-exact': speakers,
  'agreement-clustered': speakers,
  'address-range': ({ registrations }) => registrations.length,
  'ring-concentration': ({ registrations }) => registrations.length,
};

/** Scores of every identity that was seen, for every detector. Reads database `lab` alone. */
export async function runDetectors(store: TelemetryStore, run: string): Promise<DetectorReport> {
  return detectIn(await observe(store, run));
}

/** The same over observations at hand. */
export function detectIn(seen: Observations): DetectorReport {
  const span = spanOf(seen);
  if (span === null) return { scores: [], costs: [] };
  const [fromMs, toMs] = span;
  const rises = new Map<DetectorName, Map<string, Rise[]>>(
    DETECTORS.map((detector) => [detector, new Map<string, Rise[]>()]),
  );
  const costs = new Map<DetectorName, DetectorCost>();
  for (let epoch = 1; epoch <= EPOCHS; epoch += 1) {
    const atMs = fromMs + ((toMs - fromMs) * epoch) / EPOCHS;
    const known = epoch === EPOCHS ? seen : knownBy(seen, atMs);
    for (const detector of DETECTORS) {
      const before = process.threadCpuUsage();
      const { scores, comparisons } = LOOK[detector](known);
      const { user, system } = process.threadCpuUsage(before);
      note(rises.get(detector) ?? new Map<string, Rise[]>(), scores, atMs);
      const spent = costs.get(detector) ?? { ms: 0, comparisons: 0 };
      costs.set(detector, {
        detector,
        looks: epoch,
        ms: spent.ms + (user + system) / 1000,
        comparisons: spent.comparisons + comparisons,
        subjects: SUBJECTS[detector](known),
      });
    }
  }
  const identities = identitiesIn(seen);
  return {
    scores: DETECTORS.flatMap((detector) =>
      identities.map((subject) => scoreOf(detector, subject, rises.get(detector)?.get(subject))),
    ),
    costs: [...costs.values()],
  };
}

/** Keeps what is more than ever before. */
function note(rises: Map<string, Rise[]>, scores: ReadonlyMap<string, number>, atMs: number): void {
  for (const [subject, score] of scores) {
    const before = rises.get(subject);
    if (before === undefined) rises.set(subject, [{ atMs, score }]);
    else if (score > (before.at(-1)?.score ?? 0)) before.push({ atMs, score });
  }
}

function scoreOf(detector: DetectorName, subject: string, rises: readonly Rise[] = []): Score {
  const last = rises.at(-1);
  return { detector, subject, score: last?.score ?? 0, atMs: last?.atMs ?? null, rises };
}

function identitiesIn({ registrations, entries, tellings }: Observations): readonly string[] {
  const identities = new Set([
    ...registrations.map(({ address }) => address),
    ...entries.map(({ address }) => address),
    ...tellings.map(({ speaker }) => speaker),
  ]);
  return [...identities].sort();
}

function newcomers({ registrations }: Observations): number {
  return registrations.filter(({ founding }) => !founding).length;
}

function speakers({ tellings }: Observations): number {
  return new Set(tellings.map(({ speaker }) => speaker)).size;
}
