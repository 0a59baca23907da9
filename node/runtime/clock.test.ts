import { expect, test } from 'vitest';
import { OwnClock } from './clock.ts';

test('a fast clock gains, keeps what it shows when its pace changes, and its times can be told', () => {
  let nowMs = 0;
  const clock = new OwnClock(() => nowMs, { skewMs: 1000, driftPpm: 100_000 });
  nowMs = 1000;
  expect([clock.now(), clock.rate]).toEqual([2100, 1.1]);
  clock.setDrift(-500_000);
  expect(clock.now()).toBe(2100);
  nowMs = 2000;
  expect(clock.now()).toBe(2600);
  expect(clock.trueTime(2600)).toBeCloseTo(2000, 6);
  expect(clock.trueTime(2100)).toBeCloseTo(1000, 6);
  expect(clock.trueTime(1550)).toBeCloseTo(500, 6);
  clock.setSkew(0);
  expect(clock.now()).toBe(2000);
  nowMs = 2100;
  expect(clock.now()).toBe(2050);
});

test('a clock that stands or runs backwards is refused', () => {
  expect(() => new OwnClock(() => 0, { driftPpm: -1e6 })).toThrow(RangeError);
});

test('what a clock showed before its skew changed keeps its own true time', () => {
  let nowMs = 1_000_000.7;
  const clock = new OwnClock(() => nowMs);
  const unskewed = clock.now();
  nowMs += 10;
  clock.setSkew(300_000);
  const ahead = clock.now();
  nowMs += 10;
  clock.setSkew(-5000);
  const behind = clock.now();
  expect([unskewed, ahead, behind]).toEqual([1_000_000, 1_300_010, 995_020]);
  expect([unskewed, ahead, behind].map((shown) => clock.trueTime(shown))).toEqual([
    1_000_000, 1_000_010, 1_000_020,
  ]);
});
