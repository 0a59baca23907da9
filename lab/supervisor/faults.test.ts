import { expect, test } from 'vitest';
import { EXIT } from '../errors.ts';
import { FAULT_KINDS } from '../manifest/fault-schema.ts';
import { clockUnder, expectReal } from './faults.ts';

test('a clock is as the last fault of each sort says, and right where none is in force', () => {
  const drift = { kind: 'drift', members: ['a', 'b'], ppm: 100 } as const;
  const early = { kind: 'clock', members: ['a'], skewMs: -5 } as const;
  const late = { kind: 'clock', members: ['a'], skewMs: 700 } as const;
  expect(clockUnder([early, drift, late], 'a')).toEqual({ skewMs: 700, driftPpm: 100 });
  expect(clockUnder([early, drift], 'a')).toEqual({ skewMs: -5, driftPpm: 100 });
  expect(clockUnder([early, drift, late], 'b')).toEqual({ skewMs: 0, driftPpm: 100 });
  expect(clockUnder([early, late], 'c')).toEqual({ skewMs: 0, driftPpm: 0 });
});

test('faults that cannot be done to real members are refused, with the reason and what to do', () => {
  const refused = FAULT_KINDS.filter((kind) => {
    try {
      expectReal([kind]);
      return false;
    } catch (error) {
      expect(error).toMatchObject({ exitCode: EXIT.badUse });
      return true;
    }
  });
  expect(refused).toEqual(['clog', 'torn']);
});
