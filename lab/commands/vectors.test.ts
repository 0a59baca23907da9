import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeMessage } from '../../node/wire/messages.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'lab-vectors-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function vectors(primitive: string, content: unknown) {
  const file = path.join(directory, 'vectors.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  const { status, stdout, stderr } = spawnSync('lab/bin.sh', ['vectors', primitive, file], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

function answers(primitive: string, content: unknown): unknown {
  const { status, stdout, stderr } = vectors(primitive, content);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

test('ed25519-verify: RFC 8032 test 1, with S + L, and with a key of another length', () => {
  const publicKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
  const r = 'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155';
  const s = '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b';
  const raised = '4c8c7872aa064e049dbb3013fbf29380d25bf5f0595bbe24655141438e7a101b';
  const given = [
    { id: 'plain', publicKey, message: '', signature: r + s },
    { id: 2, publicKey, message: '', signature: r + raised },
    { id: 'short', publicKey: '00', message: '', signature: '' },
  ];
  expect(answers('ed25519-verify', given)).toEqual([
    { id: 'plain', valid: true },
    { id: 2, valid: false },
    { id: 'short', valid: false },
  ]);
});

test('x25519: RFC 7748 6.1; an all-zero output is null, and so is a key of another length', () => {
  const privateKey = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a';
  const publicKey = 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f';
  const output = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
  const given = [
    { id: 'a', privateKey, publicKey, comment: 'others may say more' },
    { id: 'b', privateKey, publicKey: '00'.repeat(32) },
    { id: 'c', privateKey: '00', publicKey },
  ];
  expect(answers('x25519', given)).toEqual([
    { id: 'a', output },
    { id: 'b', output: null },
    { id: 'c', output: null },
  ]);
});

/** Text and tag of draft-irtf-cfrg-xchacha-03 A.3.1. */
const TEXT =
  'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49';

test('xchacha20poly1305-open: what opens is text, what does not is null', () => {
  const vector = {
    key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
    nonce: '404142434445464748494a4b4c4d4e4f5051525354555657',
    aad: '50515253c0c1c2c3c4c5c6c7',
    ciphertext: '',
    tag: '00'.repeat(16),
  };
  const opened = answers('xchacha20poly1305-open', [
    { id: 1, ...vector },
    { id: 2, ...vector, nonce: '00' },
    { id: 3, ...vector, tag: '' },
    {
      id: 4,
      ...vector,
      ciphertext: TEXT.slice(0, -32),
      tag: TEXT.slice(-32),
    },
  ]);
  // The tag's first byte counted to the text: all bytes are right, their meaning is not.
  const [text, tag] = [TEXT.slice(0, -30), TEXT.slice(-30)];
  expect(answers('xchacha20poly1305-open', [{ id: 5, ...vector, ciphertext: text, tag }])).toEqual([
    { id: 5, plaintext: null },
  ]);
  expect(opened).toMatchObject([{ plaintext: null }, { plaintext: null }, { plaintext: null }, {}]);
  expect(opened).toHaveProperty(
    [3, 'plaintext'],
    Buffer.from(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    ).toString('hex'),
  );
});

test('blake3 and argon2id are those of their vectors', () => {
  expect(answers('blake3', [{ id: 0, input: '' }])).toEqual([
    { id: 0, output: 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262' },
  ]);
  const password = Buffer.from('password').toString('hex');
  const salt = Buffer.from('somesalt').toString('hex');
  const argon = { password, salt, memoryKiB: 256, passes: 2, parallelism: 2, length: 32 };
  // phc-winner-argon2, src/test.c, version 0x13.
  expect(answers('argon2id', [{ id: 0, ...argon }])).toEqual([
    { id: 0, output: '6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037' },
  ]);
});

test('decode: a message is told by its type and written again, anything else is null', () => {
  const message = Buffer.from(encodeMessage({ type: 'ask-votes', tx: '5a'.repeat(32) }));
  const given = [
    { id: 'm', bytes: message.toString('hex') },
    { id: 'longer', bytes: `${message.toString('hex')}00` },
    { id: 'none', bytes: '' },
  ];
  expect(answers('decode', given)).toEqual([
    { id: 'm', type: 'ask-votes', reencoded: message.toString('hex') },
    { id: 'longer', type: null, reencoded: null },
    { id: 'none', type: null, reencoded: null },
  ]);
});

const argon = {
  password: '',
  salt: '00'.repeat(8),
  memoryKiB: 8,
  passes: 1,
  parallelism: 1,
  length: 32,
};
test.each([
  ['md5', '[]', /Allowed choices are ed25519-verify/],
  ['blake3', '{', /is not JSON/],
  ['blake3', {}, /vectors\.json: expected an array/],
  ['blake3', [{ input: '' }], /vectors\.json\[0\]\.id/],
  [
    'blake3',
    [
      { id: 1, input: '' },
      { id: 2, input: 'abc' },
    ],
    /\[1\]\.input: expected bytes in hex/,
  ],
  ['blake3', [{ id: 1 }], /\[0\]\.input: expected bytes/],
  ['argon2id', [{ id: 1, ...argon, salt: '00' }], /\[0\]\.salt: expected 8 bytes/],
  ['argon2id', [{ id: 1, ...argon, passes: 0 }], /\[0\]\.passes/],
  ['argon2id', [{ id: 1, ...argon, parallelism: 4 }], /\[0\]/],
])(
  '%s of %j is bad use: exit 2, what and where, nothing on standard output',
  (name, content, said) => {
    const { status, stdout, stderr } = vectors(name, content);
    expect(stderr).toMatch(said);
    expect(stderr).not.toContain('\n    at ');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  },
);
