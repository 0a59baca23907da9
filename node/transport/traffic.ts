/** Counts messages by type and datagrams apart, and turns them into rows about every second. */
import type { MessagesRow } from '../telemetry.ts';

type Direction = MessagesRow['direction'];

interface Count {
  count: number;
  datagrams: number;
  bytes: number;
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

  datagram(direction: Direction, bytes: number): void {
    this.#add(direction, DATAGRAM_TYPE, 1, 1, bytes);
  }

  /** Messages that travelled in one datagram (or, a fragmented one, in several). */
  messages(
    direction: Direction,
    carried: readonly { readonly type: string; readonly bytes: number }[],
    datagrams = 1,
  ): void {
    const seen = new Set<string>();
    for (const { type, bytes } of carried) {
      this.#add(direction, type, 1, seen.has(type) ? 0 : datagrams, bytes);
      seen.add(type);
    }
  }

  drop(reason: string, count = 1): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
  }

  /** A message that there was no room for in an inbox or an outbox. */
  shed(direction: 'shed-in' | 'shed-out', type: string, bytes: number): void {
    this.#add(direction, type, 1, 0, bytes);
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
        ([type, count]): MessagesRow => ({ table: 'messages', direction, type, ...count }),
      );
      this.#counts[direction].clear();
      return rows;
    });
  }

  #add(direction: Direction, type: string, count: number, datagrams: number, bytes: number): void {
    const sum = this.#counts[direction].get(type) ?? { count: 0, datagrams: 0, bytes: 0 };
    sum.count += count;
    sum.datagrams += datagrams;
    sum.bytes += bytes;
    this.#counts[direction].set(type, sum);
  }
}
