/** Counts messages by type and datagrams apart, and turns them into rows about every second. */
import type { MessagesRow } from '../telemetry.ts';

type Direction = MessagesRow['direction'];

interface Count {
  count: number;
  datagrams: number;
  bytes: number;
  /** The call of `messages` that counted it last. */
  call: number;
}

export const DATAGRAM_TYPE = '(datagram)';
/** Distinct reasons and types are named by code, never by the network. */
export class Traffic {
  readonly #counts: Record<Direction, Map<string, Count>> = {
    in: new Map(),
    out: new Map(),
    'shed-in': new Map(),
    'shed-out': new Map(),
  };
  readonly #dropped = new Map<string, number>();
  #call = 0;

  datagram(direction: Direction, bytes: number): void {
    const sum = this.#count(direction, DATAGRAM_TYPE);
    sum.count += 1;
    sum.datagrams += 1;
    sum.bytes += bytes;
  }

  /** Messages that travelled in one datagram (or, a fragmented one, in several). */
  messages(
    direction: Direction,
    carried: readonly { readonly type: string; readonly bytes: Uint8Array }[],
    datagrams = 1,
  ): void {
    this.#call += 1;
    for (const { type, bytes } of carried) {
      const sum = this.#count(direction, type);
      // Of several of one type in a datagram, the first counts it.
      if (sum.call !== this.#call) sum.datagrams += datagrams;
      sum.call = this.#call;
      sum.count += 1;
      sum.bytes += bytes.length;
    }
  }

  drop(reason: string, count = 1): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
  }

  /** A message that there was no room for in an inbox or an outbox. */
  shed(direction: 'shed-in' | 'shed-out', type: string, bytes: number): void {
    const sum = this.#count(direction, type);
    sum.count += 1;
    sum.bytes += bytes;
    this.drop(direction === 'shed-in' ? 'inbox full' : 'outbox full');
  }

  /** Since the start, by reason. */
  get dropped(): ReadonlyMap<string, number> {
    return this.#dropped;
  }

  /** Rows since the last call. */
  take(): MessagesRow[] {
    const directions: readonly Direction[] = ['in', 'out', 'shed-in', 'shed-out'];
    return directions.flatMap((direction) => {
      const rows = [...this.#counts[direction]].map(
        ([type, { count, datagrams, bytes }]): MessagesRow => {
          return { table: 'messages', direction, type, count, datagrams, bytes };
        },
      );
      this.#counts[direction].clear();
      return rows;
    });
  }

  #count(direction: Direction, type: string): Count {
    const sums = this.#counts[direction];
    let sum = sums.get(type);
    if (sum === undefined) {
      sum = { count: 0, datagrams: 0, bytes: 0, call: 0 };
      sums.set(type, sum);
    }
    return sum;
  }
}
