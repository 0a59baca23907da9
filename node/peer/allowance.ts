/** How often each remote may ask for something costly. */
import type { Id } from '../id.ts';

/** Remotes counted within one window; beyond it strangers wait for the next. */
const MAX_COUNTED = 4096;

/** At most `perWindow` calls of `take` per remote and window. */
export class Allowance {
  readonly #windowMs: number;
  readonly #perWindow: number;
  readonly #taken = new Map<Id, number>();
  #windowEndsAt = 0;

  constructor(perWindow: number, windowMs: number) {
    this.#perWindow = perWindow;
    this.#windowMs = windowMs;
  }

  take(remote: Id, now: number): boolean {
    // A clock that was set back opens a new window too.
    if (now >= this.#windowEndsAt || now < this.#windowEndsAt - this.#windowMs) {
      this.#taken.clear();
      this.#windowEndsAt = now + this.#windowMs;
    }
    const taken = this.#taken.get(remote) ?? 0;
    if (taken >= this.#perWindow || (taken === 0 && this.#taken.size >= MAX_COUNTED)) return false;
    this.#taken.set(remote, taken + 1);
    return true;
  }
}
