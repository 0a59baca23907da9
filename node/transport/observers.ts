/**
 * Which endpoint others see this one at. Each welcome names the endpoint that its hello came from;
 * behind NAT that is not the one bound here. One remote's word moves nothing: more than half of
 * several must say the same. Remotes to which a NAT shows different ports never agree, and then
 * nothing is known.
 */
import type { Endpoint } from '../host.ts';
import type { Id } from '../id.ts';
import { isSameEndpoint } from './endpoint.ts';
import { MAX_OBSERVERS, MIN_OBSERVERS } from './limits.ts';

export class Observers {
  /** In order of their last word. */
  readonly #told = new Map<Id, Endpoint>();
  #agreed: Endpoint | null = null;

  /** What more than half say; null while too few said anything, or they differ. */
  get agreed(): Endpoint | null {
    return this.#agreed;
  }

  /** True when it changes what is agreed. */
  hear(remote: Id, endpoint: Endpoint): boolean {
    this.#told.delete(remote);
    this.#told.set(remote, endpoint);
    const [oldest] = this.#told.keys();
    if (oldest !== undefined && this.#told.size > MAX_OBSERVERS) this.#told.delete(oldest);
    return this.#count();
  }

  /** A banned remote's word counts no more; true when it changes what is agreed. */
  forget(remote: Id): boolean {
    return this.#told.delete(remote) && this.#count();
  }

  #count(): boolean {
    const before = this.#agreed;
    const all = [...this.#told.values()];
    const agreed = all.find(
      (one) => 2 * all.filter((other) => isSameEndpoint(one, other)).length > all.length,
    );
    this.#agreed = all.length < MIN_OBSERVERS ? null : (agreed ?? null);
    if (before === null || this.#agreed === null) return before !== this.#agreed;
    return !isSameEndpoint(before, this.#agreed);
  }
}
