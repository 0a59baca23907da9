/** Delays of many datagrams in little memory: counts in steps of one per cent. */

const LEAST_MS = 0.01;
const RATIO = 1.01;
const LOG_RATIO = Math.log(RATIO);
/** Up to LEAST_MS · RATIO^STEPS: above five minutes; longer ones count as that. */
const STEPS = 1750;

export class DelayHistogram {
  count = 0;
  sumMs = 0;
  readonly #counts = new Uint32Array(STEPS);

  add(delayMs: number): void {
    const step = Math.floor(Math.log(Math.max(delayMs, LEAST_MS) / LEAST_MS) / LOG_RATIO);
    const at = Math.min(step, STEPS - 1);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.count += 1;
    this.sumMs += delayMs;
  }

  /** The delay below which this share of them lies, within one per cent; null without any. */
  quantile(share: number): number | null {
    if (this.count === 0) return null;
    let left = share * this.count;
    for (const [step, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0 && count > 0) return LEAST_MS * RATIO ** (step + 0.5);
    }
    return LEAST_MS * RATIO ** STEPS;
  }
}
