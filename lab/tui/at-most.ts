/**
 * Does a thing at once if it was not done lately, else as soon as that is so: however often it is
 * asked for, it is done at most once an interval, and the last wish is never lost.
 */
export class AtMost {
  readonly #intervalMs: number;
  readonly #work: () => void;
  #timer: NodeJS.Timeout | null = null;
  #doneAtMs = -Infinity;

  constructor(intervalMs: number, work: () => void) {
    this.#intervalMs = intervalMs;
    this.#work = work;
  }

  /** Wishes for it. */
  ask(): void {
    if (this.#timer !== null) return;
    const restMs = this.#doneAtMs + this.#intervalMs - performance.now();
    if (restMs <= 0) this.#do();
    else {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#do();
      }, restMs);
    }
  }

  /** Forgets a wish that waits. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #do(): void {
    this.#doneAtMs = performance.now();
    this.#work();
  }
}
