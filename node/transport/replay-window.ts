import { REPLAY_WINDOW } from './limits.ts';

/** Which of the latest counters of one sender and epoch were seen; older ones count as seen. */
export class ReplayWindow {
  #highest = -1;
  readonly #seen = new Uint32Array(REPLAY_WINDOW / 32);

  isFresh(counter: number): boolean {
    if (counter > this.#highest) return true;
    if (counter <= this.#highest - REPLAY_WINDOW) return false;
    return ((this.#word(counter) >>> (counter % 32)) & 1) === 0;
  }

  /** Call only for what was authenticated, else strangers could move the window. */
  mark(counter: number): void {
    if (counter > this.#highest) this.#advance(counter);
    this.#seen[this.#index(counter)] = (this.#word(counter) | (1 << (counter % 32))) >>> 0;
  }

  #advance(counter: number): void {
    if (counter - this.#highest >= REPLAY_WINDOW) {
      this.#seen.fill(0);
    } else {
      for (let skipped = this.#highest + 1; skipped <= counter; skipped += 1) {
        this.#seen[this.#index(skipped)] = (this.#word(skipped) & ~(1 << (skipped % 32))) >>> 0;
      }
    }
    this.#highest = counter;
  }

  #index(counter: number): number {
    return Math.floor(counter / 32) % this.#seen.length;
  }

  #word(counter: number): number {
    return this.#seen[this.#index(counter)] ?? 0;
  }
}
