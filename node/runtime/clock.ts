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

/** Changes of skew remembered: what is reported about times before them is as good as never. */
const MAX_CHANGES = 64;

/** A peer's own clock: true time shifted by a skew that the lab may change, and the way back. */
export class SkewedClock {
  readonly #trueNow: () => number;
  /** Skews with the true time from which each was in force, oldest first. */
  readonly #skews = [{ fromMs: Number.NEGATIVE_INFINITY, skewMs: 0 }];

  constructor(trueNow: () => number = trueNowMs) {
    this.#trueNow = trueNow;
  }

  now(): number {
    return Math.floor(this.#trueNow() + (this.#skews.at(-1)?.skewMs ?? 0));
  }

  setSkew(skewMs: number): void {
    this.#skews.push({ fromMs: this.#trueNow(), skewMs });
    if (this.#skews.length > MAX_CHANGES) this.#skews.shift();
  }

  /**
   * When this clock showed `shownMs`, in true time: by the latest skew that was in force then (a
   * clock that was set back showed some times twice).
   */
  trueTime(shownMs: number): number {
    // A time shown is rounded down to whole ms.
    let untilMs = this.#trueNow();
    for (const { fromMs, skewMs } of this.#skews.toReversed()) {
      const trueMs = shownMs - skewMs;
      if (trueMs > fromMs - 1 && trueMs <= untilMs) return trueMs;
      untilMs = fromMs;
    }
    return shownMs - (this.#skews.at(-1)?.skewMs ?? 0);
  }
}

/** `YYYY-MM-DD hh:mm:ss.ffffff` in UTC: ClickHouse's DateTime64(6) as text. */
export function timestamp(ms: number): string {
  const micros = Math.round(ms * 1000);
  const wholeMs = Math.floor(micros / 1000);
  const text = new Date(wholeMs).toISOString().replace('T', ' ').slice(0, -1);
  return `${text}${String(micros - wholeMs * 1000).padStart(3, '0')}`;
}
