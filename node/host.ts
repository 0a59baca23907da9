/**
 * What a peer gets from the place it runs in: a clock, randomness, timers, a socket, a disk, a
 * place to report to. A peer is a synchronous state machine over this interface and touches nothing
 * else, so that the same code runs in a container, as a process, and in the simulator.
 */

/** An IPv4 address and UDP port. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

/** A pending callback. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * The peer's state on disk, a sorted map of strings to bytes.
 *
 * Writes are seen at once by later reads. The host makes them durable before any datagram that the
 * peer sends after them leaves: a peer that is killed can forget what it never said, nothing else.
 */
export interface Store {
  get(key: string): Uint8Array | undefined;
  put(key: string, value: Uint8Array): void;
  delete(key: string): void;
  /** All entries whose key starts with `prefix`, in key order. */
  entries(prefix: string): Iterable<readonly [key: string, value: Uint8Array]>;
}

/** The outside of a peer or client. All calls are synchronous and none throws for what a peer sent. */
export interface Host {
  /** Milliseconds since the epoch as this peer's own (possibly skewed) clock shows them; integer. */
  now(): number;
  /** `length` fresh random bytes. */
  random(length: number): Uint8Array;
  /** Calls back once after `delayMs` of this peer's time. */
  after(delayMs: number, callback: () => void): Timer;
  /** Sends one datagram, after the writes made before it are durable. Never blocks, may lose. */
  send(to: Endpoint, datagram: Uint8Array): void;
  readonly store: Store;
  /** Hands over one telemetry row; never blocks, counts what it drops. */
  report(row: Row): void;
}

import type { Row } from './telemetry.ts';
