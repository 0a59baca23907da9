/**
 * L2: can evidence be forged? Published signature vectors, keys of small order and raised S through
 * the peer's verifier; then packages of every rule with one bit changed at each place, packages
 * turned against others, and everything that an honest peer says held against itself.
 */
import { verify as platformVerify, createPublicKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { decode } from '../../../node/codec/reader.ts';
import { SMALL_ORDER_Y, verifySignature } from '../../../node/crypto/ed25519.ts';
import { encodePackage, readPackage, verifyEvidence } from '../../../node/minefield/evidence.ts';
import type { EvidencePackage } from '../../../node/minefield/types.ts';
import { type Random, Streams } from '../../simulator/random.ts';
import type { Estimate, ExperimentOptions, Measured } from '../claim.ts';
import { exact } from '../estimate.ts';
import { honestPackages, OFFENCES, packageOf, strangerOf } from '../offences.ts';
import { NETWORK, POW } from '../speaker.ts';

/** Of the group; a signature whose S is raised by it satisfies the equation as well. */
const L = (1n << 252n) + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
const P = (1n << 255n) - 19n;
/** Cofactorless, one message in eight fits a small key and a small R. */
const MESSAGES = { quick: 4, full: 64 };
/** Every so many bits of a package one is changed; no multiple of 8, so that all places in a byte are met. */
const STRIDE = { quick: 193, full: 1 };
const SPKI_HEADER = Uint8Array.fromHex('302a300506032b6570032100');

/** RFC 8032 §7.1: TEST 1, 2, 3 and SHA(abc)'s key over its message. */
const RFC_8032 = [
  [
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const;

/** What is measured, and what a test puts in its place. */
export interface Verifiers {
  readonly signature: typeof verifySignature;
  readonly evidence: typeof verifyEvidence;
}

const PEER: Verifiers = { signature: verifySignature, evidence: verifyEvidence };

export function forgery(options: ExperimentOptions, verifiers = PEER): Measured {
  const random = new Streams(options.seed).stream('L2');
  const terms = { network: NETWORK, pow: POW, paper: null };
  const convicts = (evidence: EvidencePackage) => verifiers.evidence(evidence, terms).guilty;
  const cases = OFFENCES.map((rule) => packageOf(rule, options.seed));
  for (const evidence of cases) {
    if (!verifyEvidence(evidence, terms).guilty) throw new Error(`${evidence.rule} is no offence`);
  }
  const stride = options.quick ? STRIDE.quick : STRIDE.full;
  const stranger = strangerOf(options.seed);
  const turned = cases.flatMap((evidence) => [
    { ...evidence, accused: stranger.accused },
    { ...evidence, ...stranger },
    { ...evidence, record: stranger.record },
  ]);
  const honest = honestPackages(options.seed, options.quick);
  const small = smallOrder(verifiers, random, options.quick ? MESSAGES.quick : MESSAGES.full);
  return {
    figures: {
      'changed packages that convict': changed(cases, stride, convicts),
      'packages turned against others that convict': count(turned, convicts),
      'honest words that convict': count(honest, convicts),
      'small-order and raised signatures taken': small.taken,
      'RFC 8032 vectors judged wrongly': rfc(verifiers.signature),
      'Wycheproof vectors judged wrongly': wycheproof(verifiers.signature),
    },
    beside: [
      {
        name: 'of the small-order ones, taken by this platform’s own verify',
        value: small.platform,
      },
      { name: 'rules', value: OFFENCES.join(', ') },
    ],
    conditions: [
      `conflictRule chain; one package for each of ${OFFENCES.length} rules, ${cases.reduce((sum, evidence) => sum + encodePackage(evidence).length, 0).toLocaleString('en')} bytes, ${stride === 1 ? 'every bit' : `every ${stride}rd bit`} changed, one at a time`,
      'honest: a peer that commits, answers, rotates nothing and restarts once, every pair of its words under every rule',
      'Wycheproof: testvectors_v1/ed25519_test.json of C2SP/wycheproof, where WYCHEPROOF_ED25519 names that file',
      'counts are of all cases tried, not of a sample of a larger set; an attacker with the key itself is outside',
    ],
  };
}

function count<T>(all: readonly T[], isBad: (one: T) => boolean): Estimate {
  return exact(all.filter(isBad).length, all.length, 'cases');
}

/** Every bit of every package, or some of them; those that no longer read convict nobody. */
function changed(
  cases: readonly EvidencePackage[],
  stride: number,
  convicts: (evidence: EvidencePackage) => boolean,
): Estimate {
  let [bad, tried] = [0, 0];
  for (const evidence of cases) {
    const bytes = encodePackage(evidence);
    for (let bit = 0; bit < 8 * bytes.length; bit += stride) {
      const at = bit >> 3;
      const read = decode(bytes.with(at, (bytes[at] ?? 0) ^ (1 << (bit & 7))), readPackage);
      tried += 1;
      if (read.ok && convicts(read.value)) bad += 1;
    }
  }
  return exact(bad, tried, 'packages');
}

/** Signatures that one equation or another would take, although nobody holds a key for them. */
function smallOrder({ signature }: Verifiers, random: Random, messages: number) {
  const encodings = [...SMALL_ORDER_Y].flatMap((y) => {
    const plain = Uint8Array.fromHex(y);
    const odd = BigInt(`0x${plain.toReversed().toHex()}`) + P;
    const all = odd < 1n << 255n ? [plain, little(odd)] : [plain];
    return all.flatMap((point) => [point, point.with(31, (point[31] ?? 0) | 0x80)]);
  });
  let [taken, platform, tried] = [0, 0, 0];
  for (const key of encodings) {
    for (const r of encodings) {
      for (let index = 0; index < messages; index += 1) {
        const message = random.bytes(16);
        const forged = new Uint8Array([...r, ...new Uint8Array(32)]);
        tried += 1;
        if (signature(key, message, forged)) taken += 1;
        if (takenByPlatform(key, message, forged)) platform += 1;
      }
    }
  }
  for (const [key, message, good] of RFC_8032.map((row) =>
    row.map((hex) => Uint8Array.fromHex(hex)),
  )) {
    if (key === undefined || message === undefined || good === undefined) continue;
    const s = BigInt(`0x${good.subarray(32).toReversed().toHex()}`) + L;
    tried += 1;
    if (signature(key, message, new Uint8Array([...good.subarray(0, 32), ...little(s)])))
      taken += 1;
  }
  return { taken: exact(taken, tried, 'signatures'), platform: `${platform} of ${tried}` };
}

function takenByPlatform(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const der = Buffer.concat([SPKI_HEADER, key]);
    return platformVerify(
      null,
      message,
      createPublicKey({ key: der, format: 'der', type: 'spki' }),
      signature,
    );
  } catch {
    return false;
  }
}

/** Each as published, then with each bit of key and signature changed. */
function rfc(signature: Verifiers['signature']): Estimate {
  let [wrong, tried] = [0, 0];
  for (const row of RFC_8032) {
    const [key = '', message = '', good = ''] = row;
    const said = Uint8Array.fromHex(message);
    const joined = Uint8Array.fromHex(key + good);
    const judge = (bytes: Uint8Array) => signature(bytes.subarray(0, 32), said, bytes.subarray(32));
    tried += 1 + 8 * joined.length;
    if (!judge(joined)) wrong += 1;
    for (let bit = 0; bit < 8 * joined.length; bit += 1) {
      const at = bit >> 3;
      if (judge(joined.with(at, (joined[at] ?? 0) ^ (1 << (bit & 7))))) wrong += 1;
    }
  }
  return exact(wrong, tried, 'signatures');
}

const wycheproofFile = z.object({
  testGroups: z.array(
    z.object({
      publicKey: z.object({ pk: z.string() }),
      tests: z.array(z.object({ msg: z.string(), sig: z.string(), result: z.string() })),
    }),
  ),
});

/** Somebody else's file, not ours to hand out: WYCHEPROOF_ED25519 names it. */
function wycheproof(signature: Verifiers['signature']): Estimate | { readonly untested: string } {
  const file = process.env['WYCHEPROOF_ED25519'] ?? '';
  if (!existsSync(file)) {
    return { untested: 'WYCHEPROOF_ED25519 does not name testvectors_v1/ed25519_test.json' };
  }
  const { testGroups } = wycheproofFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  const all = testGroups.flatMap(({ publicKey, tests }) =>
    tests.map((test) => ({ key: Uint8Array.fromHex(publicKey.pk), ...test })),
  );
  return count(all, ({ key, msg, sig, result }) => {
    const isTaken = signature(key, Uint8Array.fromHex(msg), Uint8Array.fromHex(sig));
    return isTaken !== (result === 'valid');
  });
}

function little(value: bigint): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(64, '0')).toReversed();
}
