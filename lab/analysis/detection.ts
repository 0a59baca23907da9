/**
 * Who lied, who was caught, how fast, and who was wronged: joins what honest members received and
 * did with the truth. One unit: the identity.
 */
import { ask } from '../telemetry/queries.ts';
import type { TelemetryStore } from '../telemetry/store.ts';
import {
  DETECTIONS,
  LAYER_COSTS,
  LIES,
  SENTENCES,
  type Accusation,
  type LayerCost,
  type Lie,
} from './queries.ts';
import type { RunResult } from './result.ts';
import { wilsonInterval } from './statistics.ts';

/** How a flag is named in `detections`. */
const FLAG = 'flag:';

/** All lies, detections and sentences of a run, in order of time. */
export interface DetectionFacts {
  readonly lies: readonly Lie[];
  readonly detections: readonly Accusation[];
  readonly sentences: readonly Accusation[];
  readonly costs: readonly LayerCost[];
}

/**
 * One offender's way; times are ms since the epoch, null if it did not happen. `firstLieAtMs` is null
 * for one that an honest member convicted by evidence of a lie that no row tells of.
 */
export interface OffenderCase {
  readonly address: string;
  readonly member: string;
  readonly firstLieAtMs: number | null;
  readonly firstDetectedAtMs: number | null;
  readonly firstBannedAtMs: number | null;
  readonly slashedAtMs: number | null;
  readonly detectedBy: readonly string[];
  readonly lies: number;
}

export async function readDetectionFacts(
  store: TelemetryStore,
  run: string,
): Promise<DetectionFacts> {
  return {
    lies: await ask(store, LIES, { run }),
    detections: await ask(store, DETECTIONS, { run }),
    sentences: await ask(store, SENTENCES, { run }),
    costs: await ask(store, LAYER_COSTS, { run }),
  };
}

/**
 * Offenders in the order of what is first known of them: adversarial identities that told an honest
 * member a lie, or against which one held verified evidence, which is proof of the same.
 */
export function casesOf(facts: DetectionFacts): readonly OffenderCase[] {
  const lies = Map.groupBy(facts.lies, (lie) => lie.speaker);
  const convicted = facts.detections.filter(
    (entry) => entry.adversary !== '' && entry.how.startsWith('evidence:'),
  );
  const members = new Map<string, string>([
    ...facts.lies.map((lie) => [lie.speaker, lie.member] as const),
    ...convicted.map((entry) => [entry.accused, entry.member] as const),
  ]);
  const cases = [...members].map(([address, member]): OffenderCase => {
    const own = lies.get(address) ?? [];
    const detections = facts.detections.filter((entry) => entry.accused === address);
    const sentence = (how: string): number | null =>
      facts.sentences.find((entry) => entry.accused === address && entry.how === how)?.at_ms ??
      null;
    return {
      address,
      member,
      firstLieAtMs: own[0]?.at_ms ?? null,
      firstDetectedAtMs: detections[0]?.at_ms ?? null,
      firstBannedAtMs: sentence('banned'),
      slashedAtMs: sentence('executed'),
      detectedBy: [...new Set(detections.map((entry) => entry.how))].sort(),
      lies: own.length,
    };
  });
  const known = (entry: OffenderCase): number => entry.firstLieAtMs ?? entry.firstDetectedAtMs ?? 0;
  return cases.sort((a, b) => known(a) - known(b));
}

/**
 * Ms from an offender's first lie to `atMs`; null when either is not known, or
 * when an earlier lie than the known ones was punished.
 */
export function sinceLie(entry: OffenderCase, atMs: number | null): number | null {
  if (entry.firstLieAtMs === null || atMs === null || atMs < entry.firstLieAtMs) return null;
  return atMs - entry.firstLieAtMs;
}

/** Honest identities that somebody honest banned, or saw slashed by vote. */
export function falselyBanned(facts: DetectionFacts): readonly string[] {
  const wronged = facts.sentences.filter((entry) => entry.adversary === '');
  return [...new Set(wronged.map((entry) => entry.accused))];
}

export function detectionOf(
  facts: DetectionFacts,
  observerQueriesPerSecond: number | null,
): RunResult['detection'] {
  const cases = casesOf(facts);
  const found = cases.filter((entry) => entry.firstDetectedAtMs !== null).length;
  const wronged = falselyBanned(facts);
  const accusedHonest = facts.detections.filter((entry) => entry.adversary === '');
  return {
    unit: 'identity',
    observerQueriesPerSecond,
    offenders: cases.length,
    truePositives: found,
    falsePositives: new Set([...wronged, ...accusedHonest.map((entry) => entry.accused)]).size,
    falseNegatives: cases.length - found,
    rate: cases.length === 0 ? null : found / cases.length,
    rateInterval: wilsonInterval(found, cases.length),
    falseSlashes: wronged.length,
    byLayer: layersOf(facts),
  };
}

/** Null when no layer reported anything: none ran, or none of it arrived. */
function layersOf({ detections, costs }: DetectionFacts): RunResult['detection']['byLayer'] {
  const flags = detections.filter(({ how }) => how.startsWith(FLAG));
  const names = new Set([
    ...costs.map(({ layer }) => layer),
    ...flags.map(({ how }) => how.slice(FLAG.length)),
  ]);
  if (names.size === 0) return null;
  return [...names].sort().map((layer) => {
    const own = flags.filter(({ how }) => how === FLAG + layer);
    const distinct = (isHonest: boolean): number =>
      new Set(own.flatMap((row) => ((row.adversary === '') === isHonest ? [row.accused] : [])))
        .size;
    const cost = costs.find((entry) => entry.layer === layer);
    return {
      layer,
      flagged: distinct(true) + distinct(false),
      truePositives: distinct(false),
      falsePositives: distinct(true),
      checks: cost?.checks ?? null,
      messages: cost?.messages ?? null,
      bytes: cost?.bytes ?? null,
      signatures: cost?.signatures ?? null,
    };
  });
}
