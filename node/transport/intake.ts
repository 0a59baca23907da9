/**
 * What is handled at once, what waits, and what is shed of the messages that arrive. A budget per
 * slice of time follows how late this process runs: while it keeps up nothing waits. Under load the
 * most valuable are handled first, part of the budget is kept for them, and no remote gets all.
 */
import type { Host, Timer } from '../host.ts';
import type { Id } from '../id.ts';
import {
  INTAKE_LATE_MS,
  INTAKE_SLICE_MS,
  MAX_INBOX_BYTES,
  MAX_INBOX_MESSAGES,
  MAX_INBOX_PER_REMOTE,
  MAX_INTAKE,
  MIN_INTAKE,
} from './limits.ts';
import type { Link } from './link.ts';
import { HIGHEST_VALUE, type MessageValue, takeLeast } from './shedding.ts';

/** A message that was opened and not yet decoded. */
export interface Incoming {
  readonly link: Link;
  readonly type: string;
  readonly value: MessageValue;
  readonly bytes: Uint8Array;
}

export interface IntakeEvents {
  handle(incoming: Incoming): void;
  shed(incoming: Incoming): void;
}

/** A remote's part of what is handled in one slice. */
const SHARE = 1 / 4;

export class Intake {
  readonly #host: Host;
  readonly #events: IntakeEvents;
  readonly #taken = new Map<Id, number>();
  #waiting: Incoming[] = [];
  #waitingBytes = 0;
  #budget = MAX_INTAKE;
  #left = MAX_INTAKE;
  #timer: Timer | null = null;
  #sliceBegan = 0;

  constructor(host: Host, events: IntakeEvents) {
    this.#host = host;
    this.#events = events;
  }

  /** Handles it now, later, or never. */
  offer(incoming: Incoming): void {
    this.#begin();
    if (this.#admits(incoming)) this.#handle(incoming);
    else this.#wait(incoming);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#waiting = [];
  }

  #begin(): void {
    if (this.#timer !== null) return;
    this.#sliceBegan = this.#host.now();
    this.#timer = this.#host.after(INTAKE_SLICE_MS, () => this.#next());
  }

  #next(): void {
    this.#timer = null;
    const lateMs = this.#host.now() - this.#sliceBegan - INTAKE_SLICE_MS;
    // Halved and raised slowly: one slow step costs little, a lasting load is found soon.
    const budget = lateMs > INTAKE_LATE_MS ? this.#budget / 2 : this.#budget * 1.1;
    this.#budget = Math.min(MAX_INTAKE, Math.max(MIN_INTAKE, Math.floor(budget)));
    this.#left = this.#budget;
    this.#taken.clear();
    if (this.#waiting.length === 0) return;
    this.#begin();
    const waiting = this.#waiting.sort((a, b) => b.value - a.value);
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const incoming of waiting) {
      if (this.#admits(incoming)) this.#handle(incoming);
      else this.#wait(incoming);
    }
  }

  /** Of what is left each lower value leaves more to its betters: the lowest half of all. */
  #admits({ link, value }: Incoming): boolean {
    const reserve = (this.#budget * (HIGHEST_VALUE - value)) / (2 * HIGHEST_VALUE);
    if (this.#left <= reserve) return false;
    return (this.#taken.get(link.id) ?? 0) < this.#budget * SHARE;
  }

  #handle(incoming: Incoming): void {
    const { id } = incoming.link;
    this.#left -= 1;
    this.#taken.set(id, (this.#taken.get(id) ?? 0) + 1);
    this.#events.handle(incoming);
  }

  #wait(incoming: Incoming): void {
    this.#waiting.push(incoming);
    this.#waitingBytes += incoming.bytes.length;
    const same = this.#waiting.filter(({ link }) => link === incoming.link);
    if (same.length > MAX_INBOX_PER_REMOTE) {
      const least = takeLeast(same);
      if (least !== null) this.#shed(least, this.#waiting.indexOf(least));
    }
    while (this.#waiting.length > MAX_INBOX_MESSAGES || this.#waitingBytes > MAX_INBOX_BYTES) {
      const least = takeLeast(this.#waiting);
      if (least === null) break;
      this.#shed(least, null);
    }
  }

  /** `at` null: it has been taken out. */
  #shed(incoming: Incoming, at: number | null): void {
    if (at !== null) this.#waiting.splice(at, 1);
    this.#waitingBytes -= incoming.bytes.length;
    this.#events.shed(incoming);
  }
}
