import { expect, test } from 'vitest';
import {
  type MemoryStore,
  VirtualNetwork,
  virtualEndpoint,
} from '../../../test/support/network.ts';
import { Reputation } from './reputation.ts';

const GOOD = 'aa'.repeat(32);
const BAD = 'bb'.repeat(32);
/** So that an interval is the shortest allowed. */
const FAST = { timeScale: 3600 };

function bench(store?: MemoryStore) {
  const network = new VirtualNetwork({ seed: 1 });
  const host = network.host(virtualEndpoint(1), store === undefined ? {} : { store });
  return { network, host, reputation: new Reputation(host, FAST) };
}

test('who answers and is right rises, who is wrong or silent falls, a stranger is worth a half', () => {
  const { reputation } = bench();
  expect(reputation.of(GOOD)).toBe(0.5);
  for (let n = 0; n < 20; n += 1) {
    reputation.asked(GOOD, true);
    reputation.judged(GOOD, true);
    reputation.asked(BAD, false);
    reputation.judged(BAD, false);
  }
  expect(reputation.of(GOOD)).toBeGreaterThan(0.9);
  expect(reputation.of(BAD)).toBeLessThan(0.1);
});

test('too many answers that did not hold are flagged once, a few are not', () => {
  const { network, reputation } = bench();
  for (let n = 0; n < 10; n += 1) reputation.judged(GOOD, n !== 4 && n !== 7);
  expect(network.rows).toEqual([]);
  for (let n = 0; n < 10; n += 1) reputation.judged(BAD, false);
  expect(network.rows.map(({ row }) => row)).toMatchObject([
    { table: 'flags', accused: BAD, layer: 'reputation', score: 1 },
  ]);
});

test('it outlives a restart from the snapshot of its last interval, at half its weight', () => {
  const { network, host, reputation } = bench();
  for (let n = 0; n < 40; n += 1) reputation.judged(BAD, false);
  network.run(60_000);
  reputation.tick();
  const after = bench(host.store).reputation;
  expect(after.of(BAD)).toBeCloseTo(reputation.of(BAD), 6);
  expect(after.of(BAD)).toBeLessThan(0.35);
  expect(after.of(GOOD)).toBe(0.5);
});

test('every reset costs', () => {
  const { reputation } = bench();
  for (let n = 0; n < 5; n += 1) reputation.judged(GOOD, true);
  const before = reputation.of(GOOD);
  reputation.reset(GOOD);
  expect(reputation.of(GOOD)).toBeLessThan(before);
});
