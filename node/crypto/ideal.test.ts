import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { BoxKey, NONCE_BYTES, TAG_BYTES } from './box.ts';
import { assertReal, useCryptography } from './cryptography.ts';
import { isStrictlyEncoded, signingKey, SMALL_ORDER_Y, verifySignature } from './ed25519.ts';
import { hkdf } from './hkdf.ts';
import { hmac } from './hmac.ts';
import { x25519, x25519PublicKey } from './x25519.ts';

afterEach(() => useCryptography('real'));

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const text = fc.uint8Array({ maxLength: 200 });
const hex = (digits: string): Uint8Array => Uint8Array.fromHex(digits);

/** A copy with one bit changed; `at` counts bits and wraps. */
function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  const bit = at % (8 * bytes.length);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

test('ideal signatures have the real size and form, and hold for what was signed alone', () => {
  fc.assert(
    fc.property(bytes32, text, fc.nat(), (seed, message, at) => {
      useCryptography('ideal');
      const key = signingKey(seed);
      const signature = key.sign(message);
      expect(key.sign(message)).toEqual(signature);
      expect(isStrictlyEncoded(key.publicKey, signature)).toBe(true);
      expect(verifySignature(key.publicKey, message, signature)).toBe(true);
      expect(verifySignature(flipped(key.publicKey, at), message, signature)).toBe(false);
      expect(verifySignature(key.publicKey, message, flipped(signature, at))).toBe(false);
      const longer = new Uint8Array([...message, 0]);
      expect(verifySignature(key.publicKey, longer, signature)).toBe(false);
      if (message.length > 0) {
        expect(verifySignature(key.publicKey, flipped(message, at), signature)).toBe(false);
      }
      expect(verifySignature(key.publicKey.subarray(1), message, signature)).toBe(false);
      expect(verifySignature(key.publicKey, message, signature.subarray(1))).toBe(false);
    }),
    { numRuns: 300 },
  );
});

test('what strictness refuses of real signatures is refused of ideal ones', () => {
  // The order of the base point, little-endian: S + L stands for the same S.
  const order = hex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');
  fc.assert(
    fc.property(bytes32, text, (seed, message) => {
      useCryptography('ideal');
      const key = signingKey(seed);
      const { publicKey } = key;
      const signature = key.sign(message);
      let carry = 0;
      const raised = signature.map((byte, at) => {
        if (at < 32) return byte;
        carry += byte + (order[at - 32] ?? 0);
        const sum = carry & 255;
        carry >>= 8;
        return sum;
      });
      expect(verifySignature(publicKey, message, raised)).toBe(false);
      for (const y of SMALL_ORDER_Y) {
        const withSmallR = new Uint8Array([...hex(y), ...signature.subarray(32)]);
        expect(verifySignature(publicKey, message, withSmallR)).toBe(false);
        expect(verifySignature(hex(y), message, signature)).toBe(false);
      }
    }),
    { numRuns: 30 },
  );
});

test('public keys are the real ones, whenever they are made; signatures follow what is in use', () => {
  fc.assert(
    fc.property(bytes32, text, (seed, message) => {
      const key = signingKey(seed);
      const real = key.sign(message);
      useCryptography('ideal');
      const ideal = key.sign(message);
      expect(signingKey(seed).publicKey).toEqual(key.publicKey);
      expect(ideal).toHaveLength(real.length);
      expect(verifySignature(key.publicKey, message, ideal)).toBe(true);
      expect(verifySignature(key.publicKey, message, real)).toBe(false);
      useCryptography('real');
      expect(verifySignature(key.publicKey, message, real)).toBe(true);
      expect(verifySignature(key.publicKey, message, ideal)).toBe(false);
      expect(key.sign(message)).toEqual(real);
    }),
    { numRuns: 50 },
  );
});

test('ideal boxes have the real size, and open with the same key, nonce and data alone', () => {
  const nonce = fc.uint8Array({ minLength: NONCE_BYTES, maxLength: NONCE_BYTES });
  const plain = fc.uint8Array({ maxLength: 3000 });
  fc.assert(
    fc.property(bytes32, nonce, text, plain, fc.nat(), (raw, n, aad, plaintext, at) => {
      const realLength = new BoxKey(raw).seal(n, aad, plaintext).length;
      useCryptography('ideal');
      const sealed = new BoxKey(raw).seal(n, aad, plaintext);
      const key = new BoxKey(raw);
      expect(sealed).toHaveLength(realLength);
      expect(key.open(n, aad, sealed)).toEqual(plaintext);
      expect(new BoxKey(flipped(raw, at)).open(n, aad, sealed)).toBeNull();
      expect(key.open(flipped(n, at), aad, sealed)).toBeNull();
      expect(key.open(n, aad, flipped(sealed, at))).toBeNull();
      expect(key.open(n, new Uint8Array([...aad, 0]), sealed)).toBeNull();
      if (aad.length > 0) expect(key.open(n, flipped(aad, at), sealed)).toBeNull();
      expect(key.open(n, aad, sealed.subarray(1))).toBeNull();
      expect(key.open(n, aad, new Uint8Array(TAG_BYTES - 1))).toBeNull();
      // A byte that went over from the data to the box.
      const [moved, rest] = [Buffer.concat([aad, sealed]), aad.length + 1];
      expect(key.open(n, moved.subarray(0, rest), moved.subarray(rest))).toBeNull();
      useCryptography('real');
      expect(key.open(n, aad, sealed)).toBeNull();
    }),
    { numRuns: 200 },
  );
});

test('an ideal box refuses a nonce of another length as the real one does', () => {
  useCryptography('ideal');
  const key = new BoxKey(new Uint8Array(32));
  const short = new Uint8Array(NONCE_BYTES - 1);
  expect(() => key.seal(short, short, short)).toThrow(RangeError);
  expect(() => key.open(short, short, new Uint8Array(40))).toThrow(RangeError);
});

test('two agree on one ideal secret, which nobody else has and no other secret equals', () => {
  fc.assert(
    fc.property(bytes32, bytes32, bytes32, (a, b, c) => {
      useCryptography('ideal');
      const [A, B, C] = [a, b, c].map(x25519PublicKey);
      if (A === undefined || B === undefined || C === undefined) throw new Error('three keys');
      fc.pre(new Set([A, B, C].map((key) => key.toHex())).size === 3);
      const secret = x25519(a, B);
      expect(secret).toHaveLength(32);
      expect(x25519(b, A)).toEqual(secret);
      expect(new Set([x25519(c, A), x25519(c, B), secret].map((one) => one?.toHex())).size).toBe(3);
      useCryptography('real');
      expect(x25519PublicKey(a)).toEqual(A);
      expect(x25519(a, B)).toEqual(x25519(b, A));
      expect(x25519(a, B)).not.toEqual(secret);
    }),
    { numRuns: 50 },
  );
});

test('odd encodings of public keys: refused and equal are the same, ideal or real', () => {
  const ff = 'ff'.repeat(30);
  const eights = ['e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b8', '00'];
  const others = ['5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11', '57'];
  const keys = [
    // All nineteen that are not reduced, and those that are the same number reduced.
    ...Array.from({ length: 19 }, (_, at) => `${(0xed + at).toString(16)}${ff}7f`),
    ...Array.from(
      { length: 19 },
      (_, at) => `${at.toString(16).padStart(2, '0')}${'00'.repeat(31)}`,
    ),
    `ec${ff}7f`,
    eights.join(''),
    others.join(''),
  ];
  const withHighBit = keys.map((key) => `${key.slice(0, 62)}${highBitOf(key.slice(62))}`);
  const all = [...keys, ...withHighBit, '00', ''].map(hex);
  const secret = new Uint8Array(32).fill(77);
  const real = all.map((key) => x25519(secret, key)?.toHex() ?? null);
  useCryptography('ideal');
  const ideal = all.map((key) => x25519(secret, key)?.toHex() ?? null);
  expect(real.filter((one) => one === null).length).toBeGreaterThan(10);
  expect(ideal.map((one) => ideal.indexOf(one))).toEqual(real.map((one) => real.indexOf(one)));
  expect(ideal.map((one) => one === null)).toEqual(real.map((one) => one === null));
});

function highBitOf(lastByte: string): string {
  return (Number.parseInt(lastByte, 16) | 0x80).toString(16);
}

test('ideal key derivation and tickets depend on every part, with the real lengths', () => {
  const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const outputs = (): string[] => [
    ...[32, 40].flatMap((length) => [
      hkdf(a, a, a, length).toHex(),
      hkdf(b, a, a, length).toHex(),
      hkdf(a, b, a, length).toHex(),
      hkdf(a, a, b, length).toHex(),
      hkdf(a, a.subarray(1), new Uint8Array([1, ...a]), length).toHex(),
    ]),
    ...[hmac(a, 'x'), hmac(b, 'x'), hmac(a, 'y')].map((one) => one.toHex()),
  ];
  const real = outputs();
  useCryptography('ideal');
  const ideal = outputs();
  expect(new Set(ideal).size).toBe(ideal.length);
  expect(ideal.map(({ length }) => length)).toEqual(real.map(({ length }) => length));
});

test('what speaks to the outside world refuses either kind of ideal, and to leave out the encoding', () => {
  assertReal();
  useCryptography('ideal', 'real');
  expect(assertReal).toThrow(/simulations alone/);
  useCryptography('real', 'ideal');
  expect(assertReal).toThrow(/simulations alone/);
  useCryptography('real', 'real', 'none');
  expect(assertReal).toThrow(/simulations alone/);
});
