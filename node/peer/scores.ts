/**
 * How well others serve this peer (PROTOCOL.md 5; enhanced-synchronization, swapping): five measures
 * in [0,1] and their weighted sum. What is not known yet counts as a half.
 */
import type { Id } from '../id.ts';

export const WEIGHTS = {
  accuracy: 0.3,
  availability: 0.2,
  synchronisation: 0.2,
  reputation: 0.2,
  latency: 0.1,
} as const;

/** Measures that are shares of good cases among all. */
export type Measure = 'accuracy' | 'availability' | 'synchronisation';

export type Score = Readonly<Record<keyof typeof WEIGHTS | 'total', number>>;

/** After so long a case counts half. Of this network, not scaled: a neighbour is asked every few s. */
const HALF_LIFE_MS = 60_000;
/** An unknown member is worth as much as one with one good case and one bad. */
const PRIOR = 1;
/** A round trip that scores a half: a far one of a wide-area network. */
const HALF_SCORE_RTT_MS = 200;
/** Share of the newest round trip in the average, as TCP smooths it (RFC 6298). */
const RTT_GAIN = 1 / 8;
/** Members with scores; whose last case is oldest goes first. */
const MAX_SCORED = 2048;

interface Kept {
  readonly good: Record<Measure, number>;
  readonly all: Record<Measure, number>;
  rttMs: number | null;
  atMs: number;
}

export class Scores {
  readonly #reputation: (id: Id) => number;
  readonly #kept = new Map<Id, Kept>();

  /** `reputation` in [0,1] is kept elsewhere. */
  constructor(reputation: (id: Id) => number) {
    this.#reputation = reputation;
  }

  /** One case. */
  note(id: Id, measure: Measure, good: boolean, nowMs: number): void {
    const kept = this.#at(id, nowMs);
    if (good) kept.good[measure] += 1;
    kept.all[measure] += 1;
  }

  roundTrip(id: Id, rttMs: number, nowMs: number): void {
    const kept = this.#at(id, nowMs);
    const fresh = Math.max(0, rttMs);
    kept.rttMs = kept.rttMs === null ? fresh : kept.rttMs + RTT_GAIN * (fresh - kept.rttMs);
  }

  of(id: Id, nowMs: number): Score {
    const kept = this.#kept.get(id);
    const faded = kept === undefined ? 0 : fading(nowMs - kept.atMs);
    const share = (measure: Measure): number => {
      const good = (kept?.good[measure] ?? 0) * faded;
      const all = (kept?.all[measure] ?? 0) * faded;
      return (good + PRIOR) / (all + 2 * PRIOR);
    };
    const rttMs = kept?.rttMs ?? HALF_SCORE_RTT_MS;
    const score = {
      accuracy: share('accuracy'),
      availability: share('availability'),
      synchronisation: share('synchronisation'),
      reputation: this.#reputation(id),
      latency: HALF_SCORE_RTT_MS / (HALF_SCORE_RTT_MS + rttMs),
    };
    return { ...score, total: weigh(score) };
  }

  /** How many cases of a measure there are, as far as they count still. */
  cases(id: Id, measure: Measure, nowMs: number): number {
    const kept = this.#kept.get(id);
    return kept === undefined ? 0 : kept.all[measure] * fading(nowMs - kept.atMs);
  }

  forget(id: Id): void {
    this.#kept.delete(id);
  }

  /** Faded to `nowMs`, newest last. */
  #at(id: Id, nowMs: number): Kept {
    const kept = this.#kept.get(id) ?? { good: none(), all: none(), rttMs: null, atMs: nowMs };
    const faded = fading(nowMs - kept.atMs);
    for (const counts of [kept.good, kept.all]) {
      counts.accuracy *= faded;
      counts.availability *= faded;
      counts.synchronisation *= faded;
    }
    kept.atMs = nowMs;
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > MAX_SCORED) this.#kept.delete(oldest);
    return kept;
  }
}

function none(): Record<Measure, number> {
  return { accuracy: 0, availability: 0, synchronisation: 0 };
}

/** A clock that was set back makes nothing younger. */
function fading(ageMs: number): number {
  return 0.5 ** (Math.max(0, ageMs) / HALF_LIFE_MS);
}

function weigh(score: Readonly<Record<keyof typeof WEIGHTS, number>>): number {
  return (
    WEIGHTS.accuracy * score.accuracy +
    WEIGHTS.availability * score.availability +
    WEIGHTS.synchronisation * score.synchronisation +
    WEIGHTS.reputation * score.reputation +
    WEIGHTS.latency * score.latency
  );
}
