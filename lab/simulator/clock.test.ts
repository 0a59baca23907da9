import { expect, test } from 'vitest';
import { SkewedClock } from '../../node/runtime/clock.ts';
import { SimClock } from './clock.ts';

test('without drift it is the clock of a real process', () => {
  let nowMs = 1_000_000.7;
  const real = new SkewedClock(() => nowMs);
  const simulated = new SimClock(() => nowMs);
  const shown: number[] = [];
  for (const skewMs of [0, 300_000, -5000, 250, 0]) {
    real.setSkew(skewMs);
    simulated.setSkew(skewMs);
    for (const stepMs of [0, 10, 33.3]) {
      nowMs += stepMs;
      shown.push(real.now());
      expect(simulated.now()).toBe(real.now());
    }
  }
  for (const ms of shown) expect(simulated.trueTime(ms)).toBeCloseTo(real.trueTime(ms), 6);
});

test('a fast clock gains, keeps what it shows when its pace changes, and its times can be told', () => {
  let nowMs = 0;
  const clock = new SimClock(() => nowMs, { skewMs: 1000, driftPpm: 100_000 });
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
  expect(() => new SimClock(() => 0, { driftPpm: -1e6 })).toThrow(RangeError);
});
