import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chaskey } from './chaskey.ts';

const KEY = Uint32Array.of(0x833d3433, 0x009f389f, 0x2398e64f, 0x417acf39);

function tagOf(...parts: Uint8Array[]): number[] {
  const tag = new Uint32Array(4);
  chaskey(KEY, parts, tag);
  return [...tag];
}

/** The bytes 0, 1, 2 … */
function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at);
}

test("Chaskey: vectors of its authors' chaskey-speed.c around the size of a block", () => {
  const vectors: Readonly<Record<number, readonly number[]>> = {
    0: [0x792e8fe5, 0x75ce87aa, 0x2d1450b5, 0x1191970b],
    1: [0x13a9307b, 0x50e62c89, 0x4577bd88, 0xc0bbdc18],
    15: [0x51b94da4, 0xefcc4de8, 0x192412ea, 0xbbc170dd],
    16: [0x79271ca9, 0xd66a1c71, 0x81ca474e, 0x49831cad],
    17: [0x048da968, 0x4e25d096, 0x2d6cf897, 0xbc3959ca],
    31: [0xbbdd0c2d, 0xfab6fcd9, 0xdccc080e, 0x9f04b41f],
    32: [0x60b3f7af, 0x37eee7c8, 0x836cfd98, 0x782ca060],
    33: [0xdf44ea33, 0xb0b2c398, 0x0583ce6f, 0x846d823e],
    63: [0x9047fad7, 0x88136d8c, 0xa488286b, 0x7fe9352c],
  };
  for (const [length, tag] of Object.entries(vectors)) {
    expect(tagOf(counting(Number(length))), length).toEqual(tag);
  }
});

test('where a message is cut into parts does not matter, nor what was hashed before', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(5000), fc.nat(100), (all, a, b) => {
      const whole = tagOf(all);
      tagOf(new Uint8Array(b).fill(255));
      expect(tagOf(all.subarray(0, a), all.subarray(a, a + b), all.subarray(a + b))).toEqual(whole);
    }),
    { numRuns: 200 },
  );
});
