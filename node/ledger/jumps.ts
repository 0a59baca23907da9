/**
 * Reaching a time in a chain by its jump references (PROTOCOL.md 3): from each block the longest
 * jump that does not pass the time. A jump names the newest block at least its span back, so between
 * that and the span there is nothing: a year costs at most 12 + 5 + 7 + 24 + 60 hops, where a walk
 * would read every block.
 */
import { type Id, ZERO_ID } from '../id.ts';
import { JUMP_SPANS_MS } from './block.ts';
import type { BlockHeader } from './types.ts';

/** Twelve months, and of each shorter span as many as fit the next longer; anything above is a loop. */
export const MAX_HOPS = 256;

interface Named {
  readonly header: Pick<BlockHeader, 'time'>;
  readonly jumps: readonly Id[];
}

/**
 * The block to read next on the way from `block` to the newest one not after `timeMs`; null when the
 * block itself is old enough, or less than the shortest span away, or nothing earlier is named.
 */
export function nextHop({ header, jumps }: Named, timeMs: number, timeScale: number): Id | null {
  if (header.time <= timeMs) return null;
  for (const [index, span] of [...JUMP_SPANS_MS.entries()].toReversed()) {
    const jump = jumps[index];
    if (jump === undefined || jump === ZERO_ID) continue;
    if (header.time - span / timeScale >= timeMs) return jump;
  }
  return null;
}

/** The last step, past a time that is less than the shortest span away. */
export function shortestJump({ jumps }: Pick<Named, 'jumps'>): Id | null {
  return jumps.find((jump) => jump !== ZERO_ID) ?? null;
}
