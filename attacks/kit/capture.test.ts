import { expect, test } from 'vitest';
import type { Id } from '../../node/id.ts';
import {
  type Capture,
  captureProbability,
  expectedAttempts,
  identitiesNeeded,
  reachFor,
  shareBetween,
} from './capture.ts';

/** Steps of a linear congruential generator (Numerical Recipes): enough for counting. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Share of drawn rings on which at least m of the k nearest to the point 0 are the attacker's. */
function drawnShare({ honest, attackers, k, m, reach }: Capture, trials: number): number {
  const random = draws(7);
  let captured = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const ring = [
      ...Array.from({ length: honest }, () => ({ far: random() / 2, isOwn: false })),
      ...Array.from({ length: attackers }, () => ({
        far: random() * (reach ?? 0.5),
        isOwn: true,
      })),
    ].sort((a, b) => a.far - b.far);
    if (ring.slice(0, k).filter(({ isOwn }) => isOwn).length >= m) captured += 1;
  }
  return captured / trials;
}

test('the probability is that of drawn rings, for identities anywhere and near the point', () => {
  const cases: readonly Capture[] = [
    { honest: 50, attackers: 10, k: 8, m: 2, reach: null },
    { honest: 50, attackers: 40, k: 8, m: 4, reach: null },
    { honest: 50, attackers: 6, k: 8, m: 6, reach: 0.02 },
    { honest: 50, attackers: 9, k: 8, m: 6, reach: 0.04 },
    { honest: 200, attackers: 3, k: 5, m: 3, reach: 0.005 },
    { honest: 20, attackers: 1, k: 5, m: 1, reach: 0.3 },
  ];
  for (const terms of cases) {
    // Three standard errors at 20,000 trials are at most 0.011.
    expect(Math.abs(captureProbability(terms) - drawnShare(terms, 20_000))).toBeLessThan(0.012);
  }
});

test('nobody captures with too few, or more than there are; without honest members everybody does', () => {
  const terms = { honest: 30, k: 8, reach: 0.01 };
  expect(captureProbability({ ...terms, attackers: 5, m: 6 })).toBe(0);
  expect(captureProbability({ ...terms, attackers: 50, m: 9 })).toBe(0);
  expect(captureProbability({ ...terms, attackers: 5, m: 0 })).toBe(1);
  expect(captureProbability({ ...terms, honest: 2, attackers: 6, m: 6 })).toBe(1);
});

test('the identities needed are the fewest: one less captures too seldom', () => {
  for (const reach of [null, 0.01]) {
    const terms = { honest: 100, k: 8, m: 6, reach };
    const needed = identitiesNeeded(terms, 0.5);
    if (needed === null) throw new Error('a million are enough');
    expect(captureProbability({ ...terms, attackers: needed })).toBeGreaterThanOrEqual(0.5);
    expect(captureProbability({ ...terms, attackers: needed - 1 })).toBeLessThan(0.5);
  }
  expect(identitiesNeeded({ honest: 100, k: 8, m: 6, reach: null }, 0.5, 20)).toBe(null);
});

test('positioning pays: it takes fewer identities, each of which costs more work', () => {
  const terms = { honest: 1000, k: 8, m: 6 };
  const reach = reachFor(terms);
  const near = identitiesNeeded({ ...terms, reach }, 0.5) ?? 0;
  const anywhere = identitiesNeeded({ ...terms, reach: null }, 0.5) ?? 0;
  expect(near).toBeLessThan(20);
  expect(anywhere).toBeGreaterThan(1000);
  expect(expectedAttempts(1, 17, reach)).toBeCloseTo(2 ** 17 / (2 * reach));
  expect(expectedAttempts(3, 4, null)).toBe(48);
});

test('distances are shares of the ring', () => {
  const at = (first: string): Id => first.padEnd(64, '0');
  expect(shareBetween(at('0'), at('8'))).toBe(0.5);
  expect(shareBetween(at('0'), at('c'))).toBe(0.25);
  expect(shareBetween(at('1'), at('1'))).toBe(0);
});
