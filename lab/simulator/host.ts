/**
 * `Host` of one simulated member, with the contract of `ProcessHost`: what one event of the scheduler
 * makes a peer write is durable together, and only then do the datagrams of that turn leave. What is
 * done outside of any turn is a turn by itself, call by call.
 */
import type { Endpoint, Host, Timer } from '../../node/host.ts';
import { type ClockOptions, OwnClock } from '../../node/runtime/clock.ts';
import type { Row } from '../../node/telemetry.ts';
import type { Random } from './random.ts';
import type { Cancel, Scheduler } from './scheduler.ts';
import { MemoryStore } from './store.ts';
import type { EventKind, Trace } from './trace.ts';

/** Datagrams of one turn, as in ProcessHost: a peer that makes more is out of control. */
const MAX_OUTBOX = 50_000;
/** Timers of a process: whole milliseconds, at least one, and at most this many (setTimeout). */
const MAX_TIMER_MS = 2 ** 31 - 1;
/**
 * What the kernel keeps for a socket whose process does not read: twice net.core.rmem_max, whose
 * default is 212,992, and what a datagram is counted for beside its payload (sk_buff, rounding).
 */
const RECEIVE_BUFFER_BYTES = 425_984;
const DATAGRAM_OVERHEAD_BYTES = 768;

export type Receive = (from: Endpoint, datagram: Uint8Array) => void;

/**
 * Where in its turn a process dies: `torn` before the turn's writes are durable, as in a power cut while
 * the disk writes; `unsent` after it, before its datagrams leave.
 */
export type Death = 'torn' | 'unsent';

/** Where datagrams go. */
export interface Network {
  attach(endpoint: Endpoint, receive: Receive): void;
  detach(endpoint: Endpoint): void;
  /** `leavesMs`: when the datagram leaves its sender, not before now. */
  send(from: Endpoint, to: Endpoint, datagram: Uint8Array, leavesMs: number): void;
}

/** What a turn did, for its cost. */
export interface Work {
  readonly kind: EventKind;
  readonly receivedBytes: number;
  readonly sentDatagrams: number;
  readonly sentBytes: number;
}

export interface SimHostParts extends ClockOptions {
  readonly scheduler: Scheduler;
  /** Its own stream, and another one after each restart: a peer must not meet its nonces again. */
  readonly random: Random;
  readonly endpoint: Endpoint;
  readonly network: Network;
  /** Given again to the host of the restarted member. */
  readonly store?: MemoryStore;
  /** `trueTime` turns what the peer's clock showed into virtual time. */
  report(row: Row, trueTime: (shownMs: number) => number): void;
  readonly trace?: Trace;
  /** Processor time of a turn, µs: the next one begins, and its datagrams leave, that much later. */
  readonly costUs?: (work: Work) => number;
}

interface Arrival {
  readonly kind: EventKind;
  readonly from: Endpoint | null;
  readonly content: Uint8Array;
  readonly run: () => void;
  /** A timer may be cancelled while it waits. */
  isCancelled: boolean;
}

const NOTHING = new Uint8Array(0);

export class SimHost implements Host {
  /** Its disk, which survives it. */
  readonly store: MemoryStore;
  readonly endpoint: Endpoint;
  /** Datagrams lost because it was busy or paused for too long. */
  drops = 0;
  readonly #parts: SimHostParts;
  readonly #clock: OwnClock;
  readonly #trueTime = (shownMs: number): number => this.#clock.trueTime(shownMs);
  #alive = true;
  #paused = false;
  #inTurn = false;
  /** How a turn soon will be its last, and what is called then. */
  #death: { readonly kind: Death; readonly died: () => void } | null = null;
  #rows: Row[] = [];
  #outbox: { readonly to: Endpoint; readonly datagram: Uint8Array }[] = [];
  /** What came while it was paused or busy, oldest first. */
  #waiting: Arrival[] = [];
  #waitingBytes = 0;
  #isDraining = false;
  #busyUntilMs = Number.NEGATIVE_INFINITY;

  constructor(parts: SimHostParts) {
    this.#parts = parts;
    const { scheduler, store = new MemoryStore(), endpoint } = parts;
    this.endpoint = endpoint;
    this.store = store;
    this.#clock = new OwnClock(() => scheduler.now, parts);
  }

  get alive(): boolean {
    return this.#alive;
  }

  now(): number {
    return this.#clock.now();
  }

  random(length: number): Uint8Array {
    return this.#parts.random.bytes(length);
  }

  after(delayMs: number, callback: () => void): Timer {
    const ownMs = delayMs >= 1 && delayMs <= MAX_TIMER_MS ? Math.ceil(delayMs) : 1;
    const { scheduler } = this.#parts;
    const firing = new Firing(callback);
    const dueMs = scheduler.now + ownMs / this.#clock.rate;
    firing.event = scheduler.at(dueMs, () => this.#arrive(firing));
    return firing;
  }

  send(to: Endpoint, datagram: Uint8Array): void {
    if (!this.#alive || this.#outbox.length >= MAX_OUTBOX) return;
    this.#outbox.push({ to, datagram });
    if (!this.#inTurn) this.#transmit(this.#parts.scheduler.now);
  }

  /** Handed over at the turn's end: a process that dies in it takes its unsent rows along. */
  report(row: Row): void {
    if (!this.#alive) return;
    this.#rows.push(row);
    if (!this.#inTurn) this.#handOver();
  }

  /** Datagrams to its endpoint go to `receive` from now on, each in a turn of its own. */
  listen(receive: Receive): void {
    this.#parts.network.attach(this.endpoint, (from, datagram) => {
      this.#arrive(arrival('datagram', from, datagram, () => receive(from, datagram)));
    });
  }

  /** Something the lab asks of the member, in a turn of its own; `text` says it in the trace. */
  order(text: string, run: () => void): void {
    const content = new TextEncoder().encode(text);
    this.#arrive(arrival('order', null, content, run));
  }

  /** Shifts its clock; its timers keep their pace. */
  setSkew(skewMs: number): void {
    this.#clock.setSkew(skewMs);
  }

  /** Changes the pace of its clock and of the timers it sets from now on. */
  setDrift(driftPpm: number): void {
    this.#clock.setDrift(driftPpm);
  }

  /** As kill -9: no timer fires, nothing is received, sent or reported any more. */
  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#waiting = [];
    this.#outbox = [];
    this.#rows = [];
    this.store.rollBack();
    this.#parts.network.detach(this.endpoint);
  }

  /**
   * The next turn (or the one that runs) that writes, or for `unsent` sends, is its last: nothing of it
   * leaves, and if `torn` its writes are lost. Then `died` is called.
   */
  dieNext(kind: Death, died: () => void = () => {}): void {
    this.#death = { kind, died };
  }

  /** Of the death that was to come. */
  spare(): void {
    this.#death = null;
  }

  /** As SIGSTOP: what is due meanwhile, datagrams too, happens after `resume`. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#drainLater();
  }

  #arrive(arrived: Arrival): void {
    if (!this.#alive) return;
    const isFree = this.#parts.scheduler.now >= this.#busyUntilMs && !this.#paused;
    if (isFree && this.#waiting.length === 0) this.#run(arrived);
    else this.#keep(arrived);
  }

  #keep(arrived: Arrival): void {
    const bytes = sizeInBuffer(arrived);
    if (bytes > 0 && this.#waitingBytes + bytes > RECEIVE_BUFFER_BYTES) {
      this.drops += 1;
      return;
    }
    this.#waitingBytes += bytes;
    this.#waiting.push(arrived);
    this.#drainLater();
  }

  #drainLater(): void {
    if (this.#isDraining || this.#paused || this.#waiting.length === 0) return;
    this.#isDraining = true;
    this.#parts.scheduler.post(Math.max(this.#busyUntilMs, this.#parts.scheduler.now), () => {
      this.#isDraining = false;
      if (!this.#alive || this.#paused) return;
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#waitingBytes -= sizeInBuffer(next);
      this.#run(next);
      this.#drainLater();
    });
  }

  #run({ kind, from, content, run, isCancelled }: Arrival): void {
    if (isCancelled) return;
    this.#parts.trace?.add(this.#parts.scheduler.now, this.endpoint, kind, from, content);
    this.#inTurn = true;
    this.store.begin();
    try {
      run();
    } catch (error) {
      this.kill();
      throw error;
    } finally {
      this.#inTurn = false;
    }
    if (!this.#alive) return;
    if (this.#death?.kind === 'torn' && this.store.isPending) {
      this.#die(this.#death.died);
      return;
    }
    this.store.commit();
    this.#handOver();
    if (this.#death?.kind === 'unsent' && this.#outbox.length > 0) {
      this.#die(this.#death.died);
      return;
    }
    this.#transmit(this.#busy(kind, content.length));
  }

  #die(died: () => void): void {
    this.kill();
    died();
  }

  #handOver(): void {
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = [];
    for (const row of rows) this.#parts.report(row, this.#trueTime);
  }

  /** Counts the turn's cost; when it ends. */
  #busy(kind: EventKind, receivedBytes: number): number {
    const { scheduler, costUs } = this.#parts;
    if (costUs === undefined) return scheduler.now;
    const sentDatagrams = this.#outbox.length;
    let sentBytes = 0;
    for (const { datagram } of this.#outbox) sentBytes += datagram.length;
    const us = costUs({ kind, receivedBytes, sentDatagrams, sentBytes });
    this.#busyUntilMs = scheduler.now + us / 1000;
    return this.#busyUntilMs;
  }

  #transmit(leavesMs: number): void {
    if (this.#outbox.length === 0) return;
    const sends = this.#outbox;
    this.#outbox = [];
    const { network } = this.#parts;
    for (const { to, datagram } of sends) network.send(this.endpoint, to, datagram, leavesMs);
  }
}

/** A timer as its peer holds it, and as it arrives: a run makes millions. */
class Firing implements Arrival, Timer {
  readonly kind = 'timer';
  readonly from = null;
  readonly content = NOTHING;
  readonly run: () => void;
  isCancelled = false;
  event: Cancel | null = null;

  constructor(run: () => void) {
    this.run = run;
  }

  cancel(): void {
    this.isCancelled = true;
    this.event?.cancel();
  }
}

function arrival(
  kind: EventKind,
  from: Endpoint | null,
  content: Uint8Array,
  run: () => void,
): Arrival {
  return { kind, from, content, run, isCancelled: false };
}

/** What it takes of the socket's buffer; only datagrams do. */
function sizeInBuffer({ kind, content }: Arrival): number {
  return kind === 'datagram' ? content.length + DATAGRAM_OVERHEAD_BYTES : 0;
}
