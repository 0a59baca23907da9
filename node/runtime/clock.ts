/** True time of this machine, for `ts` columns and for the peer's own clock before skew. */
import { performance } from 'node:perf_hooks';

/** Beyond this the monotonic clock has drifted from the wall clock, and the wall clock wins. */
const MAX_DRIFT_MS = 2;

/** Ms since the epoch with microseconds, as far as the wall clock agrees. */
export function trueNowMs(): number {
  const precise = performance.timeOrigin + performance.now();
  const wall = Date.now();
  return Math.abs(precise - wall) > MAX_DRIFT_MS ? wall : precise;
}

/** Changes remembered: what is reported about times before them is as good as never. */
const MAX_CHANGES = 64;

/** From `fromMs` of true time on the clock shows `shownMs + rate · (true − fromMs)`. */
interface Pace {
  readonly fromMs: number;
  readonly shownMs: number;
  readonly rate: number;
}

export interface ClockOptions {
  /** What the clock shows too much, ms. */
  readonly skewMs?: number;
  /** By how many millionths it runs fast; negative: slow. Above -1,000,000. */
  readonly driftPpm?: number;
}

/**
 * A peer's own clock: true time (or a simulator's virtual time), shifted by a skew, running fast or slow
 * by a drift, both as the lab may change them, and the way back.
 */
export class OwnClock {
  readonly #trueNow: () => number;
  /** In force one after another, oldest first. */
  readonly #paces: Pace[] = [];
  #pace: Pace;

  constructor(trueNow: () => number = trueNowMs, { skewMs = 0, driftPpm = 0 }: ClockOptions = {}) {
    this.#trueNow = trueNow;
    const fromMs = trueNow();
    this.#pace = { fromMs, shownMs: fromMs + skewMs, rate: rateOf(driftPpm) };
    this.#paces.push(this.#pace);
  }

  /** How fast it runs: its own ms per ms of true time. */
  get rate(): number {
    return this.#pace.rate;
  }

  /** What it shows, whole ms. */
  now(): number {
    return Math.floor(this.#shownAt(this.#trueNow()));
  }

  /** Sets it to true time plus this; its pace stays. */
  setSkew(skewMs: number): void {
    const fromMs = this.#trueNow();
    this.#change({ fromMs, shownMs: fromMs + skewMs, rate: this.#pace.rate });
  }

  /** Changes its pace; what it shows now stays. */
  setDrift(driftPpm: number): void {
    const fromMs = this.#trueNow();
    this.#change({ fromMs, shownMs: this.#shownAt(fromMs), rate: rateOf(driftPpm) });
  }

  /** When it showed `shownMs`, in true time: the latest such time (a clock set back repeats some). */
  trueTime(shownMs: number): number {
    // A time shown is rounded down to whole ms.
    let untilMs = this.#trueNow();
    for (const pace of this.#paces.toReversed()) {
      const trueMs = pace.fromMs + (shownMs - pace.shownMs) / pace.rate;
      if (trueMs > pace.fromMs - 1 && trueMs <= untilMs) return trueMs;
      untilMs = pace.fromMs;
    }
    return this.#pace.fromMs + (shownMs - this.#pace.shownMs) / this.#pace.rate;
  }

  #shownAt(trueMs: number): number {
    return this.#pace.shownMs + (trueMs - this.#pace.fromMs) * this.#pace.rate;
  }

  #change(pace: Pace): void {
    this.#pace = pace;
    this.#paces.push(pace);
    if (this.#paces.length > MAX_CHANGES) this.#paces.shift();
  }
}

function rateOf(driftPpm: number): number {
  const rate = 1 + driftPpm / 1e6;
  if (!(rate > 0)) throw new RangeError(`a clock cannot run backwards: ${driftPpm} ppm`);
  return rate;
}

/** `YYYY-MM-DD hh:mm:ss.ffffff` in UTC: ClickHouse's DateTime64(6) as text. */
export function timestamp(ms: number): string {
  const micros = Math.round(ms * 1000);
  const wholeMs = Math.floor(micros / 1000);
  const text = new Date(wholeMs).toISOString().replace('T', ' ').slice(0, -1);
  return `${text}${String(micros - wholeMs * 1000).padStart(3, '0')}`;
}
