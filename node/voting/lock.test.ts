import { expect, test } from 'vitest';
import { MemoryStore } from '../../test/support/network.ts';
import { VoteLock } from './lock.ts';

const id = (number: number): string => number.toString(16).padStart(64, '0');
/** More than are kept in memory. */
const MANY = 16_500;

test('a lock holds as well where there is no room for it in memory, and after a restart', () => {
  const store = new MemoryStore();
  const lock = new VoteLock(store);
  for (let token = 1; token <= MANY; token += 1) lock.claim(id(token), id(0), id(token));
  for (const life of [lock, new VoteLock(store)]) {
    for (const token of [1, MANY]) {
      expect(life.claim(id(token), id(0), id(token))).toBe(true);
      expect(life.claim(id(token), id(0), id(99_999))).toBe(false);
    }
    expect(life.holder(id(MANY + 1), id(0))).toBeUndefined();
  }
});

test('a lock that was released is open to others, wherever it was kept', () => {
  const store = new MemoryStore();
  const lock = new VoteLock(store);
  for (let token = 1; token <= MANY; token += 1) lock.claim(id(token), id(0), id(token));
  for (const token of [1, MANY]) {
    const mapping = { token: id(token), owner: id(7), previous: id(0), tx: id(token) };
    lock.release(mapping);
    expect(lock.claim(id(token), id(0), id(99_999))).toBe(true);
  }
});
