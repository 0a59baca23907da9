import { expect, test } from 'vitest';
import { storedU64 } from './stored.ts';
import { Writer } from './writer.ts';

function stored(bytes: Uint8Array | undefined): number | null {
  return storedU64({ get: () => bytes }, 'counter');
}

test('what is stored is read back, nothing is null', () => {
  expect(stored(new Writer().u64(1_800_000_000_000).finish())).toBe(1_800_000_000_000);
  expect(stored(undefined)).toBeNull();
});

test('what cannot be counted on from is refused in words', () => {
  expect(() => stored(Uint8Array.of(1))).toThrow(/the stored counter is damaged/);
  // The fuzzer found it: one more is no integer that a u64 takes.
  const last = new Writer().u64(Number.MAX_SAFE_INTEGER).finish();
  expect(() => stored(last)).toThrow(/the stored counter is damaged: 9007199254740991/);
});
