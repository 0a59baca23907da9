import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EXAMPLES } from '../../test/support/messages.ts';
import { decodeMessage, encodeMessage, TYPES } from './messages.ts';

test('every type has an example', () => {
  expect([...new Set(EXAMPLES.map(({ type }) => type))].sort()).toEqual([...TYPES].sort());
});

test('what is encoded is decoded as it was', () => {
  for (const message of EXAMPLES) {
    expect(decodeMessage(encodeMessage(message))).toEqual({ ok: true, value: message });
  }
});

test('a message cut short, or with a byte more, is refused', () => {
  for (const message of EXAMPLES) {
    const bytes = encodeMessage(message);
    expect(decodeMessage(Uint8Array.of(...bytes, 0)).ok).toBe(false);
    for (let length = 0; length < bytes.length; length += 7) {
      expect(decodeMessage(bytes.subarray(0, length)).ok).toBe(false);
    }
  }
});

test('whatever arrives is refused, or encodes to the very same bytes; nothing throws', () => {
  const anything = fc.uint8Array({ maxLength: 400 });
  const mutated = fc
    .tuple(fc.constantFrom(...EXAMPLES), fc.nat(), fc.nat(255))
    .map(([message, at, value]) => {
      const bytes = encodeMessage(message);
      bytes[at % bytes.length] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(anything, mutated), (bytes) => {
      const message = decodeMessage(bytes);
      if (message.ok) expect(encodeMessage(message.value)).toEqual(bytes);
    }),
    { numRuns: 2000 },
  );
});
