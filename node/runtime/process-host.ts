/**
 * `Host` over a real process. What a peer sends while it handles one turn of the event loop is
 * collected; at the turn's end its writes are committed together, and only then do the datagrams
 * leave: nothing is ever said that a killed peer could forget.
 */
import { randomFillSync } from 'node:crypto';
import { createHistogram, performance } from 'node:perf_hooks';
import type { Endpoint, Host, Store, Timer } from '../host.ts';
import type { Row } from '../telemetry.ts';
import { OwnClock } from './clock.ts';

/** Datagrams of one turn of the loop: a peer that makes more is out of control. */
const MAX_OUTBOX = 50_000;

export interface HostParts {
  readonly store: Store & { commit(): void };
  transmit(to: Endpoint, datagram: Uint8Array): void;
  /** `trueTime` turns what the peer's clock showed into true time. */
  report(row: Row, trueTime: (shownMs: number) => number): void;
}

export class ProcessHost implements Host {
  readonly store: Store;
  readonly #parts: HostParts;
  readonly #timers = new Set<NodeJS.Timeout>();
  #outbox: { readonly to: Endpoint; readonly datagram: Uint8Array }[] = [];
  #scheduled = false;
  readonly #clock = new OwnClock();
  readonly #lateness = createHistogram();

  constructor(parts: HostParts) {
    this.#parts = parts;
    const { store } = parts;
    this.store = {
      get: (key) => store.get(key),
      entries: (prefix) => store.entries(prefix),
      put: (key, value) => {
        store.put(key, value);
        this.#schedule();
      },
      delete: (key) => {
        store.delete(key);
        this.#schedule();
      },
    };
  }

  /** Shifts its clock; its timers keep their pace. */
  setSkew(skewMs: number): void {
    this.#clock.setSkew(skewMs);
  }

  /** Changes the pace of its clock and of the timers it sets from now on. */
  setDrift(driftPpm: number): void {
    this.#clock.setDrift(driftPpm);
  }

  now(): number {
    return this.#clock.now();
  }

  random(length: number): Uint8Array {
    return randomFillSync(new Uint8Array(length));
  }

  after(delayMs: number, callback: () => void): Timer {
    const trueMs = delayMs / this.#clock.rate;
    const dueMs = performance.now() + trueMs;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#lateness.record(Math.max(1, Math.round((performance.now() - dueMs) * 1000)));
      callback();
    }, trueMs);
    this.#timers.add(timer);
    return {
      cancel: () => {
        clearTimeout(timer);
        this.#timers.delete(timer);
      },
    };
  }

  send(to: Endpoint, datagram: Uint8Array): void {
    if (this.#outbox.length >= MAX_OUTBOX) return;
    this.#outbox.push({ to, datagram });
    this.#schedule();
  }

  report(row: Row): void {
    this.#parts.report(row, (shownMs) => this.#clock.trueTime(shownMs));
  }

  /** Commits what was written, then sends what was queued. Throws when the disk refuses. */
  flush(): void {
    this.#scheduled = false;
    this.#parts.store.commit();
    const sends = this.#outbox;
    this.#outbox = [];
    for (const { to, datagram } of sends) this.#parts.transmit(to, datagram);
  }

  /**
   * By how much the peer's own timers fired late since the last call, p99 in ms: the delay of the
   * event loop where the peer feels it, with no timer to measure it that would wake an idle process.
   */
  takeLateness(): number {
    const lateMs = this.#lateness.count === 0 ? 0 : this.#lateness.percentile(99) / 1000;
    this.#lateness.reset();
    return lateMs;
  }

  /** Cancels all timers. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      if (this.#scheduled) this.flush();
    });
  }
}
