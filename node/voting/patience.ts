/**
 * How long to wait for votes before they are asked for again, from how late each voter's words came
 * before (after RFC 6298): a fixed wait that spares far peers a needless repeat makes near ones,
 * whose vote was lost, wait many round trips.
 */
import type { Id } from '../id.ts';

/** Of a voter that was never heard: a far round trip and the wait of a batch. */
export const WAIT_FIRST_MS = 600;
/** Room for a batch window and a busy process at either end. */
const WAIT_SHORTEST_MS = 150;
/** Several of the longest round trips there are; what comes later is taken for lost. */
const WAIT_LONGEST_MS = 2000;
/** RFC 6298. */
const GAIN_MEAN = 1 / 8;
const GAIN_DEVIATION = 1 / 4;
const DEVIATIONS = 4;
/** The largest neighbourhoods of the tokens of a busy peer; beyond it strangers wait the first time. */
const MAX_VOTERS_TIMED = 1024;

interface Lateness {
  readonly mean: number;
  readonly deviation: number;
}

export class Patience {
  readonly #voters = new Map<Id, Lateness>();

  /** Its first word came so long after the transaction, and had not been asked for again. */
  heard(voter: Id, lateMs: number): void {
    const before = this.#voters.get(voter);
    if (before === undefined && this.#voters.size >= MAX_VOTERS_TIMED) return;
    this.#voters.set(voter, after(before, Math.max(0, lateMs)));
  }

  /** Until more than two thirds of each neighbourhood should have been heard. */
  waitMs(neighbourhoods: readonly (readonly Id[])[]): number {
    const waits = neighbourhoods.map((members) => {
      const each = members.map((member) => this.#waitFor(member)).sort((a, b) => a - b);
      return each[Math.floor((members.length * 2) / 3)] ?? WAIT_FIRST_MS;
    });
    return Math.max(WAIT_SHORTEST_MS, ...waits);
  }

  #waitFor(voter: Id): number {
    const known = this.#voters.get(voter);
    if (known === undefined) return WAIT_FIRST_MS;
    return Math.min(WAIT_LONGEST_MS, known.mean + DEVIATIONS * known.deviation);
  }
}

function after(before: Lateness | undefined, lateMs: number): Lateness {
  if (before === undefined) return { mean: lateMs, deviation: lateMs / 2 };
  const { mean, deviation } = before;
  return {
    mean: mean + GAIN_MEAN * (lateMs - mean),
    deviation: deviation + GAIN_DEVIATION * (Math.abs(lateMs - mean) - deviation),
  };
}
