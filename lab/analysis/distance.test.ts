import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kolmogorovSmirnov, meanShift, relativeDifference } from './distance.ts';

const sample = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 30 });

test('the Kolmogorov–Smirnov distance is that of the definition, however the samples lie', () => {
  fc.assert(
    fc.property(sample, sample, (a, b) => {
      const share = (values: readonly number[], at: number) =>
        values.filter((value) => value <= at).length / values.length;
      const byDefinition = Math.max(
        ...[...a, ...b].map((at) => Math.abs(share(a, at) - share(b, at))),
      );
      expect(kolmogorovSmirnov(a, b)?.distance).toBeCloseTo(byDefinition, 12);
    }),
  );
});

test('the critical value is the published one', () => {
  // Table of the two-sample test at α = 0.05: 1.36 √((n + m) / (n m)).
  const hundred = Array.from({ length: 100 }, (_, index) => index);
  expect(kolmogorovSmirnov(hundred, hundred)?.critical).toBeCloseTo(1.36 * Math.sqrt(0.02), 3);
  expect(kolmogorovSmirnov(hundred, hundred.slice(0, 25))?.critical).toBeCloseTo(0.304, 3);
});

test('samples of one distribution are further apart than the critical value in about 5 % of cases', () => {
  let state = 12345;
  const draw = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
  const CASES = 1000;
  let beyond = 0;
  for (let one = 0; one < CASES; one += 1) {
    const a = Array.from({ length: 150 }, draw);
    const b = Array.from({ length: 200 }, draw);
    const held = kolmogorovSmirnov(a, b);
    if (held !== null && held.distance > held.critical) beyond += 1;
  }
  expect(beyond / CASES).toBeGreaterThan(0.02);
  expect(beyond / CASES).toBeLessThan(0.07);
});

test('moving every value by d moves the mean shift by d, and order does not matter', () => {
  fc.assert(
    fc.property(sample, fc.integer({ min: -10, max: 10 }), (a, by) => {
      const moved = a.map((value) => value + by).toReversed();
      expect(meanShift(a, moved)).toBeCloseTo(Math.abs(by), 9);
      expect(meanShift(moved, a)).toBeCloseTo(Math.abs(by), 9);
    }),
  );
});

test('of nothing there is no distance, and of zero no share', () => {
  expect(kolmogorovSmirnov([], [1])).toBeNull();
  expect(meanShift([1], [])).toBeNull();
  expect(relativeDifference(0, 3)).toBeNull();
  expect(relativeDifference(null, 3)).toBeNull();
  expect(relativeDifference(200, 230)).toBeCloseTo(0.15, 12);
  expect(relativeDifference(200, 170)).toBeCloseTo(-0.15, 12);
});
