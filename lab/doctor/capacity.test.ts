import { expect, test } from 'vitest';
import { shortages, type HostLimits } from './capacity.ts';

const GENEROUS: HostLimits = {
  availableBytes: 200 * 1024 ** 3,
  openFiles: 1_000_000,
  addresses: 4 * 1024 ** 2,
  addressesInUse: 0,
  backlogPackets: 100_000,
};

function levels(members: number, limits: Partial<HostLimits>): string[] {
  return shortages(members, 'docker', { ...GENEROUS, ...limits }).map(({ level }) => level);
}

test('a network that meets no limit gets no advice', () => {
  expect(levels(1_000, {})).toEqual([]);
});

test('each limit that a network meets is found, and all but the backlog stop it', () => {
  expect(levels(1_024, {})).toEqual(['stop']);
  expect(levels(60, { availableBytes: 1024 ** 3 })).toEqual(['stop']);
  expect(levels(60, { openFiles: 256 })).toEqual(['stop']);
  expect(levels(200, { backlogPackets: 1_000 })).toEqual(['warn']);
});

test('with the usual address table thirty containers fit, sixty or a third network do not', () => {
  expect(levels(30, { addresses: 1_024 })).toEqual([]);
  expect(levels(30, { addresses: 1_024, addressesInUse: 200 })).toEqual(['stop']);
  const [shortage] = shortages(63, 'docker', { ...GENEROUS, addresses: 1_024 });
  expect(shortage?.level).toBe('stop');
  expect(shortage?.remedy).toContain('gc_thresh3=8192');
});

test('a network that only the simulator can bear is stopped, whichever way its members would live', () => {
  for (const driver of ['docker', 'process'] as const) {
    expect(shortages(1_000, driver, GENEROUS)).toEqual([]);
    const [shortage] = shortages(1_001, driver, GENEROUS);
    expect(shortage?.level).toBe('stop');
    expect(shortage?.remedy).toContain('--driver sim');
  }
});

test('processes on loopback have no addresses to look up', () => {
  expect(shortages(63, 'process', { ...GENEROUS, addresses: 1_024 })).toEqual([]);
});
