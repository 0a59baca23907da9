import { expect, test } from 'vitest';
import { Reassembly, cut, readMissing, writeMissing } from './fragments.ts';
import {
  MAX_MISSING_ASKS,
  MAX_PARTIAL_BYTES,
  MAX_PARTIALS_PER_REMOTE,
  PARTIAL_TICKS,
} from './limits.ts';

const ALICE = 'a1'.repeat(32);
const message = new Uint8Array(5000).map((_, at) => at % 251);

test('fragments in any order and twice make the message once', () => {
  const reassembly = new Reassembly();
  const bodies = cut(7, message).toReversed();
  const results = bodies.slice(0, -1).flatMap((body) => [body, body]);
  for (const body of results) expect(reassembly.add(ALICE, body).kind).toBe('waiting');
  expect(reassembly.add(ALICE, bodies.at(-1) ?? message)).toEqual({ kind: 'whole', message });
  expect(reassembly.bytes).toBe(0);
});

test('a fragment that was sent again and comes late does not begin the message anew', () => {
  const reassembly = new Reassembly();
  const bodies = cut(7, message);
  for (const body of bodies) reassembly.add(ALICE, body);
  for (const body of bodies) expect(reassembly.add(ALICE, body).kind).toBe('waiting');
  expect([reassembly.isWaiting, reassembly.bytes]).toEqual([false, 0]);
});

test('gaps are asked for by number once nothing more comes, a bounded number of times', () => {
  const reassembly = new Reassembly();
  const [first = message, , third = message] = cut(7, message);
  reassembly.add(ALICE, first);
  reassembly.add(ALICE, third);
  expect(reassembly.missing().size).toBe(0);
  expect(reassembly.missing()).toEqual(new Map([[ALICE, [{ id: 7, mask: 0b1010 }]]]));
  let asks = 1;
  while (reassembly.missing().size > 0) asks += 1;
  expect(asks).toBe(MAX_MISSING_ASKS);
});

test('a request for fragments has one encoding and names a few messages', () => {
  const asked = [1, 2, 3, 4].map((id) => ({ id, mask: id }));
  expect(readMissing(writeMissing(asked))).toEqual(asked);
  expect(readMissing(writeMissing([]))).toBeNull();
  expect(readMissing(writeMissing([{ id: 1, mask: 0 }]))).toBeNull();
  expect(readMissing(writeMissing([...asked, { id: 5, mask: 5 }]))).toBeNull();
  expect(readMissing(writeMissing(asked).subarray(1))).toBeNull();
});

test('bad counts, indexes and lengths are malformed', () => {
  const [first = message, ...rest] = cut(7, message);
  const edited = (at: number, value: number): Uint8Array =>
    first.map((b, i) => (i === at ? value : b));
  const last = rest.at(-1) ?? message;
  for (const body of [
    edited(5, 0),
    edited(5, 1),
    edited(5, 9),
    edited(4, 4),
    first.slice(0, -1),
    last.slice(0, 6),
    first.slice(0, 5),
  ]) {
    expect(new Reassembly().add(ALICE, body)).toEqual({ kind: 'malformed' });
  }
});

test('what stays incomplete is bounded per remote, in all, and in time', () => {
  const reassembly = new Reassembly();
  const [first = message] = cut(1, message);
  for (let id = 0; id < 50; id += 1) reassembly.add(ALICE, cut(id, message)[0] ?? message);
  expect(reassembly.bytes).toBe(MAX_PARTIALS_PER_REMOTE * (first.length - 6));
  for (let i = 0; i < 4000; i += 1) reassembly.add(i.toString(16).padStart(64, '0'), first);
  expect(reassembly.bytes).toBeLessThanOrEqual(MAX_PARTIAL_BYTES);
  for (let tick = 0; tick < PARTIAL_TICKS; tick += 1) reassembly.tick();
  expect(reassembly.bytes).toBe(0);
});
