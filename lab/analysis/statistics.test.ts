import { expect, test } from 'vitest';
import { medianOf, quantilesOf, wilsonInterval } from './statistics.ts';

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
