import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signingKey } from '../crypto/ed25519.ts';
import { seededRandom } from '../../test/support/network.ts';
import {
  type CheckPurpose,
  MAX_BAD_KEPT,
  RecordChecker,
  WORK_EACH,
  WORK_PER_SECOND,
} from './checker.ts';
import { mint, type Identity } from './mint.ts';
import { checkRecord, deriveAddress, renewRecord, signRecord } from './record.ts';

const NETWORK = '77'.repeat(32);
const POW = { memoryKiB: 8, passes: 1, bits: 3 };
const random = seededRandom(9);
const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
const sources = { now: () => 1000, random: bytes };
const identities: Identity[] = Array.from({ length: 4 }, () => mint(NETWORK, POW, sources));

function checker(clock: { nowMs: number }, pow = POW) {
  let evaluations = 0;
  const checks = new RecordChecker(
    NETWORK,
    pow,
    () => clock.nowMs,
    (...given) => {
      evaluations += 1;
      return deriveAddress(...given);
    },
  );
  return { checks, evaluations: () => evaluations };
}

test('a record is evaluated once, by whatever way and in whatever renewal it comes', () => {
  const { checks, evaluations } = checker({ nowMs: 0 });
  for (const { record, identityKey, address } of identities) {
    for (const purpose of ['hello', 'found', 'candidate', 'hello'] as const) {
      expect(checks.check(record, purpose)).toEqual({ ok: true, address });
    }
    const renewed = renewRecord(record, identityKey, { nowMs: 5000, transportKey: bytes(32) });
    expect(checks.check(renewed, 'hello')).toEqual({ ok: true, address });
  }
  expect(evaluations()).toBe(identities.length);
});

test('a record that failed fails again without work, and claims less only with a signature', () => {
  const { checks, evaluations } = checker({ nowMs: 0 });
  for (const { record, identityKey } of identities) {
    const boast = signRecord({ ...record, bits: 200 }, identityKey);
    for (let n = 0; n < 3; n += 1) expect(checks.check(boast, 'hello').ok).toBe(false);
    // The evaluation is known now; the signature of the modest claim is still looked at.
    expect(checks.check({ ...boast, bits: record.bits }, 'hello').ok).toBe(false);
    expect(checks.check(record, 'hello').ok).toBe(true);
  }
  expect(evaluations()).toBe(identities.length);
});

test('its verdict is that of checkRecord, for records changed anywhere', () => {
  const { checks } = checker({ nowMs: 0 });
  const clock = { nowMs: 0 };
  const pick = fc.constantFrom(...identities);
  const change = fc.constantFrom('none', 'salt', 'bits', 'time', 'signature', 'network');
  fc.assert(
    fc.property(pick, change, fc.boolean(), ({ record, identityKey }, what, resigned) => {
      clock.nowMs += 10_000;
      const changed = {
        ...record,
        ...(what === 'salt' ? { salt: new Uint8Array(8) } : {}),
        ...(what === 'bits' ? { bits: record.bits + 1 } : {}),
        ...(what === 'time' ? { createdAtMs: record.createdAtMs - 1 } : {}),
        ...(what === 'signature' ? { signature: new Uint8Array(64) } : {}),
        ...(what === 'network' ? { network: '78'.repeat(32) } : {}),
      };
      const signed = resigned && what !== 'signature' ? signRecord(changed, identityKey) : changed;
      const verdict = checkRecord(signed, NETWORK, POW);
      const checked = checks.check(signed, 'hello');
      expect(checked.ok).toBe(verdict.ok);
      if (checked.ok && verdict.ok) expect(checked.address).toBe(verdict.address);
    }),
    { numRuns: 200 },
  );
});

test('a flood of made-up records costs no more than its pot, and leaves the others alone', () => {
  const clock = { nowMs: 0 };
  const pow = { memoryKiB: 1024, passes: 10, bits: 3 };
  let evaluations = 0;
  const checks = new RecordChecker(
    NETWORK,
    pow,
    () => clock.nowMs,
    () => {
      evaluations += 1;
      return 'f'.repeat(64);
    },
  );
  const key = signingKey(bytes(32));
  const { record } = identities[0] ?? expect.unreachable();
  const seconds = 20;
  let refused = 0;
  for (let n = 0; n < 100 * seconds; n += 1) {
    clock.nowMs = n * 10;
    const made = signRecord({ ...record, identityKey: key.publicKey, salt: bytes(8) }, key);
    const verdict = checks.check(made, 'hello');
    if (!verdict.ok && verdict.reason === 'over-budget') refused += 1;
  }
  const each = pow.memoryKiB * pow.passes + WORK_EACH;
  // What filled the pot, its first filling, and one overdraft.
  const most = ((seconds + 1) * WORK_PER_SECOND.hello) / each + 1;
  expect(evaluations).toBeLessThanOrEqual(most);
  expect(evaluations).toBeGreaterThan(most / 2);
  expect(refused).toBeGreaterThan(0);
  const other: CheckPurpose = 'candidate';
  const made = signRecord({ ...record, identityKey: key.publicKey, salt: bytes(8) }, key);
  expect(checks.check(made, other)).not.toHaveProperty('reason', 'over-budget');
});

test('failures remembered are bounded, and do not push out who counts', () => {
  const clock = { nowMs: 0 };
  const evaluated: string[] = [];
  const [good] = identities;
  if (good === undefined) expect.unreachable();
  const checks = new RecordChecker(
    NETWORK,
    POW,
    () => clock.nowMs,
    (record) => {
      evaluated.push(record.salt.toHex());
      return record.salt.toHex() === good.record.salt.toHex() ? good.address : 'f'.repeat(64);
    },
  );
  expect(checks.check(good.record, 'hello').ok).toBe(true);
  for (let n = 0; n <= MAX_BAD_KEPT; n += 1) {
    clock.nowMs += 1000;
    checks.check(signRecord({ ...good.record, salt: bytes(8) }, good.identityKey), 'hello');
  }
  expect(evaluated).toHaveLength(MAX_BAD_KEPT + 2);
  clock.nowMs += 1000;
  expect(checks.check(good.record, 'hello').ok).toBe(true);
  expect(evaluated).toHaveLength(MAX_BAD_KEPT + 2);
});

test('a clock set back stops no check for long', () => {
  const clock = { nowMs: 1_000_000 };
  const pow = { memoryKiB: 65_536, passes: 10, bits: 3 };
  const checks = new RecordChecker(
    NETWORK,
    pow,
    () => clock.nowMs,
    () => 'f'.repeat(64),
  );
  const { record, identityKey } = identities[0] ?? expect.unreachable();
  const another = () => signRecord({ ...record, salt: bytes(8) }, identityKey);
  checks.check(another(), 'hello');
  clock.nowMs = 0;
  expect(checks.check(another(), 'hello')).toEqual({ ok: false, reason: 'over-budget' });
  clock.nowMs = 10_000;
  expect(checks.check(another(), 'hello')).not.toHaveProperty('reason', 'over-budget');
});
