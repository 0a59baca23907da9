/**
 * A 4-ary heap of events by due time and then by number, over typed arrays. An event is three
 * numbers; what it does is its owner's to know, by its place.
 */

const FIRST_CAPACITY = 1024;

export class EventHeap {
  #due = new Float64Array(FIRST_CAPACITY);
  #order = new Float64Array(FIRST_CAPACITY);
  #place = new Uint32Array(FIRST_CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** When the first one is due; not to be asked of an empty heap. */
  get firstDueMs(): number {
    return this.#due[0] ?? Number.NaN;
  }

  push(dueMs: number, order: number, place: number): void {
    if (this.#length === this.#due.length) this.#grow();
    const dues = this.#due;
    const orders = this.#order;
    const places = this.#place;
    let hole = this.#length;
    this.#length += 1;
    while (hole > 0) {
      const up = (hole - 1) >> 2;
      const upDue = dues[up] ?? 0;
      if (upDue < dueMs || (upDue === dueMs && (orders[up] ?? 0) < order)) break;
      dues[hole] = upDue;
      orders[hole] = orders[up] ?? 0;
      places[hole] = places[up] ?? 0;
      hole = up;
    }
    dues[hole] = dueMs;
    orders[hole] = order;
    places[hole] = place;
  }

  /** Takes the first one off and returns its place; not to be asked of an empty heap. */
  take(): number {
    const first = this.#place[0] ?? 0;
    this.#length -= 1;
    if (this.#length > 0) this.#sinkLast();
    return first;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Moves the entry behind the last one to the root's place or below. */
  #sinkLast(): void {
    const dues = this.#due;
    const orders = this.#order;
    const places = this.#place;
    const length = this.#length;
    const due = dues[length] ?? 0;
    const order = orders[length] ?? 0;
    const place = places[length] ?? 0;
    let hole = 0;
    for (let first = 1; first < length; first = 4 * hole + 1) {
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
}
