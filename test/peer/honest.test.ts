import { expect, test } from 'vitest';
import type { Id } from '../../node/id.ts';
import type { Row } from '../../node/telemetry.ts';
import { Swarm } from '../support/swarm.ts';

/** Every token is kept by all eight of its neighbours, so each of them commits each transaction. */
function expectAllCommitted(swarm: Swarm): void {
  const rows = swarm.rows('transactions');
  const submitted = rows.filter(({ outcome }) => outcome === 'submitted');
  expect(submitted.length).toBeGreaterThan(20);
  const byClient = rows.filter(({ part, outcome }) => part === 'client' && outcome === 'committed');
  expect(byClient.length).toBe(submitted.length);
  for (const { tx, tokens } of submitted) {
    for (const token of tokens) {
      const keepers = swarm.peers[0]?.membership.nearest(token, swarm.parameters.k) ?? [];
      // A peer that was killed before its round may have to commit again: peers count, not rows.
      const at = swarm.network.rows.filter(({ row }) => isCommitOf(row, tx, token));
      const ips = new Set(at.map(({ endpoint }) => endpoint.ip));
      // More than these where the transaction asked for more neighbours.
      for (const keeper of keepers) expect(ips).toContain(keeper.endpoint.ip);
    }
  }
}

function isCommitOf(row: Row, tx: Id, token: Id): boolean {
  if (row.table !== 'transactions' || row.part !== 'neighbour') return false;
  return row.outcome === 'committed' && row.tx === tx && row.kept.includes(token);
}

function expectNobodyAccused(swarm: Swarm): void {
  expect(swarm.rows('evidence')).toEqual([]);
  expect(swarm.rows('slashing')).toEqual([]);
  expect(swarm.peers.map((peer) => peer.health().banned)).toEqual(swarm.peers.map(() => 0));
}

test('honest peers commit everything under loss, and nobody is accused', () => {
  const swarm = new Swarm({ peers: 9, clients: 2, lossProbability: 0.05 });
  swarm.mesh();
  swarm.load();
  swarm.network.run(15_000);
  swarm.unload();
  swarm.network.run(15_000);
  expectAllCommitted(swarm);
  expectNobodyAccused(swarm);
});

test('a peer that was killed comes back, catches up and convicts nobody, nor is convicted', () => {
  const swarm = new Swarm({ peers: 9, clients: 2, seed: 3 });
  swarm.mesh();
  swarm.load();
  swarm.network.run(6000);
  const before = swarm.at(4).peer.chain.height;
  swarm.restart(4, 3000);
  swarm.network.run(6000);
  swarm.unload();
  swarm.network.run(20_000);
  const { peer } = swarm.at(4);
  expect(peer.chain.session.epoch).toBe(2);
  expect(peer.chain.height).toBeGreaterThan(before);
  expectAllCommitted(swarm);
  expectNobodyAccused(swarm);
});
