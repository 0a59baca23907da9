/**
 * Judges one attack from the truth. Success of an attack by lies, whatever it claims of itself: at
 * least one honest client was told a lie that no other answer to the same question contradicted
 * (`disagreed` false), so that the client had nothing to doubt it by.
 */
import { mintingCost } from './cost.ts';
import { casesOf, sinceLie, type DetectionFacts } from './detection.ts';
import type { AttackResult } from './result.ts';
import { medianOf } from './statistics.ts';

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

export function attackResult(attack: AttackFacts, context: AttackContext): AttackResult {
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
  const toClients = own.lies.filter((lie) => lie.heard_kind === 'client');
  const unopposed = toClients.filter((lie) => !lie.disagreed);
  const median = (end: 'slashedAtMs' | 'firstBannedAtMs' | 'firstDetectedAtMs'): number | null =>
    medianOf(cases.flatMap((entry) => sinceLie(entry, entry[end]) ?? []));
  const after = (atMs: number | null): number | null => (atMs === null ? null : atMs - originMs);
  return {
    id: attack.id,
    name: attack.name,
    succeeded: attack.startedAtMs === null ? null : unopposed.length > 0,
    success: {
      liesTold: own.lies.length,
      victims: new Set(toClients.map((lie) => lie.heard_by)).size,
      tokens: new Set(own.lies.map((lie) => lie.token)).size,
      unopposedLies: unopposed.length,
    },
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
