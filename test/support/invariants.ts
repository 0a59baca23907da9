/** What must hold of every network, whatever was done to it. Vitest expectations. */
import { expect } from 'vitest';
import type { Id } from '../../node/id.ts';
import type { Swarm } from './swarm.ts';

/** On one mapping of a token the honest peers never commit two different transactions. */
export function expectSafe(swarm: Swarm, honest = swarm.seated): void {
  const ips = new Set(honest.map(({ endpoint }) => endpoint.ip));
  const successors = new Map<string, Id>();
  for (const { endpoint, row } of swarm.network.rows) {
    if (row.table !== 'transactions' || row.part === 'client') continue;
    if (row.outcome !== 'committed' || !ips.has(endpoint.ip)) continue;
    for (const [index, token] of row.tokens.entries()) {
      const after = `${token} after ${row.previous[index]}`;
      expect([after, successors.get(after) ?? row.tx]).toEqual([after, row.tx]);
      successors.set(after, row.tx);
    }
  }
}

/** Only these are banned, at nobody else's cost. */
export function expectBannedOnly(swarm: Swarm, guilty: readonly Id[]): void {
  const accused = [...swarm.rows('slashing'), ...swarm.rows('evidence')].map((row) => row.accused);
  for (const address of new Set(accused)) expect(guilty).toContain(address);
}

/** Every transaction of the clients ended, one way or the other. */
export function expectAllEnded(swarm: Swarm): { committed: number; timedOut: number } {
  const rows = swarm.rows('transactions').filter(({ part }) => part === 'client');
  const ofOutcome = (outcome: string) =>
    new Set(rows.filter((row) => row.outcome === outcome).map(({ tx }) => tx));
  const [submitted, committed, timedOut] = [
    ofOutcome('submitted'),
    ofOutcome('committed'),
    ofOutcome('timed-out'),
  ];
  expect(submitted.size).toBeGreaterThan(10);
  expect(committed.union(timedOut)).toEqual(submitted);
  return { committed: committed.size, timedOut: timedOut.size };
}

/**
 * All honest keepers of each token that the clients touched hold the same mapping of it. Identity
 * tokens, which are renewed for ever, are always somewhere on their way.
 */
export function expectAgreement(swarm: Swarm, honest = swarm.seated): void {
  const [first] = honest;
  const rows = swarm.rows('transactions').filter(({ part }) => part === 'client');
  const tokens = new Set(rows.flatMap(({ tokens: some }) => some));
  for (const token of tokens) {
    const near = first?.peer.membership.near(token, swarm.parameters.k) ?? [];
    const keepers = honest.filter(({ peer }) => near.includes(peer.identity.address));
    const told = keepers.map(({ peer }) => peer.chain.state.get(token)?.tx);
    expect([token, new Set(told).size]).toEqual([token, 1]);
  }
}
