import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Id, ringDistance, ZERO_ID } from './id.ts';

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes): Id => bytes.toHex());

test('distance on the ring is symmetric, zero only to itself, and at most half way round', () => {
  fc.assert(
    fc.property(id, id, (a, b) => {
      const distance = ringDistance(a, b);
      expect(distance).toBe(ringDistance(b, a));
      expect(distance === 0n).toBe(a === b);
      expect(distance <= 1n << 255n).toBe(true);
    }),
  );
});

test('the ring closes: the last id is next to the first', () => {
  expect(ringDistance(ZERO_ID, 'f'.repeat(64))).toBe(1n);
});
