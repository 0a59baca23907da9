import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sparkline } from './sparkline.ts';

const BARS = ['1', '2', '3', '4', '5', '6', '7', '8'];

test('the largest value is the highest bar, nothing the lowest, and what was not measured a gap', () => {
  expect(sparkline([0, 5, null, 10], 4, BARS)).toBe('15 8');
});

test('few values stand at the right, many are gathered, the newest last', () => {
  expect(sparkline([7, 14], 5, BARS)).toBe('   58');
  expect(sparkline([1, 1, 1, 1, 1, 1, 8, 8], 4, BARS)).toBe('2228');
});

test('it is as wide as asked whatever it is given', () => {
  const values = fc.array(fc.option(fc.double({ min: -10, max: 1e9, noNaN: true })));
  fc.assert(
    fc.property(values, fc.nat(100), (given, width) => {
      expect(sparkline(given, width, BARS)).toHaveLength(width);
    }),
  );
});
