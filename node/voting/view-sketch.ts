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

/** A neighbourhood is asked for its sketch with every vote, and stays the same list (membership.ts). */
const sketches = new WeakMap<readonly Id[], ViewSketch>();

/** Of a list that nobody changes afterwards. */
export function sketchOf(members: readonly Id[]): ViewSketch {
  let sketch = sketches.get(members);
  if (sketch === undefined) {
    sketch = members
      .slice(0, MAX_VIEW)
      .map((address) => Number.parseInt(address.slice(FROM, TO), 16))
      .sort((a, b) => a - b);
    sketches.set(members, sketch);
  }
  return sketch;
}

/** Members in both over members in either (Jaccard); of two empty views 1. */
export function overlap(a: ViewSketch, b: ViewSketch): number {
  let shared = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const left = a[i] ?? 0;
    const right = b[j] ?? 0;
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
  let before = 0;
  for (const part of view) {
    if (part < before) throw new Malformed('a view that does not rise');
    before = part;
  }
  return view;
}
