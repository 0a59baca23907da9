/**
 * Virtual time: what is asked to happen, and when. Events run one after another in a total order,
 * by due time and then by the order in which they were asked for, so that a run is the same whenever
 * its requests are.
 *
 * Events that are due next lie in a heap small enough for the processor's cache; later ones lie in
 * buckets of equal width, unsorted, until the heap has run empty and takes the next bucket; those
 * beyond the last bucket lie together until the buckets are spread anew (a ladder queue: Tang, Goh
 * and Thng, 2005). So an event of a million pending ones costs about as much as one of a thousand.
 */
import { EventHeap } from './event-heap.ts';

/** When simulated runs begin: a time of our age, as identities and certificates carry it. */
export const START_MS = Date.UTC(2026, 0, 1);
const FIRST_CAPACITY = 1024;
/** Fewer cancelled events than this are not worth going through all. */
const MIN_CANCELLED = 1024;
const MIN_BUCKETS = 16;
const MAX_BUCKETS = 65_536;
/** Events meant for one bucket when they are spread. */
const EVENTS_PER_BUCKET = 16;
/** Narrower buckets would tell times apart that float64 cannot: its step is 2^-12 ms in our age. */
const MIN_WIDTH_MS = 2 ** -10;
/** A heap that grew beyond this, and to twice what it was, is spread over buckets again. */
const LARGE_HEAP = 8192;
/** The median of the due times is that of so many of them. */
const SAMPLE = 101;
/** End of a list of places. */
const NONE = 0xffffffff;

/** A pending event. Cancelling twice, or after it ran, does nothing. */
export interface Cancel {
  cancel(): void;
}

export class Scheduler {
  /** Virtual ms since the epoch, with fractions: that of the event that runs, or ran last. */
  now: number;
  readonly #near = new EventHeap();
  /** Per place: due time and number of the event, what it runs, the next place of its list. */
  #due = new Float64Array(FIRST_CAPACITY);
  #order = new Float64Array(FIRST_CAPACITY);
  #next = new Uint32Array(FIRST_CAPACITY);
  readonly #runs: ((() => void) | null)[] = [];
  /** A list of places that are free. */
  #free = NONE;
  /** First places of the buckets' lists, and of what lies beyond them. */
  readonly #buckets = new Uint32Array(MAX_BUCKETS).fill(NONE);
  #beyond = NONE;
  #bucketCount = 0;
  /** Buckets before this one are in the heap. */
  #openBucket = 0;
  #baseMs = 0;
  #widthMs = 1;
  #spreadAgainAt = LARGE_HEAP;
  #asked = 0;
  #held = 0;
  #cancelled = 0;
  #isStopped = false;

  constructor(startMs: number = START_MS) {
    this.now = startMs;
  }

  /** Events that will still run. */
  get size(): number {
    return this.#held - this.#cancelled;
  }

  /** Events that take room: cancelled ones do until they are due or about as many as the others. */
  get held(): number {
    return this.#held;
  }

  /** Calls `run` at `dueMs`, or now if that is past. RangeError for a time that is no number. */
  at(dueMs: number, run: () => void): Cancel {
    const place = this.#add(dueMs, run);
    const order = this.#asked;
    return { cancel: () => this.#cancel(place, order) };
  }

  /** As `at`, for what is never cancelled. */
  post(dueMs: number, run: () => void): void {
    this.#add(dueMs, run);
  }

  /** Runs the next event; false when there is none. */
  next(): boolean {
    for (;;) {
      if (this.#near.length === 0 && !this.#fill()) return false;
      if (this.#runFirst()) return true;
    }
  }

  /** Runs all that is due until then, `untilMs` included; it is then `untilMs`, unless stopped. */
  runUntil(untilMs: number): void {
    this.#isStopped = false;
    while (this.#near.length > 0 || this.#fill()) {
      if (this.#near.firstDueMs > untilMs) break;
      this.#runFirst();
      if (this.#isStopped) return;
    }
    this.now = Math.max(this.now, untilMs);
  }

  /** `runUntil` returns after the event that runs. */
  stop(): void {
    this.#isStopped = true;
  }

  #add(dueMs: number, run: () => void): number {
    if (!Number.isFinite(dueMs)) throw new RangeError(`no time to run at: ${dueMs}`);
    const place = this.#takePlace();
    this.#asked += 1;
    this.#held += 1;
    this.#due[place] = Math.max(dueMs, this.now);
    this.#order[place] = this.#asked;
    this.#runs[place] = run;
    this.#put(place);
    if (this.#near.length > this.#spreadAgainAt) this.#spread();
    return place;
  }

  /** False if the first one was cancelled. */
  #runFirst(): boolean {
    const dueMs = this.#near.firstDueMs;
    const place = this.#near.take();
    const run = this.#runs[place] ?? null;
    this.#release(place);
    if (run === null) {
      this.#cancelled -= 1;
      return false;
    }
    // Time may have been set on by hand: what is late does not take it back.
    this.now = Math.max(this.now, dueMs);
    run();
    return true;
  }

  #cancel(place: number, order: number): void {
    // A place is used again, a number never.
    if (this.#order[place] !== order || this.#runs[place] === null) return;
    this.#runs[place] = null;
    this.#cancelled += 1;
    if (this.#cancelled > MIN_CANCELLED && this.#cancelled * 2 > this.#held) this.#spread();
  }

  /** Into the heap, a bucket, or beyond. */
  #put(place: number): void {
    const dueMs = this.#due[place] ?? 0;
    // Never decreases with the due time, however it is rounded: so order over buckets is sound.
    const bucket = Math.floor((dueMs - this.#baseMs) / this.#widthMs);
    if (bucket < this.#openBucket) {
      this.#near.push(dueMs, this.#order[place] ?? 0, place);
    } else if (bucket < this.#bucketCount) {
      this.#next[place] = this.#buckets[bucket] ?? NONE;
      this.#buckets[bucket] = place;
    } else {
      this.#next[place] = this.#beyond;
      this.#beyond = place;
    }
  }

  /** Fills the empty heap with the next events; false when there are none. */
  #fill(): boolean {
    for (;;) {
      while (this.#openBucket < this.#bucketCount) {
        const list = this.#buckets[this.#openBucket] ?? NONE;
        this.#buckets[this.#openBucket] = NONE;
        this.#openBucket += 1;
        for (let place = list; place !== NONE; place = this.#next[place] ?? NONE) {
          this.#near.push(this.#due[place] ?? 0, this.#order[place] ?? 0, place);
        }
        if (this.#near.length > 0) return true;
      }
      if (this.#beyond === NONE) return false;
      this.#spread();
    }
  }

  /**
   * Spreads all events over buckets such that about half of them find one, and forgets the
   * cancelled: each event is moved twice on average before it is due.
   */
  #spread(): void {
    const places = this.#takeAll();
    let baseMs = Number.POSITIVE_INFINITY;
    for (const place of places) baseMs = Math.min(baseMs, this.#due[place] ?? 0);
    const step = Math.max(1, Math.floor(places.length / SAMPLE));
    const sample: number[] = [];
    for (let at = 0; at < places.length; at += step) {
      sample.push(this.#due[places[at] ?? 0] ?? 0);
    }
    sample.sort((left, right) => left - right);
    const medianMs = sample[sample.length >> 1] ?? baseMs;
    const wanted = Math.ceil(places.length / EVENTS_PER_BUCKET);
    this.#bucketCount = Math.min(MAX_BUCKETS, Math.max(MIN_BUCKETS, wanted));
    this.#widthMs = Math.max(MIN_WIDTH_MS, (medianMs - baseMs) / this.#bucketCount);
    this.#baseMs = places.length === 0 ? this.now : baseMs;
    this.#openBucket = 1;
    for (const place of places) this.#put(place);
    this.#spreadAgainAt = Math.max(LARGE_HEAP, 2 * this.#near.length);
  }

  /** Empties heap, buckets and what lies beyond; the places of all events that are not cancelled. */
  #takeAll(): Uint32Array {
    const places = new Uint32Array(this.#held);
    let count = 0;
    const take = (place: number): void => {
      if (this.#runs[place] === null) {
        this.#release(place);
        this.#cancelled -= 1;
      } else {
        places[count] = place;
        count += 1;
      }
    };
    while (this.#near.length > 0) take(this.#near.take());
    const lists = [...this.#buckets.subarray(this.#openBucket, this.#bucketCount), this.#beyond];
    for (const list of lists) {
      for (let place = list; place !== NONE; ) {
        const next = this.#next[place] ?? NONE;
        take(place);
        place = next;
      }
    }
    this.#buckets.fill(NONE, 0, this.#bucketCount);
    this.#beyond = NONE;
    return places.subarray(0, count);
  }

  #takePlace(): number {
    const place = this.#free;
    if (place !== NONE) {
      this.#free = this.#next[place] ?? NONE;
      return place;
    }
    if (this.#runs.length === this.#due.length) this.#grow();
    this.#runs.push(null);
    return this.#runs.length - 1;
  }

  #release(place: number): void {
    this.#runs[place] = null;
    this.#next[place] = this.#free;
    this.#free = place;
    this.#held -= 1;
  }

  #grow(): void {
    const capacity = this.#due.length * 2;
    const due = new Float64Array(capacity);
    due.set(this.#due);
    this.#due = due;
    const order = new Float64Array(capacity);
    order.set(this.#order);
    this.#order = order;
    const next = new Uint32Array(capacity);
    next.set(this.#next);
    this.#next = next;
  }
}
