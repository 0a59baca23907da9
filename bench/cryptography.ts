/**
 * What each primitive costs with real and with ideal cryptography, in µs of processor time, turn by
 * turn in the same run; beside them a hash of 64 bytes, which is real in both. And whether the two
 * kinds give the same run (lab/simulator/audit.ts), with what it took.
 */
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { BoxKey, NONCE_BYTES } from '../node/crypto/box.ts';
import { type Cryptography, useCryptography } from '../node/crypto/cryptography.ts';
import { signingKey, verifySignature } from '../node/crypto/ed25519.ts';
import { hashBytes } from '../node/crypto/hash.ts';
import { hkdf } from '../node/crypto/hkdf.ts';
import { hmac } from '../node/crypto/hmac.ts';
import { x25519, x25519PublicKey } from '../node/crypto/x25519.ts';
import { mint } from '../node/identity/mint.ts';
import { deriveAddress } from '../node/identity/record.ts';
import { DEFAULT_PARAMETERS, PAPER_POW } from '../node/parameters.ts';
import { audit } from '../lab/simulator/audit.ts';
import { loadTestnet } from '../lab/manifest/load.ts';
import type { Benchmark } from './run.ts';

/** Turns of each kind, of which the fastest counts: others' use of the machine only lengthens one. */
const TURNS = 5;
/** Of one turn: long enough for the clock, short enough for the patient. */
const TURN_MS = 40;
const AUDITED = path.join(import.meta.dirname, '..', 'testnets', 'quick.yaml');
const SAMPLE_MS = 10_000;

type Operation = () => unknown;

/** Made anew for each kind: what one sealed or signed the other refuses. */
function operations(): Readonly<Record<string, Operation>> {
  const seed = new Uint8Array(32).fill(9);
  const message = new Uint8Array(32).fill(1);
  const signer = signingKey(seed);
  const signature = signer.sign(message);
  const theirs = x25519PublicKey(new Uint8Array(32).fill(7));
  const key = new BoxKey(seed);
  const nonce = new Uint8Array(NONCE_BYTES);
  const aad = new Uint8Array(74);
  const sized = [100, 400, 1300].map((bytes) => {
    const plain = new Uint8Array(bytes);
    return { bytes, plain, sealed: key.seal(nonce, aad, plain) };
  });
  const sources = { now: () => 1, random: (length: number) => randomBytes(length) };
  const network = '77'.repeat(32);
  const { pow } = DEFAULT_PARAMETERS;
  const { record } = mint(network, pow, sources);
  return {
    signingKey: () => signingKey(seed),
    sign: () => signer.sign(message),
    verify: () => verifySignature(signer.publicKey, message, signature),
    agree: () => x25519(seed, theirs),
    deriveKey: () => hkdf(seed, message, aad, 32),
    ticket: () => hmac(seed, 'who and from where'),
    ...Object.fromEntries(
      sized.flatMap(({ bytes, plain, sealed }) => [
        [`seal${bytes}`, () => key.seal(nonce, aad, plain)],
        [`open${bytes}`, () => key.open(nonce, aad, sealed)],
      ]),
    ),
    addressAtTestnetWork: () => deriveAddress(record, pow),
    identityAtTestnetWork: () => mint(network, pow, sources),
    addressAtPaperWork: () => deriveAddress(record, PAPER_POW),
    hash64: () => hashBytes('header', message, message),
  };
}

let drawn = 1;

/** Of a plain generator: their quality is not what is measured. */
function randomBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, () => (drawn = Math.imul(drawn, 0x915f77f5) + 1) >>> 24);
}

export const benchmark: Benchmark = {
  name: 'cryptography',
  description: 'µs of each primitive, real against ideal, and whether both give the same run',
  async run() {
    const cost = { real: new Map<string, number>(), ideal: new Map<string, number>() };
    try {
      for (let turn = 0; turn < TURNS; turn += 1) {
        measure('real', cost.real);
        measure('ideal', cost.ideal);
      }
    } finally {
      useCryptography('real');
    }
    const look = (): Promise<void> => setImmediate();
    return {
      unit: 'µs of processor time',
      primitives: Object.fromEntries(
        [...cost.real].map(([name, real]) => {
          const ideal = cost.ideal.get(name) ?? Number.NaN;
          return [name, { real: round3(real), ideal: round3(ideal), ratio: round3(real / ideal) }];
        }),
      ),
      audit: {
        testnet: 'quick',
        ...(await audit(loadTestnet(AUDITED), { sampleMs: SAMPLE_MS, look })),
      },
    };
  },
};

function measure(kind: Cryptography, cost: Map<string, number>): void {
  useCryptography(kind);
  for (const [name, operation] of Object.entries(operations())) {
    cost.set(name, Math.min(cost.get(name) ?? Number.POSITIVE_INFINITY, microseconds(operation)));
  }
}

/** Of one operation, over as many as fill the turn. */
function microseconds(operation: Operation): number {
  let times = 1;
  for (;;) {
    const started = process.threadCpuUsage();
    for (let done = 0; done < times; done += 1) operation();
    const { user, system } = process.threadCpuUsage(started);
    if (user + system >= TURN_MS * 1000) return (user + system) / times;
    times = Math.max(times * 2, Math.ceil((times * TURN_MS * 1000) / (user + system + 100)));
  }
}

function round3(value: number): number {
  return Number(value.toPrecision(3));
}
