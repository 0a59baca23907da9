import { argon2Sync } from 'node:crypto';
import { argon2id as nobleArgon2id } from '@noble/hashes/argon2.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { argon2id } from '../../node/crypto/argon2.ts';
import { BoxKey } from '../../node/crypto/box.ts';
import { blake3 as ourBlake3, DOMAIN, hashBytes } from '../../node/crypto/hash.ts';
import { x25519, x25519PublicKey } from '../../node/crypto/x25519.ts';

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text);

test('X25519: RFC 7748 §5.2, §6.1', () => {
  expect(
    x25519(
      hex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'),
      hex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c'),
    )?.toHex(),
  ).toBe('c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552');
  // The second one has the top bit of u set, which is to be ignored.
  expect(
    x25519(
      hex('4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d'),
      hex('e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493'),
    )?.toHex(),
  ).toBe('95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957');
  const alice = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
  const bob = hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');
  expect(x25519PublicKey(bob).toHex()).toBe(
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  );
  const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
  expect(x25519(alice, x25519PublicKey(bob))?.toHex()).toBe(shared);
  expect(x25519(bob, x25519PublicKey(alice))?.toHex()).toBe(shared);
});

test('X25519 refuses only the all-zero output: small orders, not odd encodings', () => {
  const key = hex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4');
  const one = `01${'00'.repeat(31)}`;
  for (const small of ['00'.repeat(32), one, `ec${'ff'.repeat(30)}7f`]) {
    expect(x25519(key, hex(small))).toBeNull();
  }
  // 9 + p: not canonical, but the base point all the same.
  expect(x25519(key, hex(`f6${'ff'.repeat(30)}7f`))).toEqual(x25519PublicKey(key));
});

test('XChaCha20-Poly1305: draft-irtf-cfrg-xchacha-03 A.3.1', () => {
  const key = new BoxKey(hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'));
  const nonce = hex('404142434445464748494a4b4c4d4e4f5051525354555657');
  const aad = hex('50515253c0c1c2c3c4c5c6c7');
  const text = new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );
  const sealed = key.seal(nonce, aad, text);
  expect(sealed.toHex()).toBe(
    'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49',
  );
  expect(key.open(nonce, aad, sealed)).toEqual(text);
});

test('boxes agree with noble over changing prefixes, and open for nothing that was changed', () => {
  const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
    fc.uint8Array({ minLength: length, maxLength: length });
  const raw = new Uint8Array(32).fill(5);
  const key = new BoxKey(raw);
  fc.assert(
    fc.property(bytes(24), fc.uint8Array(), fc.uint8Array(), fc.nat(), (nonce, aad, text, at) => {
      const sealed = key.seal(nonce, aad, text);
      expect(sealed.toHex()).toBe(xchacha20poly1305(raw, nonce, aad).encrypt(text).toHex());
      expect(key.open(nonce, aad, sealed)).toEqual(text);
      const changed = new Uint8Array(sealed);
      changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ 1;
      expect(key.open(nonce, aad, changed)).toBeNull();
      expect(key.open(nonce, Buffer.concat([aad, Uint8Array.of(0)]), sealed)).toBeNull();
      expect(key.open(nonce, aad, sealed.subarray(0, 15))).toBeNull();
    }),
  );
});

test('Argon2id agrees with an independent implementation, and with its reference output', () => {
  const input = {
    password: new TextEncoder().encode('password'),
    salt: new TextEncoder().encode('somesalt'),
    memoryKiB: 65_536,
    passes: 2,
    parallelism: 1,
    length: 32,
  };
  // phc-winner-argon2, src/test.c, version 0x13.
  expect(argon2id(input).toHex()).toBe(
    '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7',
  );
  for (const [memoryKiB, passes, parallelism, length] of [
    [64, 1, 1, 32],
    [32, 3, 4, 32],
    [100, 2, 2, 17],
  ] as const) {
    const { password, salt } = input;
    expect(argon2id({ password, salt, memoryKiB, passes, parallelism, length })).toEqual(
      nobleArgon2id(password, salt, { m: memoryKiB, t: passes, p: parallelism, dkLen: length }),
    );
  }
});

test('Argon2id of the platform: RFC 9106 §5.3, whose secret and associated data we never use', () => {
  const output = argon2Sync('argon2id', {
    message: new Uint8Array(32).fill(1),
    nonce: new Uint8Array(16).fill(2),
    secret: new Uint8Array(8).fill(3),
    associatedData: new Uint8Array(12).fill(4),
    memory: 32,
    passes: 3,
    parallelism: 4,
    tagLength: 32,
  });
  expect(output.toString('hex')).toBe(
    '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659',
  );
});

test('Argon2id of password and somesalt: phc-winner-argon2, src/test.c, version 0x13', () => {
  const vectors: readonly (readonly [number, number, number, string])[] = [
    [2, 256, 1, '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe'],
    [2, 256, 2, '6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037'],
    [1, 65_536, 1, 'f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98'],
    [4, 65_536, 1, '9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c'],
  ];
  const password = new TextEncoder().encode('password');
  const salt = new TextEncoder().encode('somesalt');
  for (const [passes, memoryKiB, parallelism, output] of vectors) {
    const input = { password, salt, memoryKiB, passes, parallelism, length: 32 };
    expect(argon2id(input).toHex()).toBe(output);
  }
});

test('X25519: RFC 7748 §5.2, one and a thousand iterations', () => {
  let k = hex(`09${'00'.repeat(31)}`);
  let u = k;
  for (let iteration = 1; iteration <= 1000; iteration += 1) {
    const next = x25519(k, u);
    if (next === null) throw new Error(`refused at iteration ${iteration}`);
    [u, k] = [k, next];
    if (iteration === 1) {
      expect(k.toHex()).toBe('422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079');
    }
  }
  expect(k.toHex()).toBe('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51');
});

test('BLAKE3: the hashes of its test_vectors.json around the sizes of blocks and chunks', () => {
  const vectors: Readonly<Record<number, string>> = {
    0: 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    1: '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213',
    2: '7b7015bb92cf0b318037702a6cdd81dee41224f734684c2c122cd6359cb1ee63',
    3: 'e1be4d7a8ab5560aa4199eea339849ba8e293d55ca0a81006726d184519e647f',
    1023: '10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11',
    1024: '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7',
    1025: 'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444',
  };
  for (const [length, output] of Object.entries(vectors)) {
    const input = Uint8Array.from({ length: Number(length) }, (_, at) => at % 251);
    expect(ourBlake3(input).toHex(), length).toBe(output);
    expect(blake3(input).toHex(), length).toBe(output);
  }
});

test('the tagged hash is BLAKE3 of tag and parts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.uint8Array(), (a, b) => {
      const whole = Buffer.concat([Uint8Array.of(DOMAIN.header), a, b]);
      expect(hashBytes('header', a, b)).toEqual(blake3(whole));
    }),
    { numRuns: 50 },
  );
});
