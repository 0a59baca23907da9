import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Id } from '../id.ts';
import { PAPER_POW } from '../parameters.ts';
import { seededRandom } from '../../test/support/network.ts';
import {
  estimateSize,
  mintingPow,
  requiredBits,
  SAMPLE_EACH_SIDE,
  toleratedBits,
} from './difficulty.ts';

const ADAPTIVE = { pow: PAPER_POW, difficulty: 'adaptive', baseSize: 1000 } as const;

function ring(members: number, random: () => number): Id[] {
  const word = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return Array.from({ length: members }, () => word() + word() + '0'.repeat(48)).sort();
}

test('the difficulty of whitepaper 5.2: one bit for each tenfold, never below the base', () => {
  const bits = [0, 1, 999, 9999, 10_000, 99_999, 100_000, 999_999, 1_000_000];
  expect(bits.map((members) => requiredBits(ADAPTIVE, members))).toEqual([
    17, 17, 17, 17, 18, 18, 19, 19, 20,
  ]);
  expect(bits.map((members) => toleratedBits(ADAPTIVE, members))).toEqual([
    17, 17, 17, 17, 17, 17, 18, 18, 19,
  ]);
  expect(requiredBits({ ...ADAPTIVE, difficulty: 'fixed' }, 1_000_000)).toBe(17);
  expect(mintingPow(ADAPTIVE, 10_000)).toEqual({ ...PAPER_POW, bits: 18 });
});

test('a peer that knows few counts them, itself included, whether it is in the list or not', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 * SAMPLE_EACH_SIDE + 1 }),
      fc.nat(),
      (members, seed) => {
        const all = ring(members, seededRandom(seed));
        for (const self of all) {
          expect(estimateSize(self, all)).toBe(members);
          expect(
            estimateSize(
              self,
              all.filter((id) => id !== self),
            ),
          ).toBe(members);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('the estimate has no bias and the error that its sample allows, from 10^2 to 10^6', () => {
  for (const members of [100, 1000, 10_000, 100_000, 1_000_000]) {
    const random = seededRandom(members);
    const all = ring(members, random);
    // Estimates of far peers are independent, estimates beside one another are not.
    const step = Math.max(1, Math.floor(members / 2000));
    const ratios = all
      .filter((_, at) => at % step === 0)
      .map((id) => estimateSize(id, all) / members);
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    const variance = ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / ratios.length;
    const independent = Math.min(ratios.length, members / (2 * SAMPLE_EACH_SIDE));
    const expected = 1 / Math.sqrt(2 * SAMPLE_EACH_SIDE - 2);
    expect(Math.abs(mean - 1), `${members}`).toBeLessThan(4 * (expected / Math.sqrt(independent)));
    expect(Math.sqrt(variance), `${members}`).toBeLessThan(1.4 * expected);
    // What matters: no two honest peers are ever a factor of ten apart.
    expect(Math.max(...ratios) / Math.min(...ratios), `${members}`).toBeLessThan(10);
  }
});

test('only the near part of the ring is looked at, across zero too', () => {
  const all = ring(5000, seededRandom(3));
  for (const at of [0, 4, 2500, 4996, 4999]) {
    const self = all[at] ?? '';
    const near = all.filter((_, other) => {
      const apart = Math.abs(other - at);
      return Math.min(apart, 5000 - apart) <= SAMPLE_EACH_SIDE + 1;
    });
    expect(estimateSize(self, near)).toBe(estimateSize(self, all));
  }
});
