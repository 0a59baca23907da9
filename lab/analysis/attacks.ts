/** What came of one attack, from the truth: who was caught and how fast, and what it cost. */
import { mintingCost } from './cost.ts';
import { casesOf, sinceLie, type DetectionFacts } from './detection.ts';
import type { AttackResult } from './result.ts';
import { medianOf } from './statistics.ts';
import type { Judgement } from './success.ts';

/** An attack as the supervisor ordered it. */
export interface AttackFacts {
  readonly id: string;
  readonly name: string;
  /** Ms since the epoch; null: planned, and never reached. */
  readonly startedAtMs: number | null;
  /** Names of its members. */
  readonly members: readonly string[];
}

/** What all attacks of a run are judged by. */
export interface AttackContext {
  /** When the load started, ms since the epoch. */
  readonly originMs: number;
  readonly facts: DetectionFacts;
  /** Argon2 evaluations by member's name, and the seconds of one here. */
  readonly attempts: ReadonlyMap<string, number>;
  readonly secondsPerAttempt: number;
}

export function attackResult(
  attack: AttackFacts,
  { succeeded, success }: Judgement,
  context: AttackContext,
): AttackResult {
  const { originMs, facts } = context;
  const startedAtMs = attack.startedAtMs ?? Number.POSITIVE_INFINITY;
  const mine = new Set(attack.members);
  const own = {
    lies: facts.lies.filter((lie) => mine.has(lie.member) && lie.at_ms >= startedAtMs),
    detections: facts.detections.filter((entry) => mine.has(entry.member)),
    sentences: facts.sentences.filter((entry) => mine.has(entry.member)),
    costs: facts.costs,
  };
  const cases = casesOf(own);
  const detected = cases.filter((entry) => entry.firstDetectedAtMs !== null);
  const slashed = cases.filter((entry) => entry.slashedAtMs !== null);
  const firstDetectedAtMs = Math.min(...detected.map((entry) => entry.firstDetectedAtMs ?? 0));
  const median = (end: 'slashedAtMs' | 'firstBannedAtMs' | 'firstDetectedAtMs'): number | null =>
    medianOf(cases.flatMap((entry) => sinceLie(entry, entry[end]) ?? []));
  const after = (atMs: number | null): number | null => (atMs === null ? null : atMs - originMs);
  return {
    id: attack.id,
    name: attack.name,
    succeeded,
    success,
    strikeMs: attack.startedAtMs === null ? null : attack.startedAtMs - originMs,
    firstDetectedMs: detected.length === 0 ? null : firstDetectedAtMs - originMs,
    timeToDetectMs: median('firstDetectedAtMs'),
    timeToBanMs: median('firstBannedAtMs'),
    timeToSlashMs: median('slashedAtMs'),
    detectedBy: [...new Set(detected.flatMap((entry) => entry.detectedBy))].sort(),
    cases: cases.map((entry) => ({
      member: entry.member,
      lies: entry.lies,
      firstLieMs: after(entry.firstLieAtMs),
      detectedMs: after(entry.firstDetectedAtMs),
      bannedMs: after(entry.firstBannedAtMs),
      slashedMs: after(entry.slashedAtMs),
    })),
    adversaries: attack.members.length,
    offenders: cases.length,
    detected: detected.length,
    slashed: slashed.length,
    cost: mintingCost(attack.members, context.attempts, context.secondsPerAttempt),
  };
}
