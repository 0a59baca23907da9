/**
 * Virtual time beside wall time: plays the load of a simulated run no faster than it was asked for,
 * halts and goes on, and carries out what an operator orders meanwhile. An order is carried out at a
 * virtual time at which nothing else is due, so that the run can be repeated with the order in its
 * manifest: at that time there, the same members are told the same, in the same state.
 */
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { EXIT, LabError } from '../errors.ts';
import type { OperatorOrder } from '../manifest/testnet.ts';
import type { Pace } from '../supervisor/api.ts';
import type { Conduct } from './play.ts';
import type { World } from './world.ts';

/** Virtual time that is waited for at once: what a person takes for smooth. */
const STEP_MS = 50;
/** Virtual time between two looks at the wall clock. */
const SLICE_MS = 5;
/** Wall time after which whoever asks is heard: a busy simulation answers at least so often. */
const HEAR_EVERY_MS = 25;
/** As long as nothing but time can end a halt, so often the signal is looked at. */
const HALT_POLL_MS = 100;
/** From then on a lag is told, and again when it has doubled. Virtual ms. */
const TOLD_LAG_MS = 2000;
/** Where orders fall within a virtual ms: seldom where timers do, and exact as a binary fraction. */
const ORDER_FRACTION = 13 / 32;
/** The step between two doubles at times of our age, ms: what is due before T is due at T less this. */
const TIME_STEP_MS = 2 ** -12;
/** As many as a testnet file may hold (lab/manifest/schema.ts). */
const MAX_ORDERS = 2000;

/** An order without its time. */
export type OrderBody = OperatorOrder extends infer O
  ? O extends OperatorOrder
    ? Omit<O, 'atMs'>
    : never
  : never;

/** Of a world, what it takes to play it. */
export type Playable = Pick<World, 'scheduler' | 'order'>;

type Load = Parameters<Conduct>[1];

export interface PacerOptions {
  /** Virtual ms per wall ms. */
  readonly times: number;
  /** Stays up when the manifest's time is over. */
  readonly staysUp: boolean;
  /** To be played without pacing: what an earlier process had played, ms of load. */
  readonly replayMs: number;
  /** Aborted with what ends the run. */
  readonly signal: AbortSignal;
  /** Before an order is carried out: writes all of them down. What it throws refuses the order. */
  recorded(orders: readonly OperatorOrder[]): void;
  /** The load goes on. */
  began(load: Load): void;
  lags(pace: Pace): void;
}

interface Waiting {
  readonly order: OperatorOrder;
  readonly done: (id: string) => void;
  readonly failed: (error: unknown) => void;
}

export class Pacer {
  /** A `Conduct`. */
  readonly conduct = (world: Playable, load: Load): Promise<void> => this.#conduct(world, load);
  readonly #options: PacerOptions;
  readonly #orders: OperatorOrder[];
  #waiting: Waiting[] = [];
  #world: Playable | null = null;
  #startMs = 0;
  #lastOrderMs = 0;
  #isHalted = false;
  #isOver = false;
  #isReplaying: boolean;
  /** Virtual and wall time that belong together. */
  #anchor = { virtualMs: 0, wallMs: 0 };
  #tellAtMs = TOLD_LAG_MS;

  /** `orders`: those that an earlier process carried out. */
  constructor(options: PacerOptions, orders: readonly OperatorOrder[] = []) {
    this.#options = options;
    this.#orders = [...orders];
    this.#isReplaying = options.replayMs > 0;
  }

  get isReplaying(): boolean {
    return this.#isReplaying;
  }

  get isHalted(): boolean {
    return this.#isHalted;
  }

  /** All that was ordered by hand, in order of time. */
  get orders(): readonly OperatorOrder[] {
    return this.#orders;
  }

  /** Ms since the load began; null before. */
  get playedMs(): number | null {
    return this.#world === null ? null : this.#world.scheduler.now - this.#startMs;
  }

  get pace(): Pace {
    const { times } = this.#options;
    const isRunning = this.#world !== null && !this.#isHalted && !this.#isOver;
    const lagMs = isRunning
      ? Math.max(0, this.#allowedMs() - (this.#world?.scheduler.now ?? 0))
      : 0;
    // Within a step it is on time.
    return { times, lagMs: lagMs <= STEP_MS + times ? 0 : Math.round(lagMs) };
  }

  /** Time stands still from now on. */
  halt(): void {
    this.#isHalted = true;
  }

  resume(): void {
    this.#isHalted = false;
    this.#setAnchor();
  }

  /** To be carried out in the next virtual ms; its id. Throws, or is rejected with, a LabError. */
  order(body: OrderBody): Promise<string> {
    const world = this.#world;
    if (world === null || this.#isOver) {
      throw new LabError('no load runs: nothing can be ordered', { exitCode: EXIT.badUse });
    }
    if (this.#orders.length + this.#waiting.length >= MAX_ORDERS) {
      throw new LabError(`the run had ${MAX_ORDERS} orders by hand`, {
        exitCode: EXIT.badUse,
        remedy: 'begin another run; this one could not be repeated with more',
      });
    }
    const sinceStartMs = Math.max(world.scheduler.now - this.#startMs, this.#lastOrderMs);
    const atMs = Math.floor(sinceStartMs) + 1 + ORDER_FRACTION;
    this.#lastOrderMs = atMs;
    return new Promise((done, failed) => {
      this.#waiting.push({ order: { ...body, atMs }, done, failed });
    });
  }

  async #conduct(world: Playable, load: Load): Promise<void> {
    const { staysUp, replayMs, signal } = this.#options;
    const { startMs, look } = load;
    const endMs = staysUp ? Number.POSITIVE_INFINITY : load.endMs;
    this.#startMs = startMs;
    if (replayMs > 0) await this.#play(world, Math.min(endMs, startMs + replayMs), look);
    this.#isReplaying = false;
    this.#world = world;
    this.#setAnchor();
    this.#options.began(load);
    try {
      while (world.scheduler.now < endMs) {
        signal.throwIfAborted();
        if (this.#isHalted) {
          // What is ordered meanwhile takes the moment that it needs.
          await this.#play(world, this.#dueMs(world.scheduler.now), look);
          await delay(HALT_POLL_MS, undefined, { signal }).catch(() => undefined);
          await look();
          continue;
        }
        const untilMs = Math.min(endMs, world.scheduler.now + STEP_MS);
        const aheadMs = (untilMs - this.#allowedMs()) / this.#options.times;
        if (aheadMs > 0) await delay(aheadMs, undefined, { signal }).catch(() => undefined);
        if (this.#isHalted) continue;
        await this.#play(world, untilMs, look);
        await look();
        this.#tellLag();
      }
    } finally {
      this.#isOver = true;
      const over = new LabError('the load has ended', { exitCode: EXIT.badUse });
      for (const { failed } of this.#waiting.splice(0)) failed(over);
    }
  }

  /** To `untilMs`, with the orders that are due until then. */
  async #play(world: Playable, untilMs: number, look: () => Promise<void>): Promise<void> {
    const { scheduler } = world;
    let heardMs = performance.now();
    while (scheduler.now < untilMs) {
      const sliceMs = Math.min(untilMs, scheduler.now + SLICE_MS);
      const order = this.#waiting[0];
      const orderMs = this.#startMs + (order?.order.atMs ?? Number.POSITIVE_INFINITY);
      if (order !== undefined && orderMs <= sliceMs) {
        scheduler.runUntil(orderMs - TIME_STEP_MS);
        scheduler.now = orderMs;
        this.#waiting.shift();
        this.#carryOut(world, order);
      } else scheduler.runUntil(sliceMs);
      if (performance.now() - heardMs < HEAR_EVERY_MS) continue;
      await (this.#isReplaying ? look() : setImmediate());
      heardMs = performance.now();
    }
  }

  #carryOut(world: Playable, { order, done, failed }: Waiting): void {
    try {
      this.#options.recorded([...this.#orders, order]);
      this.#orders.push(order);
      done(world.order(order));
    } catch (error) {
      failed(error);
    }
  }

  /** When the last of the waiting orders is carried out; `nowMs` when none waits. */
  #dueMs(nowMs: number): number {
    const last = this.#waiting.at(-1);
    return last === undefined ? nowMs : this.#startMs + last.order.atMs;
  }

  /** How far virtual time should be. */
  #allowedMs(): number {
    const { virtualMs, wallMs } = this.#anchor;
    return virtualMs + (performance.now() - wallMs) * this.#options.times;
  }

  #setAnchor(): void {
    this.#anchor = { virtualMs: this.#world?.scheduler.now ?? 0, wallMs: performance.now() };
  }

  #tellLag(): void {
    const { pace } = this;
    if (pace.lagMs < this.#tellAtMs) return;
    this.#tellAtMs = pace.lagMs * 2;
    this.#options.lags(pace);
  }
}
