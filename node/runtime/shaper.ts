/**
 * Links in the peer's own process, for kernels without netem: every datagram that leaves through one
 * of its sockets passes here, is given a fate by the class whose subnet holds its destination, and
 * is released at the tick of the process's millisecond timers that is nearest to its due time: up to
 * half a millisecond early or late, right on average, at the cost of one wake-up and no spinning
 * (which made every peer of a busy host later than what it won).
 * Destinations outside every class (loopback controls, clients of nobody) pass at once.
 */
import { isIPv4 } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { LinkClass } from '../control.ts';
import type { Endpoint, Timer } from '../host.ts';
import { DelayQueue } from './delay-queue.ts';
import { LinkModel, type Random } from './link-model.ts';

/** Datagrams held together: at 1,400 bytes 11 MB; a peer's worst second is about 2,000. */
const MAX_HELD = 8192;
/** Timers tick in whole milliseconds: what is due within half a tick is as near as it gets. */
const HALF_TICK_MS = 0.5;
/** How much later than asked a timer of an idle process fires here: kernel slack and the loop's turn. */
const TIMER_LAG_MS = 0.1;
/** How long a rate-limited link's queue may get before it drops: a home router's buffer. */
export const MAX_QUEUE_MS = 1000;

export interface ShaperSources {
  /** Monotonic ms, with fractions. */
  now(): number;
  readonly random: Random;
  /** Calls back about `dueMs` of `now`; the shaper looks again what is due then. */
  wake(dueMs: number, callback: () => void): Timer;
}

export type Deliver = (to: Endpoint, datagram: Uint8Array) => void;

interface Held {
  readonly to: Endpoint;
  readonly datagram: Uint8Array;
  readonly deliver: Deliver;
}

interface Route {
  readonly base: number;
  readonly mask: number;
  readonly bits: number;
  readonly model: LinkModel;
}

export interface ShaperCounts {
  passed: number;
  lost: number;
  cut: number;
  overflowed: number;
}

export class Shaper {
  readonly counts: ShaperCounts = { passed: 0, lost: 0, cut: 0, overflowed: 0 };
  readonly #sources: ShaperSources;
  readonly #held = new DelayQueue<Held>();
  #routes: readonly Route[] = [];
  #timer: { readonly dueMs: number; readonly handle: Timer } | null = null;

  constructor(sources: ShaperSources = SYSTEM) {
    this.#sources = sources;
  }

  /** Replaces all classes; what is under way keeps its delay. RangeError for a bad subnet. */
  setClasses(classes: readonly LinkClass[]): void {
    const { random } = this.#sources;
    // The most specific subnet first; the sort is stable, so of equal ones the first wins.
    this.#routes = classes
      .map((linkClass) => ({
        ...parseSubnet(linkClass.subnet),
        model: new LinkModel(linkClass, random, MAX_QUEUE_MS),
      }))
      .sort((left, right) => right.bits - left.bits);
  }

  /** Holds the datagram as its link demands and then gives it to `deliver`; keeps the buffer. */
  send(to: Endpoint, datagram: Uint8Array, deliver: Deliver): void {
    const model = this.#modelFor(to.ip);
    if (model === null) {
      this.counts.passed += 1;
      deliver(to, datagram);
      return;
    }
    const nowMs = this.#sources.now();
    const fate = model.draw(nowMs, datagram.length);
    if (fate.dropped === 'cut') this.counts.cut += 1;
    else if (fate.dropped === 'lost') this.counts.lost += 1;
    else if (fate.dropped === 'overflow') this.counts.overflowed += 1;
    for (const delayMs of fate.delaysMs) {
      if (delayMs < HALF_TICK_MS) {
        this.counts.passed += 1;
        deliver(to, datagram);
      } else if (this.#held.size >= MAX_HELD) {
        this.counts.overflowed += 1;
      } else {
        this.#held.push(nowMs + delayMs, { to, datagram, deliver });
      }
    }
    this.#arm();
  }

  /** Drops what is held. */
  stop(): void {
    this.#timer?.handle.cancel();
    this.#timer = null;
    this.#held.clear();
  }

  #modelFor(ip: string): LinkModel | null {
    const address = parseAddress(ip);
    if (address === null) return null;
    for (const { base, mask, model } of this.#routes) {
      if ((address & mask) >>> 0 === base) return model;
    }
    return null;
  }

  #arm(): void {
    const dueMs = this.#held.nextDueMs;
    if (dueMs === null || (this.#timer !== null && this.#timer.dueMs <= dueMs)) return;
    this.#timer?.handle.cancel();
    this.#timer = { dueMs, handle: this.#sources.wake(dueMs, () => this.#release()) };
  }

  #release(): void {
    this.#timer = null;
    for (;;) {
      const dueMs = this.#held.nextDueMs;
      if (dueMs === null || dueMs > this.#sources.now() + HALF_TICK_MS) break;
      const held = this.#held.pop();
      if (held === undefined) break;
      this.counts.passed += 1;
      held.deliver(held.to, held.datagram);
    }
    this.#arm();
  }
}

/** The real clock. */
const SYSTEM: ShaperSources = {
  now: () => performance.now(),
  random: () => Math.random(),
  wake(dueMs, callback) {
    const leftMs = dueMs - performance.now() - TIMER_LAG_MS;
    const timer = setTimeout(callback, Math.round(leftMs));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** An IPv4 address as an unsigned integer, or null. */
function parseAddress(ip: string): number | null {
  if (!isIPv4(ip)) return null;
  return ip.split('.').reduce((address, part) => address * 256 + Number(part), 0);
}

function parseSubnet(subnet: string): { base: number; mask: number; bits: number } {
  const [ip = '', length = '32'] = subnet.split('/');
  const bits = Number(length);
  const address = parseAddress(ip);
  if (address === null || !/^\d{1,2}$/.test(length) || bits > 32) {
    throw new RangeError(`no CIDR: ${subnet}`);
  }
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  return { base: (address & mask) >>> 0, mask, bits };
}
