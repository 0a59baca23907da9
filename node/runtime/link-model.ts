/**
 * What a link does to one datagram: the random part of the shaper, with the meanings that netem
 * gives its options (tc-netem(8)), so that a manifest says the same in containers and here.
 */
import type { LinkClass } from '../control.ts';

/** Uniform in [0, 1). */
export type Random = () => number;

/** Bytes that UDP, IPv4 and Ethernet add to a payload: kernel classes count them in their rate. */
export const OVERHEAD_BYTES = 42;
/** Pareto shape 3, centred on its mean 1.5, times 4/3, cut off at 4: netem's own table. */
const PARETO_SHAPE = 3;
const PARETO_MEAN = 1.5;
const PARETO_SCALE = 4 / 3;
const PARETO_MAX = 4;

/** When each copy leaves, ms from now (empty: lost), and why nothing does. */
export interface Fate {
  readonly delaysMs: readonly number[];
  readonly dropped: 'cut' | 'lost' | 'overflow' | null;
}

/** One class with the state that its draws leave behind. */
export class LinkModel {
  readonly class: LinkClass;
  readonly #random: Random;
  readonly #queueMs: number;
  #inBurst = false;
  #lastUniform: number;
  /** When the serialisation of what was accepted ends. */
  #freeAtMs = Number.NEGATIVE_INFINITY;

  /** `queueMs`: how far serialisation may lag behind before datagrams are dropped. */
  constructor(linkClass: LinkClass, random: Random, queueMs: number) {
    this.class = linkClass;
    this.#random = random;
    this.#queueMs = queueMs;
    this.#lastUniform = random();
  }

  /** Draws the fate of a datagram of `sizeBytes` payload given at `nowMs`. */
  draw(nowMs: number, sizeBytes: number): Fate {
    if (this.class.cut) return { delaysMs: [], dropped: 'cut' };
    // As netem: a duplicate is counted first, a loss then takes one of the copies away.
    let copies = this.#random() < this.class.duplicate ? 2 : 1;
    if (this.#isLost()) copies -= 1;
    const delaysMs: number[] = [];
    for (let copy = 0; copy < copies; copy += 1) {
      const queuedMs = this.#serialise(nowMs, sizeBytes);
      if (queuedMs === null) return { delaysMs, dropped: 'overflow' };
      delaysMs.push(queuedMs + this.#delayMs());
    }
    return { delaysMs, dropped: copies === 0 ? 'lost' : null };
  }

  #isLost(): boolean {
    const { burst, loss } = this.class;
    const independent = this.#random() < loss;
    if (burst === undefined) return independent;
    if (this.#random() < (this.#inBurst ? burst.leave : burst.enter))
      this.#inBurst = !this.#inBurst;
    const inBurst = this.#random() < (this.#inBurst ? burst.lossBad : burst.lossGood);
    return independent || inBurst;
  }

  /** Wait and transmission on a link of the class's rate, or null when its queue is full. */
  #serialise(nowMs: number, sizeBytes: number): number | null {
    const { rateBitsPerSecond } = this.class;
    if (rateBitsPerSecond <= 0) return 0;
    const startMs = Math.max(nowMs, this.#freeAtMs);
    if (startMs - nowMs > this.#queueMs) return null;
    this.#freeAtMs = startMs + ((sizeBytes + OVERHEAD_BYTES) * 8000) / rateBitsPerSecond;
    return this.#freeAtMs - nowMs;
  }

  #delayMs(): number {
    const { delayMs, jitterMs, reorder } = this.class;
    // Reordered datagrams are those that overtake: sent without the delay.
    if (reorder > 0 && this.#random() < reorder) return 0;
    if (jitterMs === 0) return delayMs;
    return Math.max(0, delayMs + jitterMs * this.#deviation());
  }

  /** A draw with mean 0 in units of the jitter; uniform lies in ±1, the normal one has deviation 1. */
  #deviation(): number {
    const { correlation, distribution } = this.class;
    // Linear blending, as netem does: correlation also narrows the spread.
    const uniform = this.#random() * (1 - correlation) + this.#lastUniform * correlation;
    this.#lastUniform = uniform;
    if (distribution === 'uniform') return 2 * uniform - 1;
    if (distribution === 'normal') return normalQuantile(uniform);
    const pareto = (1 - uniform) ** (-1 / PARETO_SHAPE);
    return Math.min(PARETO_MAX, (pareto - PARETO_MEAN) * PARETO_SCALE);
  }
}

/** Bisection limits and steps: 1e-9 is far below a link's microseconds. */
const QUANTILE_LIMIT = 4;
const QUANTILE_STEPS = 32;

/** The standard normal value below which the share `p` lies, cut off at ±4 as netem's table is. */
export function normalQuantile(p: number): number {
  let low = -QUANTILE_LIMIT;
  let high = QUANTILE_LIMIT;
  for (let step = 0; step < QUANTILE_STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (normalShareBelow(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Abramowitz and Stegun 26.2.17; error below 7.5e-8. */
function normalShareBelow(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const polynomial =
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const above = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
  return x >= 0 ? 1 - above : above;
}
