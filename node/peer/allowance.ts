/** How much each remote, and all of them together, may ask for of something costly. */
import type { Id } from '../id.ts';

/** Remotes counted within one window; beyond it strangers wait for the next. */
const MAX_COUNTED = 4096;

/**
 * At most `perWindow` units of `take` per remote and window, and `inAll` for all remotes together. No
 * remote gets more than what is left at the time, so one alone takes half of it, ten take a little
 * less than all, and who comes after them still has as much as each of them.
 */
export class Allowance {
  readonly #windowMs: number;
  readonly #perWindow: number;
  readonly #inAll: number;
  readonly #taken = new Map<Id, number>();
  #left: number;
  #windowEndsAt = 0;

  constructor(perWindow: number, windowMs: number, inAll = Number.POSITIVE_INFINITY) {
    this.#windowMs = windowMs;
    this.#perWindow = perWindow;
    this.#inAll = inAll;
    this.#left = inAll;
  }

  /** The last one may overdraw, so that what costs more than a whole window is done too, but seldom. */
  take(remote: Id, now: number, cost = 1): boolean {
    // A clock that was set back opens a new window too.
    if (now >= this.#windowEndsAt || now < this.#windowEndsAt - this.#windowMs) {
      this.#taken.clear();
      this.#left = this.#inAll;
      this.#windowEndsAt = now + this.#windowMs;
    }
    const taken = this.#taken.get(remote) ?? 0;
    if (taken >= Math.min(this.#perWindow, this.#left)) return false;
    if (taken === 0 && this.#taken.size >= MAX_COUNTED) return false;
    this.#taken.set(remote, taken + cost);
    this.#left -= cost;
    return true;
  }
}
