/**
 * Virtual time: what is asked to happen, and when. Events run one after another in a total order,
 * by due time and then by the order in which they were asked for, so that a run is the same whenever
 * its requests are.
 *
 * A 4-ary heap over typed arrays: an event of a million pending ones costs three cache lines per
 * level and no object moves. A cancelled event stays until it is due or until such events are half
 * of the heap, which is then rebuilt without them.
 */

/** When simulated runs begin: a time of our age, as identities and certificates carry it. */
export const START_MS = Date.UTC(2026, 0, 1);
const FIRST_CAPACITY = 1024;
/** Fewer cancelled events than this are not worth a rebuild. */
const MIN_REBUILD = 1024;

/** A pending event. Cancelling twice, or after it ran, does nothing. */
export interface Cancel {
  cancel(): void;
}

/** An event's place outside the heap: what runs, or null once it ran or was cancelled. */
class Pending implements Cancel {
  run: (() => void) | null;
  readonly #cancelled: () => void;

  constructor(run: () => void, cancelled: () => void) {
    this.run = run;
    this.#cancelled = cancelled;
  }

  cancel(): void {
    if (this.run === null) return;
    this.run = null;
    this.#cancelled();
  }
}

export class Scheduler {
  /** Virtual ms since the epoch, with fractions: that of the event that runs, or ran last. */
  now: number;
  /** The heap, in three arrays: when, the how-manieth request, and where its `Pending` lies. */
  #due = new Float64Array(FIRST_CAPACITY);
  #order = new Float64Array(FIRST_CAPACITY);
  #place = new Uint32Array(FIRST_CAPACITY);
  #length = 0;
  readonly #pending: (Pending | null)[] = [];
  readonly #freePlaces: number[] = [];
  #asked = 0;
  #cancelled = 0;
  #stopped = false;
  readonly #onCancel = (): void => {
    this.#cancelled += 1;
    if (this.#cancelled > MIN_REBUILD && this.#cancelled * 2 > this.#length) this.#rebuild();
  };

  constructor(startMs: number = START_MS) {
    this.now = startMs;
  }

  /** Events that will still run. */
  get size(): number {
    return this.#length - this.#cancelled;
  }

  /** Calls `run` at `dueMs`, or next if that is past. RangeError for a time that is no number. */
  at(dueMs: number, run: () => void): Cancel {
    if (!Number.isFinite(dueMs)) throw new RangeError(`no time to run at: ${dueMs}`);
    const pending = new Pending(run, this.#onCancel);
    const place = this.#freePlaces.pop() ?? this.#pending.length;
    this.#pending[place] = pending;
    if (this.#length === this.#due.length) this.#grow();
    this.#asked += 1;
    this.#length += 1;
    this.#rise(this.#length - 1, Math.max(dueMs, this.now), this.#asked, place);
    return pending;
  }

  /** Runs the next event; false when there is none. */
  next(): boolean {
    for (;;) {
      if (this.#length === 0) return false;
      const dueMs = this.#due[0] ?? 0;
      const run = this.#take();
      if (run === null) continue;
      this.now = dueMs;
      run();
      return true;
    }
  }

  /** Runs all that is due until then, `untilMs` included; it is then `untilMs`, unless stopped. */
  runUntil(untilMs: number): void {
    this.#stopped = false;
    while (this.#length > 0 && (this.#due[0] ?? 0) <= untilMs) {
      const dueMs = this.#due[0] ?? 0;
      const run = this.#take();
      if (run === null) continue;
      this.now = dueMs;
      run();
      if (this.#stopped) return;
    }
    this.now = Math.max(this.now, untilMs);
  }

  /** `runUntil` returns after the event that runs. */
  stop(): void {
    this.#stopped = true;
  }

  /** Takes the first entry off the heap: what to run, or null if it was cancelled. */
  #take(): (() => void) | null {
    const place = this.#place[0] ?? 0;
    const pending = this.#pending[place] ?? null;
    const run = pending === null ? null : pending.run;
    this.#pending[place] = null;
    this.#freePlaces.push(place);
    if (pending === null || run === null) this.#cancelled -= 1;
    else pending.run = null;
    this.#length -= 1;
    const last = this.#length;
    if (last > 0) {
      this.#sink(0, this.#due[last] ?? 0, this.#order[last] ?? 0, this.#place[last] ?? 0);
    }
    return run;
  }

  /** Puts an entry at `at` or above it. */
  #rise(at: number, due: number, order: number, place: number): void {
    const dues = this.#due;
    const orders = this.#order;
    const places = this.#place;
    let hole = at;
    while (hole > 0) {
      const up = (hole - 1) >> 2;
      const upDue = dues[up] ?? 0;
      if (upDue < due || (upDue === due && (orders[up] ?? 0) < order)) break;
      dues[hole] = upDue;
      orders[hole] = orders[up] ?? 0;
      places[hole] = places[up] ?? 0;
      hole = up;
    }
    dues[hole] = due;
    orders[hole] = order;
    places[hole] = place;
  }

  /** Puts an entry at `at` or below it. */
  #sink(at: number, due: number, order: number, place: number): void {
    const dues = this.#due;
    const orders = this.#order;
    const places = this.#place;
    const length = this.#length;
    let hole = at;
    for (;;) {
      const first = 4 * hole + 1;
      if (first >= length) break;
      let least = first;
      let leastDue = dues[first] ?? 0;
      const end = Math.min(first + 4, length);
      for (let child = first + 1; child < end; child += 1) {
        const childDue = dues[child] ?? 0;
        if (childDue > leastDue) continue;
        if (childDue === leastDue && (orders[child] ?? 0) > (orders[least] ?? 0)) continue;
        least = child;
        leastDue = childDue;
      }
      if (due < leastDue || (due === leastDue && order < (orders[least] ?? 0))) break;
      dues[hole] = leastDue;
      orders[hole] = orders[least] ?? 0;
      places[hole] = places[least] ?? 0;
      hole = least;
    }
    dues[hole] = due;
    orders[hole] = order;
    places[hole] = place;
  }

  #grow(): void {
    const capacity = this.#due.length * 2;
    const due = new Float64Array(capacity);
    due.set(this.#due);
    this.#due = due;
    const order = new Float64Array(capacity);
    order.set(this.#order);
    this.#order = order;
    const place = new Uint32Array(capacity);
    place.set(this.#place);
    this.#place = place;
  }

  /** Drops the cancelled; the order of the others is in their numbers, not in their places. */
  #rebuild(): void {
    let kept = 0;
    for (let index = 0; index < this.#length; index += 1) {
      const place = this.#place[index] ?? 0;
      const pending = this.#pending[place] ?? null;
      if (pending === null || pending.run === null) {
        this.#pending[place] = null;
        this.#freePlaces.push(place);
        continue;
      }
      this.#due[kept] = this.#due[index] ?? 0;
      this.#order[kept] = this.#order[index] ?? 0;
      this.#place[kept] = place;
      kept += 1;
    }
    this.#length = kept;
    this.#cancelled = 0;
    for (let at = (kept - 2) >> 2; at >= 0; at -= 1) {
      this.#sink(at, this.#due[at] ?? 0, this.#order[at] ?? 0, this.#place[at] ?? 0);
    }
  }
}
