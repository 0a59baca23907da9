/**
 * How far two peers' views of a neighbourhood agree. Commit rules assume that honest peers see the
 * same neighbourhood, so every ballot tells in short whom its voter counts: two bytes per member,
 * few enough to be sent along and, among tens of members, hardly ever alike for two.
 */
import { Malformed, type Reader } from '../codec/reader.ts';
import type { Writer } from '../codec/writer.ts';
import type { Id } from '../id.ts';
import { MAX_EXTRA_NEIGHBOURS } from '../ledger/transaction.ts';

/** Rising; bytes 16 and 17 of each member's address, which nearness to a token leaves random. */
export type ViewSketch = readonly number[];

/** The largest k that manifests allow, and what a transaction may ask for beyond it. */
export const MAX_VIEW = 64 + MAX_EXTRA_NEIGHBOURS;

/** Hex digits of those two bytes. */
const FROM = 32;
const TO = 36;

export function sketchOf(members: readonly Id[]): ViewSketch {
  return members
    .slice(0, MAX_VIEW)
    .map((address) => Number.parseInt(address.slice(FROM, TO), 16))
    .sort((a, b) => a - b);
}

/** Members in both over members in either (Jaccard); of two empty views 1. */
export function overlap(a: ViewSketch, b: ViewSketch): number {
  let shared = 0;
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const [left = 0, right = 0] = [a[i], b[j]];
    if (left === right) shared += 1;
    if (left <= right) i += 1;
    if (right <= left) j += 1;
  }
  const either = a.length + b.length - shared;
  return either === 0 ? 1 : shared / either;
}

export function writeSketch(writer: Writer, view: ViewSketch): void {
  writer.list(view, (part) => writer.u16(part));
}

export function readSketch(reader: Reader): ViewSketch {
  const view = reader.list(0, MAX_VIEW, () => reader.u16());
  if (view.some((part, index) => part < (view[index - 1] ?? 0))) {
    throw new Malformed('a view that does not rise');
  }
  return view;
}
