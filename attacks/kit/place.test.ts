import { expect, test } from 'vitest';
import type { Id } from '../../node/id.ts';
import { isFresh } from '../../node/identity/freshness.ts';
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import type { Birth } from '../../node/runtime/adversarial.ts';
import { shareBetween } from './capture.ts';
import { claimedAt, divisiblePlace, isWanted, targetOf } from './place.ts';

const at = (first: string): Id => first.padEnd(64, '0');

const birth: Birth = {
  network: at('ab'),
  parameters: { ...DEFAULT_PARAMETERS, k: 8 },
  knobs: { target: 'auto', captured: 6, reach: 0 },
  index: 0,
  members: 6,
  peers: 106,
};

test('the target follows from the network, unless the knob names a point', () => {
  expect(targetOf(birth.network, birth.knobs)).not.toBe(targetOf(at('ac'), birth.knobs));
  expect(targetOf(birth.network, { target: at('7') })).toBe(at('7'));
});

test('wanted is what lies so near that two of a hundred honest members are expected as near', () => {
  const knobs = { ...birth.knobs, target: at('8') };
  const wants = isWanted({ ...birth, knobs });
  const addresses = Array.from({ length: 1000 }, (_, n) => at(n.toString(16).padStart(3, '0')));
  for (const address of addresses) {
    // Two of a hundred are in 2 % of the ring: 1 % on each side.
    expect(wants(address)).toBe(shareBetween(address, at('8')) <= 0.01);
  }
  expect(isWanted({ ...birth, knobs: { ...knobs, reach: 0.25 } })(at('c'))).toBe(true);
});

test('who keeps apart stands in a part of the arc of its own, half a part from the next', () => {
  const knobs = { ...birth.knobs, target: at('08'), reach: 0.06, apart: true };
  const addresses = Array.from({ length: 4096 }, (_, n) => at(n.toString(16).padStart(3, '0')));
  const places = [0, 1, 2, 3, 4, 5].map((index) =>
    addresses.filter(isWanted({ ...birth, index, knobs })),
  );
  // Each of six has a fiftieth of the ring, and half of that to stand in.
  for (const own of places) {
    expect(Math.abs(own.length - 4096 / 100)).toBeLessThan(2);
    for (const address of own) expect(shareBetween(address, at('08'))).toBeLessThan(0.06);
  }
  const [first = [], second = []] = places;
  const gaps = first.flatMap((a) => second.map((b) => shareBetween(a, b)));
  expect(Math.min(...gaps)).toBeGreaterThan(0.0095);
});

test('what is said to be made over weeks is fresh all the same, and no two are made at once', () => {
  const nowMs = 1_767_225_600_000;
  const times = [0, 1, 2, 3, 4, 5].map((index) => claimedAt(nowMs, { ...birth, index }));
  expect(new Set(times).size).toBe(6);
  for (const createdAtMs of times) {
    expect(createdAtMs).toBeLessThanOrEqual(nowMs);
    const record = { createdAtMs, renewedAtMs: createdAtMs };
    expect(isFresh({ ...RECORD, ...record }, nowMs + 30_000, birth.parameters)).toBe(true);
  }
});

const RECORD = {
  network: birth.network,
  identityKey: new Uint8Array(32),
  transportKey: new Uint8Array(32),
  salt: new Uint8Array(8),
  bits: 4,
  signature: new Uint8Array(64),
};

/** Sixteen members, one per sixteenth of the ring. */
const ALL = Array.from({ length: 16 }, (_, n) => at(n.toString(16)));
const nearest = (point: Id): readonly Id[] =>
  ALL.toSorted((a, b) => shareBetween(a, point) - shareBetween(b, point)).slice(0, 5);

/** Where those of these numbers strike, and how many of the five nearest there are theirs. */
function divided(numbers: readonly number[]): { readonly point: Id; readonly own: number } {
  const members = numbers.map((n) => at(n.toString(16)));
  const point = divisiblePlace(at('8'), { near: nearest, members, size: ALL.length });
  return { point, own: nearest(point).filter((id) => members.includes(id)).length };
}

test('where all keepers are its own it strikes beside, where two are left that can be divided', () => {
  const all = [6, 7, 8, 9, 10];
  expect(nearest(at('8')).toSorted()).toEqual(all.map((n) => at(n.toString(16))));
  expect(divided(all).own).toBe(3);
  expect(divided(all).point).not.toBe(at('8'));
  // Where two are left at the target it stays there; where nothing is its own, too.
  expect(divided([7, 8, 9])).toEqual({ point: at('8'), own: 3 });
  expect(divided([])).toEqual({ point: at('8'), own: 0 });
});
