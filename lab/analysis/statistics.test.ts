import { expect, test } from 'vitest';
import { Streams } from '../simulator/random.ts';
import {
  bootstrapInterval,
  clusteredRate,
  medianOf,
  quantileInterval,
  quantilesOf,
  rateOf,
  type Rate,
  upperOfNone,
  wilsonInterval,
} from './statistics.ts';

test('quantiles lie on the line between order statistics, and nothing has none', () => {
  expect(quantilesOf([40, 10, null, 30, 20])).toEqual({
    n: 4,
    p50: 25,
    p90: 37,
    p99: 39.7,
    max: 40,
  });
  expect(quantilesOf([])).toEqual({ n: 0, p50: null, p90: null, p99: null, max: null });
  expect(medianOf([3, 1, 2])).toBe(2);
});

test('Wilson intervals are the published ones, and close at the ends', () => {
  // Newcombe 1998, table I: 81/263, 15/148, 0/20, 1/29.
  for (const [successes, n, lo, hi] of [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const) {
    const interval = wilsonInterval(successes, n);
    expect(interval?.[0]).toBeCloseTo(lo, 4);
    expect(interval?.[1]).toBeCloseTo(hi, 4);
  }
  expect(wilsonInterval(20, 20)?.[1]).toBe(1);
  expect(wilsonInterval(0, 0)).toBeNull();
});

test('clusters that all came out alike count as one trial each', () => {
  const same = Array.from({ length: 5 }, () => ({ successes: 4, n: 4 }));
  expect(clusteredRate(same)).toEqual({ value: 1, n: 20, interval: wilsonInterval(5, 5) });
  expect(clusteredRate([])).toEqual({ value: null, n: 0, interval: null });
  expect(clusteredRate([{ successes: 0, n: 0 }])).toEqual({ value: null, n: 0, interval: null });
});

test('clusters of one trial are independent trials, and such as stick together prove less', () => {
  const single = Array.from({ length: 40 }, (_, at) => ({ successes: at % 4 === 0 ? 1 : 0, n: 1 }));
  const [lo, hi] = clusteredRate(single).interval ?? [0, 0];
  const [wantedLo, wantedHi] = wilsonInterval(10, 40) ?? [0, 0];
  // The sample variance divides by n − 1.
  expect(lo).toBeCloseTo(wantedLo, 2);
  expect(hi).toBeCloseTo(wantedHi, 2);
  const sticking = Array.from({ length: 10 }, (_, at) => ({
    successes: at % 2 === 0 ? 4 : 0,
    n: 4,
  }));
  const width = (rate: Rate): number => (rate.interval?.[1] ?? 0) - (rate.interval?.[0] ?? 0);
  expect(width(clusteredRate(sticking))).toBeGreaterThan(1.7 * width(rateOf(20, 40)));
});

test('of none in n the rule of three, exact', () => {
  expect(upperOfNone(0)).toBeNull();
  expect(upperOfNone(1)).toBeCloseTo(0.95, 10);
  expect(upperOfNone(10_000)).toBeCloseTo(3 / 10_000, 5);
});

test('bootstrap intervals hold the true mean in about 95 of 100 samples', () => {
  const random = new Streams(1).stream('bootstrap');
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  let held = 0;
  for (let trial = 0; trial < 100; trial += 1) {
    const sample = Array.from({ length: 40 }, () => random.next());
    const [lo, hi] = bootstrapInterval(sample, mean, () => random.next()) ?? [1, 0];
    if (lo <= 0.5 && 0.5 <= hi) held += 1;
  }
  expect(held).toBeGreaterThan(86);
  expect(held).toBeLessThan(100);
  expect(bootstrapInterval([3], mean, () => 0)).toBeNull();
});

test('the interval of a quantile lies between the order statistics of the tables', () => {
  const sorted = Array.from({ length: 100 }, (_, at) => at + 1);
  // Of a hundred, the 41st and the 60th hold the median (Conover 1999: 40.2 and 59.8, rounded up).
  expect(quantileInterval(sorted, 0.5)).toEqual([41, 60]);
  expect(quantileInterval(sorted, 0.99)).toEqual([98, null]);
  expect(quantileInterval([], 0.5)).toBeNull();
});

test('it holds the true median in about 95 of 100 samples', () => {
  const random = new Streams(2).stream('quantile');
  let held = 0;
  for (let trial = 0; trial < 400; trial += 1) {
    const sample = Array.from({ length: 60 }, () => random.next()).sort((a, b) => a - b);
    const [lo, hi] = quantileInterval(sample, 0.5) ?? [null, null];
    if ((lo ?? 0) <= 0.5 && 0.5 <= (hi ?? 1)) held += 1;
  }
  expect(held / 400).toBeGreaterThan(0.92);
  expect(held / 400).toBeLessThan(0.985);
});
