/**
 * How an identity stands in the network: what the committed transactions of its identity token have
 * made of it (PROTOCOL.md 1, 3, 5), the same for everyone who knows them.
 *
 * Bytes: sinceMs u64 ‖ countedFromMs (0/1, u64) ‖ trustedFromMs (0/1, u64).
 */
import type { Reader } from '../codec/reader.ts';
import type { Writer } from '../codec/writer.ts';

export interface Standing {
  /** Timestamp of the transaction that made it so, ms: of two standings the later one holds. */
  readonly sinceMs: number;
  /** From when on, by the clock, it counts as a neighbour, ms; null: it does not. */
  readonly countedFromMs: number | null;
  /** When its first `synchronised` is a trust period old, ms; null: it never was synchronised. */
  readonly trustedFromMs: number | null;
}

/** Named by the genesis: counted and trusted from the start. */
export const FOUNDING: Standing = { sinceMs: 0, countedFromMs: 0, trustedFromMs: 0 };

/** Known by its record, without an identity token so far. */
export const CANDIDATE: Standing = { sinceMs: 0, countedFromMs: null, trustedFromMs: null };

/**
 * PROTOCOL.md 5, of the identity alone; `trusted` is who counts. A member that lapsed is
 * synchronising again.
 */
export type Phase = 'identity' | 'synchronising' | 'trust-building' | 'trusted';

export function phaseOf(standing: Standing, nowMs: number): Phase {
  const { sinceMs, countedFromMs, trustedFromMs } = standing;
  if (countedFromMs !== null) return countedFromMs <= nowMs ? 'trusted' : 'trust-building';
  return sinceMs === 0 && trustedFromMs === null ? 'identity' : 'synchronising';
}

export function isSameStanding(a: Standing, b: Standing): boolean {
  return (
    a.sinceMs === b.sinceMs &&
    a.countedFromMs === b.countedFromMs &&
    a.trustedFromMs === b.trustedFromMs
  );
}

export function writeStanding(writer: Writer, standing: Standing): void {
  writer.u64(standing.sinceMs);
  for (const time of [standing.countedFromMs, standing.trustedFromMs]) {
    writer.u8(time === null ? 0 : 1);
    if (time !== null) writer.u64(time);
  }
}

export function readStanding(reader: Reader): Standing {
  return {
    sinceMs: reader.u64(),
    countedFromMs: reader.boolean() ? reader.u64() : null,
    trustedFromMs: reader.boolean() ? reader.u64() : null,
  };
}
