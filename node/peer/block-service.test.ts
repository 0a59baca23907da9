import { expect, test } from 'vitest';
import { BlockService } from './block-service.ts';

const served = (
  service: BlockService,
  ask: () => [string, 'synchronisation' | 'validation' | 'historical'],
  times: number,
  nowMs = 0,
) =>
  Array.from({ length: times }, ask).filter(([remote, priority]) =>
    service.admits(remote, priority, nowMs),
  ).length;

test('one remote gets so many blocks a second, by what it wants them for', () => {
  const service = new BlockService();
  expect(served(service, () => ['a', 'historical'], 300)).toBe(5);
  expect(served(service, () => ['a', 'synchronisation'], 300)).toBe(120);
  expect(served(service, () => ['a', 'validation'], 300)).toBe(40);
  expect(served(service, () => ['a', 'validation'], 300, 1000)).toBe(40);
});

test('newcomers, however many, leave the disk time for the checks of others', () => {
  const service = new BlockService();
  let remote = 0;
  const next = (): string => `newcomer ${(remote += 1)}`;
  expect(served(service, () => [next(), 'synchronisation'], 5000)).toBe(750);
  expect(served(service, () => [next(), 'historical'], 100)).toBe(0);
  expect(served(service, () => [next(), 'validation'], 5000)).toBe(250);
});
