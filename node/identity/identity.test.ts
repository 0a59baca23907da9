import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { signingKey } from '../crypto/ed25519.ts';
import { seededRandom } from '../../test/support/network.ts';
import {
  checkCertificate,
  issueCertificate,
  readCertificate,
  writeCertificate,
} from './certificate.ts';
import { loadIdentity, mint, Minting, saveIdentity } from './mint.ts';
import {
  checkRecord,
  encodeRecord,
  isNewer,
  readRecord,
  RECORD_BYTES,
  renewRecord,
  signRecord,
  trailingZeroBits,
} from './record.ts';

const NETWORK = '77'.repeat(32);
const POW = { memoryKiB: 16, passes: 1, bits: 5 };

const random = seededRandom(4);
const sources = {
  now: () => 1_700_000_000_000,
  random: (n: number) => Uint8Array.from({ length: n }, () => Math.floor(random() * 256)),
};
const identity = mint(NETWORK, POW, sources);

test('a minted address ends in the zero bits asked for, and its record counts', () => {
  expect(trailingZeroBits(identity.address)).toBeGreaterThanOrEqual(5);
  expect(identity.attempts).toBeGreaterThan(1);
  expect(checkRecord(identity.record, NETWORK, POW)).toEqual({
    ok: true,
    address: identity.address,
  });
});

test('minting in steps finds what minting at once finds, and counts what was tried before', () => {
  const seeded = () => {
    const draw = seededRandom(11);
    const bytes = (n: number) => Uint8Array.from({ length: n }, () => Math.floor(draw() * 256));
    return { now: () => 5, random: bytes };
  };
  const whole = mint(NETWORK, POW, seeded());
  const minting = new Minting(NETWORK, POW, seeded(), 1000);
  expect(minting.progress).toEqual({ attempts: 1000, expected: 32 });
  let found = minting.step(3);
  let steps = 1;
  for (; found === null; steps += 1) found = minting.step(3);
  expect(steps).toBe(Math.ceil(whole.attempts / 3));
  expect(found.record).toEqual(whole.record);
  expect(found.attempts).toBe(1000 + whole.attempts);
});

test('an identity is made at the time of the attempt that found it, however long that took', () => {
  let nowMs = 0;
  const minting = new Minting(
    NETWORK,
    { ...POW, bits: 8 },
    { ...sources, now: () => (nowMs += 1000) },
  );
  let found = minting.attempt();
  while (found === null) found = minting.attempt();
  expect(found.attempts).toBeGreaterThan(1);
  expect(found.record.createdAtMs).toBe(1000 * found.attempts);
});

test('whoever wants another place mints on, and pays for all that it throws away', () => {
  const wants = (address: string): boolean => address.startsWith('7');
  const choosy = mint(NETWORK, POW, { ...sources, wants });
  expect(choosy.address[0]).toBe('7');
  expect(checkRecord(choosy.record, NETWORK, POW).ok).toBe(true);
  const prices = Array.from({ length: 8 }, () => mint(NETWORK, POW, { ...sources, wants }));
  const paid = prices.reduce((sum, { attempts }) => sum + attempts, 0);
  // 16 identities of 32 attempts each are expected for one; a quarter of that is beyond chance.
  expect(paid).toBeGreaterThan((8 * 16 * 32) / 4);
});

test('a renewed record keeps its address; it replaces older ones of its own identity alone', () => {
  const { record, identityKey, address } = identity;
  const transportKey = sources.random(32);
  const renewed = renewRecord(record, identityKey, { nowMs: record.createdAtMs + 5, transportKey });
  expect(checkRecord(renewed, NETWORK, POW)).toEqual({ ok: true, address });
  expect(renewed.transportKey).toEqual(transportKey);
  expect([isNewer(renewed, record), isNewer(record, renewed), isNewer(record, record)]).toEqual([
    true,
    false,
    false,
  ]);
  const back = renewRecord(renewed, identityKey, { nowMs: 0 });
  expect(isNewer(back, renewed)).toBe(true);
  const other = mint(NETWORK, POW, sources);
  const foreign = renewRecord(other.record, other.identityKey, { nowMs: 9e12 });
  expect(isNewer(foreign, record)).toBe(false);
});

test('trailing zero bits are counted from the right', () => {
  expect(
    ['f'.repeat(64), `${'f'.repeat(63)}8`, `${'f'.repeat(62)}00`, '0'.repeat(64)].map(
      trailingZeroBits,
    ),
  ).toEqual([0, 3, 8, 256]);
});

test('work is not reused on another network, nor under a higher claim, nor for another key', () => {
  const other = '78'.repeat(32);
  const { record, identityKey } = identity;
  expect(checkRecord(record, other, POW).ok).toBe(false);
  const moved = signRecord({ ...record, network: other }, identityKey);
  const check = checkRecord(moved, other, { ...POW, bits: 0 });
  expect(check.ok && check.address === identity.address).toBe(false);
  expect(checkRecord(signRecord({ ...record, bits: 40 }, identityKey), NETWORK, POW).ok).toBe(
    false,
  );
  expect(checkRecord(record, NETWORK, { ...POW, bits: 6 }).ok).toBe(false);
  const thief = signingKey(sources.random(32));
  const stolen = signRecord({ ...record, identityKey: thief.publicKey }, thief);
  const stolenCheck = checkRecord(stolen, NETWORK, { ...POW, bits: 5 });
  expect(stolenCheck.ok && stolenCheck.address === identity.address).toBe(false);
});

test('a record has one encoding, and no bit of it can change unnoticed', () => {
  const bytes = encodeRecord(identity.record);
  expect(bytes).toHaveLength(RECORD_BYTES);
  expect(decode(bytes, readRecord)).toEqual({ ok: true, value: identity.record });
  fc.assert(
    fc.property(fc.nat(RECORD_BYTES - 1), fc.nat(7), (at, bit) => {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      const decoded = decode(changed, readRecord);
      expect(decoded.ok && checkRecord(decoded.value, NETWORK, POW).ok).toBe(false);
    }),
  );
});

test('a saved identity loads as itself; damage anywhere is said, never loaded', () => {
  const saved = saveIdentity(identity);
  const loaded = loadIdentity(Buffer.from(saved));
  expect(saveIdentity(loaded)).toEqual(saved);
  expect(loaded.record).toEqual(identity.record);
  expect(loaded.identityKey.publicKey).toEqual(identity.record.identityKey);
  fc.assert(
    fc.property(fc.nat(saved.length - 1), fc.nat(7), (at, bit) => {
      const damaged = saved.slice();
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      expect(() => loadIdentity(damaged)).toThrow(at === 0 ? /version/ : /damaged/);
    }),
  );
  for (const length of [0, 1, 20, saved.length - 1]) {
    expect(() => loadIdentity(saved.subarray(0, length))).toThrow(/empty|damaged/);
  }
});

test('a certificate holds for its key, network, address and terms alone', () => {
  const { address, identityKey, lamppost } = identity;
  const terms = {
    network: NETWORK,
    address,
    lamppost: lamppost.publicKey,
    epoch: 3,
    validFromMs: 10,
    validToMs: 20,
  };
  const holder = { network: NETWORK, address, identityKey: identityKey.publicKey };
  const certificate = issueCertificate(identityKey, terms);
  expect(checkCertificate(certificate, holder)).toBe(true);
  expect(checkCertificate({ ...certificate, epoch: 4 }, holder)).toBe(false);
  expect(checkCertificate({ ...certificate, validToMs: 21 }, holder)).toBe(false);
  expect(checkCertificate(certificate, { ...holder, address: NETWORK })).toBe(false);
  expect(checkCertificate(certificate, { ...holder, network: address })).toBe(false);
  expect(checkCertificate(certificate, { ...holder, identityKey: lamppost.publicKey })).toBe(false);
  const inverted = issueCertificate(identityKey, { ...terms, validFromMs: 21 });
  expect(checkCertificate(inverted, holder)).toBe(false);
  const writer = new Writer();
  writeCertificate(writer, certificate);
  expect(decode(writer.finish(), readCertificate)).toEqual({ ok: true, value: certificate });
});
