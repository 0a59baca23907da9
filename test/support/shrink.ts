/**
 * Makes a schedule that breaks a rule as small as it can: fewer faults (by delta debugging: Zeller and
 * Hildebrandt, 2002), fewer peers, ordinary parameters, less load, shorter, fewer befallen.
 */
import type { Failure } from './play.ts';
import type { Fault, Schedule } from './schedule.ts';

/** What a schedule breaks; null for nothing. */
export type Attempt = (schedule: Schedule) => Failure | null;

export interface Shrunk {
  readonly schedule: Schedule;
  readonly failure: Failure;
  readonly attempts: number;
}

/** Runs of a network of a second or two each: whoever waits for them waits minutes, not hours. */
export const MAX_ATTEMPTS = 120;
/** A storm goes on this much longer than until its failure is seen. */
const MARGIN_MS = 1000;
const FEWEST_PEERS = 4;
const ROUND_MS = 100;

export function shrink(
  schedule: Schedule,
  failure: Failure,
  attempt: Attempt,
  maxAttempts = MAX_ATTEMPTS,
): Shrunk {
  return new Shrinker(schedule, failure, attempt, maxAttempts).shrink();
}

class Shrinker {
  readonly #attempt: Attempt;
  readonly #maxAttempts: number;
  #schedule: Schedule;
  #failure: Failure;
  #attempts = 0;

  constructor(schedule: Schedule, failure: Failure, attempt: Attempt, maxAttempts: number) {
    this.#schedule = schedule;
    this.#failure = failure;
    this.#attempt = attempt;
    this.#maxAttempts = maxAttempts;
  }

  shrink(): Shrunk {
    this.#shorten();
    for (;;) {
      const before = this.#schedule;
      // First what makes the next runs cheaper.
      this.#simplify();
      this.#dropFaults();
      this.#dropPeers();
      this.#shorten();
      this.#ease();
      if (this.#schedule === before || this.#attempts >= this.#maxAttempts) break;
    }
    return { schedule: this.#schedule, failure: this.#failure, attempts: this.#attempts };
  }

  /** Takes it if it breaks the same rule. */
  #try(change: Partial<Schedule>): boolean {
    if (this.#attempts >= this.#maxAttempts) return false;
    this.#attempts += 1;
    const smaller = { ...this.#schedule, ...change };
    const failure = this.#attempt(smaller);
    if (failure?.rule !== this.#failure.rule) return false;
    this.#schedule = smaller;
    this.#failure = failure;
    return true;
  }

  /** Halves of them, then quarters, down to single ones. */
  #dropFaults(): void {
    for (let size = Math.ceil(this.#schedule.faults.length / 2); size > 0; ) {
      for (let at = 0; at < this.#schedule.faults.length; ) {
        const { faults } = this.#schedule;
        const isDropped = this.#try({ faults: faults.toSpliced(at, size) });
        if (!isDropped) at += size;
      }
      size = size === 1 ? 0 : Math.ceil(size / 2);
    }
  }

  #simplify(): void {
    const { parameters, load } = this.#schedule;
    const { k = 8 } = parameters;
    if (Object.keys(parameters).length > 1) this.#try({ parameters: { k } });
    if (load > 0 && !this.#try({ load: 0 }) && load > 1) this.#try({ load: 1 });
  }

  /** The last ones leave. */
  #dropPeers(): void {
    for (let step = 4; step > 0; ) {
      const peers = this.#schedule.peers - step;
      const isThere = (index: number): boolean => index < peers;
      const faults = this.#schedule.faults.map((fault) => ({
        ...fault,
        who: fault.who.filter(isThere),
        to: fault.to.filter(isThere),
      }));
      const goesOn = peers >= FEWEST_PEERS && this.#try({ peers, faults });
      if (!goesOn) step = Math.floor(step / 2);
    }
  }

  /** Nothing after the failure matters to a rule that is never to be broken. */
  #shorten(): void {
    const { mode, stormMs, faults } = this.#schedule;
    const lastMs = Math.max(0, ...faults.map(({ atMs, forMs }) => atMs + forMs));
    const neededMs = mode === 'liveness' ? lastMs : this.#failure.atMs;
    const endMs = Math.min(stormMs, Math.max(0, neededMs) + MARGIN_MS);
    if (endMs < stormMs) this.#try({ stormMs: endMs, faults: faults.map(endingBy(endMs)) });
  }

  /** Shorter faults, that befall fewer. */
  #ease(): void {
    for (let at = 0; at < this.#schedule.faults.length; at += 1) {
      this.#easeOne(at, ({ forMs }) => ({ forMs: Math.floor(forMs / 2 / ROUND_MS) * ROUND_MS }));
      this.#easeOne(at, ({ atMs }) => ({ atMs: Math.round(atMs / ROUND_MS) * ROUND_MS }));
      for (const list of ['who', 'to'] as const) {
        for (const index of this.#schedule.faults[at]?.[list] ?? []) {
          const without = (fault: Fault): Partial<Fault> => ({
            [list]: fault[list].filter((one) => one !== index),
          });
          if ((this.#schedule.faults[at]?.[list].length ?? 0) > 1) this.#easeOne(at, without);
        }
      }
    }
  }

  #easeOne(at: number, change: (fault: Fault) => Partial<Fault>): void {
    const fault = this.#schedule.faults[at];
    if (fault === undefined) return;
    const eased = { ...fault, ...change(fault) };
    if (JSON.stringify(eased) === JSON.stringify(fault)) return;
    this.#try({ faults: this.#schedule.faults.with(at, eased) });
  }
}

function endingBy(endMs: number): (fault: Fault) => Fault {
  return (fault) => {
    const atMs = Math.min(fault.atMs, endMs);
    return { ...fault, atMs, forMs: Math.min(fault.forMs, endMs - atMs) };
  };
}
