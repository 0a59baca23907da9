import { expect, test } from 'vitest';
import { create } from '../../attacks/evidence-forgery/index.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import { conspiracy } from '../support/conspiracy.ts';

/** A paper day in a second: two transfers lie that far apart. */
const TIME_SCALE = 86_400;

/** What became of honest peers after half a minute: banned by one of them, slashed by a vote. */
function attacked(
  knobs: Record<string, number | string>,
  parameters: Partial<ProtocolParameters>,
  forgers = 3,
): { voted: number; banned: number; slashed: number } {
  const base = { k: 5, timeScale: TIME_SCALE, leaseHours: 8760, lamppostHours: 8760 };
  const options = {
    peers: 9 + forgers,
    clients: 0,
    seed: 41,
    parameters: { ...base, ...parameters },
  };
  const { swarm, members, order } = conspiracy(options, create, forgers);
  swarm.network.run(4000);
  order('start', { packagesPerSecond: 20, victims: 2, ...knobs });
  swarm.network.run(25_000);
  const honest = swarm.peers.filter(({ identity }) => !members.includes(identity.address));
  const addresses = new Set(honest.map(({ identity }) => identity.address));
  const steps = swarm.rows('slashing').filter(({ accused }) => addresses.has(accused));
  return {
    banned: Math.max(...honest.map((peer) => peer.health().banned)),
    voted: steps.filter(({ event }) => event === 'voted').length,
    slashed: steps.filter(({ event }) => event === 'executed').length,
  };
}

test('true answers from before and after a transfer get an honest keeper slashed under the rule paper', () => {
  const { banned, slashed } = attacked({ method: 'frame' }, { conflictRule: 'paper' });
  expect(banned).toBeGreaterThan(0);
  expect(slashed).toBeGreaterThan(0);
});

test('under the rule chain the same answers convict nobody, nor does any forged package', () => {
  expect(attacked({ method: 'all' }, { conflictRule: 'chain' }).banned).toBe(0);
});

test('a neighbourhood of which two thirds are forgers slashes nobody without a package', () => {
  const { voted, slashed, banned } = attacked({ method: 'capture' }, { conflictRule: 'chain' }, 18);
  expect(voted).toBeGreaterThan(0);
  expect([slashed, banned]).toEqual([0, 0]);
});
