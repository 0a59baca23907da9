import fc from 'fast-check';
import { expect, test } from 'vitest';
import { amongMany, binomialSurprise, evennessSurprise, poissonSurprise } from './surprise.ts';

test('the Poisson tail is that of published tables', () => {
  // P(X ≥ 5 | mean 2) = 1 − 0.9473, P(X ≥ 1 | mean 0.5) = 1 − 0.6065.
  expect(10 ** -poissonSurprise(5, 2)).toBeCloseTo(0.0527, 4);
  expect(10 ** -poissonSurprise(1, 0.5)).toBeCloseTo(0.3935, 4);
  // By hand: e^-0.001 · 0.001^3 / 6 and what follows.
  expect(poissonSurprise(3, 0.001)).toBeCloseTo(9.7785, 3);
});

test('the binomial tail is that of published tables', () => {
  // n = 10, p = 0.3: P(X ≥ 6) = 0.0473; a coin ten times heads: 2^-10.
  expect(10 ** -binomialSurprise(6, 10, 0.3)).toBeCloseTo(0.0473, 4);
  expect(10 ** -binomialSurprise(10, 10, 0.5)).toBeCloseTo(2 ** -10, 10);
  expect(10 ** -binomialSurprise(50, 100, 0.4)).toBeCloseTo(0.0271, 3);
});

test('even gaps surprise as the random division of a line says', () => {
  // Two gaps, neither more than 0.6 of the sum: a uniform point between 0.4 and 0.6.
  expect(10 ** -evennessSurprise(2, 0.6)).toBeCloseTo(0.2, 10);
  // Three, none more than a half: a triangle from a broken stick, 1 in 4.
  expect(10 ** -evennessSurprise(3, 0.5)).toBeCloseTo(0.25, 10);
  expect(evennessSurprise(6, 1 / 6)).toBeGreaterThan(8);
});

test('more is never less surprising, and nothing surprises less than nothing', () => {
  const mean = fc.double({ min: 1e-6, max: 50, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 80 }), mean, (count, expected) => {
      const surprise = poissonSurprise(count, expected);
      expect(surprise).toBeGreaterThanOrEqual(0);
      expect(poissonSurprise(count + 1, expected)).toBeGreaterThanOrEqual(surprise);
      expect(amongMany(surprise, 100)).toBeLessThanOrEqual(surprise);
    }),
  );
});
