/** Every rule that has two variants, and some where they meet: an honest network works under each. */
import { expect, test } from 'vitest';
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import { expectBannedOnly } from '../support/invariants.ts';
import { ride } from '../support/storm.ts';
import { Swarm } from '../support/swarm.ts';
import { VARIANTS } from '../support/variants.ts';

const CASES = VARIANTS.map((parameters, at) => ({
  name: JSON.stringify(parameters),
  storm: { event: 'none' as const, lossProbability: 0.03, seed: 500 + at, parameters },
}));

test.each(CASES)(
  'an honest network commits everything, agrees and is calm with $name',
  ({ storm }) => {
    expect(ride(storm).committed).toBeGreaterThan(10);
  },
);

test('each rule with two variants is tried', () => {
  const tried = new Set(VARIANTS.flatMap((parameters) => Object.keys(parameters)));
  // `paper` is below; figures are no rules.
  const rules = Object.entries(DEFAULT_PARAMETERS).filter(([, value]) => typeof value === 'string');
  expect(rules.map(([rule]) => rule).filter((rule) => !tried.has(rule))).toEqual(['conflictRule']);
});

test('by the papers’ rule of conflicts nobody is accused while no token moves twice in a span', () => {
  // A day of 6 s, so that words of one speaker span it: only such convict together.
  const parameters = { conflictRule: 'paper', timeScale: 14_400 } as const;
  const swarm = new Swarm({ peers: 8, clients: 2, seed: 530, parameters });
  swarm.mesh();
  swarm.load({ transferShare: 0, destroyShare: 0 });
  swarm.network.run(8000);
  swarm.unload();
  swarm.network.run(10_000);
  const rows = swarm.rows('transactions').filter(({ part }) => part === 'client');
  const count = (outcome: string) => rows.filter((row) => row.outcome === outcome).length;
  expect(count('submitted')).toBeGreaterThan(10);
  expect(count('committed')).toBe(count('submitted'));
  expectBannedOnly(swarm, []);
});
