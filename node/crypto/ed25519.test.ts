import * as noble from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStrictlyEncoded, SMALL_ORDER_Y, signingKey, verifySignature } from './ed25519.ts';

noble.hashes.sha512 = sha512;

const P = noble.Point.CURVE().p;
const L = noble.Point.CURVE().n;
const hex = (text: string): Uint8Array => Uint8Array.fromHex(text);

function little(value: bigint): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(64, '0')).toReversed();
}

function fromLittle(bytes: Uint8Array): bigint {
  return BigInt(`0x${Uint8Array.from(bytes).toReversed().toHex()}`);
}

/** The eight points whose order divides 8: multiples of L·Q for a Q of full order. */
function torsion(): noble.Point[] {
  for (let y = 2n; ; y += 1n) {
    try {
      const point = noble.Point.fromBytes(little(y));
      const part = point.multiplyUnsafe?.(L - 1n).add(point) ?? noble.Point.ZERO;
      if (part.double().double().is0()) continue;
      let sum = noble.Point.ZERO;
      return Array.from({ length: 8 }, () => (sum = sum.add(part)));
    } catch {
      // No point has this y.
    }
  }
}

/** An independent strict verifier: decodes, refuses, and computes S·B = R + k·A without cofactor. */
function reference(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const [r, s] = [signature.slice(0, 32), fromLittle(signature.slice(32))];
    if (s >= L) return false;
    const [a, point] = [noble.Point.fromBytes(key), noble.Point.fromBytes(r)];
    if (a.toBytes().toHex() !== key.toHex() || point.toBytes().toHex() !== r.toHex()) return false;
    if (a.clearCofactor().is0() || point.clearCofactor().is0()) return false;
    const k = fromLittle(sha512(Buffer.concat([r, key, message]))) % L;
    const left = s === 0n ? noble.Point.ZERO : noble.Point.BASE.multiply(s, false);
    return left.equals(k === 0n ? point : point.add(a.multiply(k, false)));
  } catch {
    return false;
  }
}

test('the list of small orders is exactly the y of the eight torsion points', () => {
  const ys = torsion().map((point) => little(point.toAffine().y).toHex());
  expect([...new Set(ys)].sort()).toEqual([...SMALL_ORDER_Y].sort());
  expect(torsion().every((point) => point.clearCofactor().is0())).toBe(true);
});

test('RFC 8032 §7.1 keys, signatures and a changed message', () => {
  const vectors: readonly (readonly [string, string, string, string])[] = [
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
    // TEST SHA(abc): its message is SHA-512 of abc.
    [
      '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
      'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
      sha512(new TextEncoder().encode('abc')).toHex(),
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
    ],
  ];
  for (const [seed, publicKey, message, signature] of vectors) {
    const key = signingKey(hex(seed));
    expect(key.publicKey.toHex()).toBe(publicKey);
    expect(key.sign(hex(message)).toHex()).toBe(signature);
    expect(verifySignature(hex(publicKey), hex(message), hex(signature))).toBe(true);
    expect(verifySignature(hex(publicKey), hex(`${message}00`), hex(signature))).toBe(false);
  }
});

/** Secret scalar a and its public point, so that tests can sign what no honest signer would. */
function forge(
  key: Uint8Array,
  a: bigint,
  message: Uint8Array,
  nonce: bigint,
  r: Uint8Array,
): Uint8Array {
  const k = fromLittle(sha512(Buffer.concat([r, key, message]))) % L;
  return Buffer.concat([r, little((nonce + k * a) % L)]);
}

test('the cases of "Taming the many EdDSAs" have one strict meaning', () => {
  const [mixed] = torsion();
  const a = 12_345n;
  const nonce = 6789n;
  const honest = noble.Point.BASE.multiply(a);
  const r = noble.Point.BASE.multiply(nonce);
  const message = hex('0102');
  const cases: [string, Uint8Array, Uint8Array, boolean][] = [];
  const plain = forge(honest.toBytes(), a, message, nonce, r.toBytes());
  cases.push(['honest', honest.toBytes(), plain, true]);
  const s = fromLittle(plain.slice(32));
  const raised = Buffer.concat([plain.slice(0, 32), little(s + L)]);
  cases.push(['S + L', honest.toBytes(), raised, false]);
  for (const point of torsion()) {
    const bytes = point.toBytes();
    cases.push(['small key', bytes, forge(bytes, 0n, message, nonce, r.toBytes()), false]);
    cases.push([
      'small R',
      honest.toBytes(),
      forge(honest.toBytes(), a, message, 0n, bytes),
      false,
    ]);
    cases.push(['small both', bytes, Buffer.concat([bytes, new Uint8Array(32)]), false]);
    const y = fromLittle(bytes) & ((1n << 255n) - 1n);
    for (const sign of [0n, 1n << 255n]) {
      if (y + P >= 1n << 255n) continue;
      const odd = little((y + P) | sign);
      cases.push(['non-canonical key', odd, forge(odd, 0n, message, nonce, r.toBytes()), false]);
      cases.push([
        'non-canonical R',
        honest.toBytes(),
        Buffer.concat([odd, plain.slice(32)]),
        false,
      ]);
    }
    const negativeZero = little(y | (1n << 255n));
    cases.push([
      'negative',
      negativeZero,
      forge(negativeZero, 0n, message, nonce, r.toBytes()),
      false,
    ]);
  }
  // Beyond p, of large order: nothing but the canonical form is wrong with these.
  for (let y = P + 2n; y < 1n << 255n; y += 1n) {
    const odd = little(y);
    expect(isStrictlyEncoded(odd, plain)).toBe(false);
    expect(isStrictlyEncoded(honest.toBytes(), Buffer.concat([odd, plain.slice(32)]))).toBe(false);
  }
  // Mixed order: valid with the cofactor; without it only where the torsion parts cancel.
  const key = honest.add(mixed ?? noble.Point.ZERO).toBytes();
  for (let i = 0; i < 32; i += 1) {
    const text = Uint8Array.of(i);
    const signature = forge(key, a, text, nonce, r.toBytes());
    expect(verifySignature(key, text, signature)).toBe(reference(key, text, signature));
  }
  for (const [name, publicKey, signature, valid] of cases) {
    expect(verifySignature(publicKey, message, signature), name).toBe(valid);
    expect(reference(publicKey, message, signature), name).toBe(valid);
    expect(isStrictlyEncoded(publicKey, signature), name).toBe(valid);
  }
});

test('random and malformed signatures get the verdict of an independent strict verifier', () => {
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const edit = fc.tuple(fc.nat(95), fc.nat(7));
  fc.assert(
    fc.property(
      bytes32,
      fc.uint8Array({ maxLength: 64 }),
      fc.option(edit),
      (seed, text, change) => {
        const key = signingKey(seed);
        const all = Buffer.concat([key.publicKey, key.sign(text)]);
        if (change !== null) all[change[0]] = (all[change[0]] ?? 0) ^ (1 << change[1]);
        const [publicKey, signature] = [
          new Uint8Array(all.subarray(0, 32)),
          new Uint8Array(all.subarray(32)),
        ];
        const verdict = verifySignature(publicKey, text, signature);
        expect(verdict).toBe(reference(publicKey, text, signature));
        expect(verdict).toBe(noble.verify(signature, text, publicKey, { zip215: false }));
        expect(verdict).toBe(change === null);
      },
    ),
    { numRuns: 150 },
  );
});

test('keys and signatures of other lengths are refused, and arguments stay as they were', () => {
  const key = signingKey(new Uint8Array(32).fill(7));
  const signature = key.sign(hex('00'));
  expect(verifySignature(key.publicKey.subarray(1), hex('00'), signature)).toBe(false);
  expect(verifySignature(key.publicKey, hex('00'), signature.subarray(1))).toBe(false);
  const [buffer, other] = [Buffer.from(key.publicKey), Buffer.from(signature)];
  expect(verifySignature(buffer, hex('00'), other)).toBe(true);
  expect([buffer.toString('hex'), other.toString('hex')]).toEqual([
    key.publicKey.toHex(),
    signature.toHex(),
  ]);
});
