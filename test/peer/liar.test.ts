import { expect, test } from 'vitest';
import type { Decisions } from '../../node/decisions.ts';
import { ZERO_ID } from '../../node/id.ts';
import { forged } from '../support/forger.ts';
import { Swarm } from '../support/swarm.ts';

const LIAR = 2;

/** Clients get the forged chain, peers the true one: two faces with separate audiences. */
function liarNetwork(lies: boolean): Swarm {
  const decisions: Partial<Decisions> = {};
  const swarm = new Swarm({ peers: 9, clients: 2, seed: 5, decisions: { [LIAR]: decisions } });
  swarm.mesh();
  swarm.load();
  swarm.network.run(4000);
  if (lies) {
    decisions.answerMapping = (asker, _token, _query, honest) =>
      asker.kind === 'client' ? forged(swarm.at(LIAR).peer, honest()) : honest();
  }
  swarm.network.run(20_000);
  return swarm;
}

test('a liar with two faces is convicted, banned by every honest peer and slashed by vote', () => {
  const swarm = liarNetwork(true);
  const liar = swarm.at(LIAR).peer.identity.address;
  const slashing = swarm.rows('slashing');
  expect(new Set(slashing.map(({ accused }) => accused))).toEqual(new Set([liar]));
  const honest = swarm.peers.filter((_, index) => index !== LIAR);
  for (const peer of honest) expect(peer.membership.has(liar)).toBe(false);
  for (const client of swarm.clients) expect(client.membership.has(liar)).toBe(false);
  const executed = slashing.filter(({ event }) => event === 'executed');
  expect(executed.length).toBe(swarm.parameters.k);
  expect(new Set(executed.map(({ tx }) => tx)).size).toBe(1);
  for (const { votesFor, votesAgainst } of executed) {
    expect(votesAgainst).toBe(0);
    expect(votesFor).toBeGreaterThanOrEqual(6);
  }
  for (const peer of honest) expect(peer.chain.state.get(liar)?.owner).toBe(ZERO_ID);
});

test('the same network without the lie bans nobody', () => {
  const swarm = liarNetwork(false);
  expect(swarm.rows('slashing')).toEqual([]);
  expect(swarm.rows('evidence')).toEqual([]);
});
