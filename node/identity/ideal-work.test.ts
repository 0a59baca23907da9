import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { useCryptography } from '../crypto/cryptography.ts';
import { PAPER_POW } from '../parameters.ts';
import { seededRandom } from '../../test/support/network.ts';
import { drawnAttempts, DRAW_BYTES } from './ideal-work.ts';
import { mint, Minting } from './mint.ts';
import { checkRecord, deriveAddress, type IdentityRecord, trailingZeroBits } from './record.ts';

afterEach(() => useCryptography('real'));

const NETWORK = '77'.repeat(32);
const POW = { memoryKiB: 16, passes: 1, bits: 5 };

function sourcesOf(seed: number) {
  const draw = seededRandom(seed);
  return {
    now: () => 1_700_000_000_000,
    random: (length: number) => Uint8Array.from({ length }, () => Math.floor(draw() * 256)),
  };
}

test("an ideal identity at the papers' work counts at once, and tells what it would have cost", () => {
  useCryptography('ideal');
  const identity = mint(NETWORK, PAPER_POW, sourcesOf(1));
  expect(identity.attempts).toBeGreaterThan(100);
  expect(trailingZeroBits(identity.address)).toBeGreaterThanOrEqual(PAPER_POW.bits);
  expect(checkRecord(identity.record, NETWORK, PAPER_POW)).toEqual({
    ok: true,
    address: identity.address,
  });
});

test('no part of what was paid for can be changed, nor more be claimed than was paid', () => {
  useCryptography('ideal');
  const pow = { ...POW, bits: 40 };
  const { record } = mint(NETWORK, pow, sourcesOf(2));
  const bits = (changed: Partial<IdentityRecord>, work = pow): number =>
    trailingZeroBits(deriveAddress({ ...record, ...changed }, work));
  expect(bits({})).toBeGreaterThanOrEqual(40);
  const salts = Array.from({ length: 8 }, (_, at) =>
    Uint8Array.from(record.salt, (byte, index) => (index === at ? byte ^ 1 : byte)),
  );
  const others = [
    ...salts.map((salt) => bits({ salt })),
    bits({ identityKey: record.transportKey }),
    bits({ network: '78'.repeat(32) }),
    bits({ createdAtMs: record.createdAtMs + 1 }),
    bits({}, { ...pow, memoryKiB: 17 }),
    bits({}, { ...pow, passes: 2 }),
  ];
  for (const other of others) expect(other).toBeLessThan(40);
});

test('salts that nobody paid for have the zero bits that chance gives', () => {
  useCryptography('ideal');
  const { record } = mint(NETWORK, POW, sourcesOf(3));
  const { random } = sourcesOf(4);
  const tries = 4000;
  let lucky = 0;
  for (let n = 0; n < tries; n += 1) {
    const address = deriveAddress({ ...record, salt: random(8) }, POW);
    if (trailingZeroBits(address) >= POW.bits) lucky += 1;
  }
  // 125 expected; five deviations of a binomial on either side.
  expect(lucky).toBeGreaterThan(70);
  expect(lucky).toBeLessThan(180);
});

test('attempts fall as real ones do: a mean of 2^bits, and memoryless', () => {
  const { random } = sourcesOf(5);
  for (const bits of [0, 1, 4, 17]) {
    const draws = Array.from({ length: 20_000 }, () => drawnAttempts(random(DRAW_BYTES), bits));
    const mean = draws.reduce((sum, attempts) => sum + attempts, 0) / draws.length;
    // The deviation of the mean is 2^bits/√20000, less than a hundredth of it.
    expect(Math.abs(mean / 2 ** bits - 1), `${bits} bits`).toBeLessThan(0.04);
    const beyond = draws.filter((attempts) => attempts > 2 ** bits).length / draws.length;
    expect(Math.abs(beyond - (1 - 2 ** -bits) ** (2 ** bits)), `${bits} bits`).toBeLessThan(0.02);
  }
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: DRAW_BYTES, maxLength: DRAW_BYTES }),
      fc.nat(255),
      (drawn, bits) => {
        const attempts = drawnAttempts(drawn, bits);
        expect(Number.isSafeInteger(attempts) && attempts >= 1).toBe(true);
      },
    ),
  );
});

test('minting in steps finds at the attempt that was drawn, as minting at once does', () => {
  useCryptography('ideal');
  const whole = mint(NETWORK, POW, sourcesOf(6));
  expect(whole.attempts).toBeGreaterThan(3);
  const minting = new Minting(NETWORK, POW, sourcesOf(6), 1000);
  let steps = 1;
  let found = minting.step(3);
  for (; found === null; steps += 1) {
    expect(minting.progress.attempts).toBe(1000 + 3 * steps);
    found = minting.step(3);
  }
  expect(steps).toBe(Math.ceil(whole.attempts / 3));
  expect(found.record).toEqual(whole.record);
  expect(found.attempts).toBe(1000 + whole.attempts);
});

test('whoever wants another place pays for all that it throws away', () => {
  useCryptography('ideal');
  const wants = (address: string): boolean => address.startsWith('7');
  const found = Array.from({ length: 8 }, (_, index) =>
    mint(NETWORK, POW, { ...sourcesOf(20 + index), wants }),
  );
  for (const { address } of found) expect(address[0]).toBe('7');
  const paid = found.reduce((sum, { attempts }) => sum + attempts, 0);
  expect(paid).toBeGreaterThan((8 * 16 * 2 ** POW.bits) / 4);
});

test('with real work under ideal cryptography the address is the real one', () => {
  const real = mint(NETWORK, POW, sourcesOf(7));
  useCryptography('ideal', 'real');
  const ideal = mint(NETWORK, POW, sourcesOf(7));
  expect(ideal.address).toBe(real.address);
  expect(ideal.attempts).toBe(real.attempts);
  expect(ideal.record).toEqual({ ...real.record, signature: ideal.record.signature });
  expect(checkRecord(ideal.record, NETWORK, POW).ok).toBe(true);
  expect(checkRecord(real.record, NETWORK, POW).ok).toBe(false);
});
