import { expect, test } from 'vitest';
import { signingKey } from '../crypto/ed25519.ts';
import { DEFAULT_PARAMETERS } from '../parameters.ts';
import {
  FRESH_HOURS,
  freshMs,
  FUTURE_SKEW_MS,
  isFresh,
  MIN_FRESH_MS,
  newcomerProblem,
} from './freshness.ts';
import { isNewer, renewRecord, signRecord } from './record.ts';

const PAPER_TIME = { ...DEFAULT_PARAMETERS, timeScale: 1 };
const DAYS_30_MS = 30 * 24 * 3_600_000;
const MADE = 1_700_000_000_000;
const key = signingKey(new Uint8Array(32).fill(3));
const record = signRecord(
  {
    network: '77'.repeat(32),
    identityKey: key.publicKey,
    transportKey: new Uint8Array(32).fill(1),
    createdAtMs: MADE,
    renewedAtMs: MADE,
    salt: new Uint8Array(8),
    bits: 5,
  },
  key,
);

test('an identity may enter for 30 days, scaled, and not before it was made', () => {
  expect(freshMs(PAPER_TIME)).toBe(DAYS_30_MS);
  expect(isFresh(record, MADE + DAYS_30_MS, PAPER_TIME)).toBe(true);
  expect(isFresh(record, MADE + DAYS_30_MS + 1, PAPER_TIME)).toBe(false);
  expect(isFresh(record, MADE - FUTURE_SKEW_MS, PAPER_TIME)).toBe(true);
  expect(isFresh(record, MADE - FUTURE_SKEW_MS - 1, PAPER_TIME)).toBe(false);
  expect(freshMs({ timeScale: 3600 })).toBe((FRESH_HOURS * 3_600_000) / 3600);
  expect(freshMs({ timeScale: 1e9 })).toBe(MIN_FRESH_MS);
});

test('with freshness off only the future is refused', () => {
  const off = { ...PAPER_TIME, freshness: 'off' } as const;
  expect(isFresh(record, MADE + 100 * DAYS_30_MS, off)).toBe(true);
  expect(isFresh(record, MADE - FUTURE_SKEW_MS - 1, off)).toBe(false);
});

test('renewing does not make a stockpiled identity fresh', () => {
  const nowMs = MADE + 2 * DAYS_30_MS;
  const renewed = renewRecord(record, key, { nowMs });
  expect(isNewer(renewed, record)).toBe(true);
  expect(isFresh(renewed, nowMs, PAPER_TIME)).toBe(false);
});

test('what speaks against a newcomer is said: its age, its future, its work', () => {
  const parameters = {
    ...PAPER_TIME,
    difficulty: 'adaptive',
    baseSize: 10,
    pow: { memoryKiB: 8, passes: 1, bits: 5 },
  } as const;
  const seen = { nowMs: MADE, members: 10 };
  expect(newcomerProblem(record, seen, parameters)).toBeNull();
  // d(100) is 6: five bits are the tolerated one less. d(1000) is 7.
  expect(newcomerProblem(record, { ...seen, members: 100 }, parameters)).toBeNull();
  expect(newcomerProblem(record, { ...seen, members: 1000 }, parameters)).toMatch(/6 are needed/);
  expect(newcomerProblem(record, { ...seen, nowMs: MADE + DAYS_30_MS + 1 }, parameters)).toMatch(
    /ago/,
  );
  expect(newcomerProblem(record, { ...seen, nowMs: 0 }, parameters)).toMatch(/future/);
});
