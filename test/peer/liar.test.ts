import { expect, test } from 'vitest';
import { hash } from '../../node/crypto/hash.ts';
import type { Decisions } from '../../node/decisions.ts';
import { idToBytes, ZERO_ID } from '../../node/id.ts';
import { headerHash } from '../../node/ledger/block.ts';
import type { BlockHeader } from '../../node/ledger/types.ts';
import { signStatement } from '../../node/minefield/statement.ts';
import type { Statement } from '../../node/minefield/types.ts';
import type { Peer } from '../../node/peer.ts';
import { Swarm } from '../support/swarm.ts';

const LIAR = 2;

/** The statement that a forked chain, one block above the true head, would make. */
function forged(peer: Peer, honest: Statement): Statement {
  const { answer } = honest;
  const head = peer.chain.head.header;
  if (answer === null) return honest;
  const state = peer.chain.state.clone();
  const stolen = { ...answer.mapping, owner: hash('key', idToBytes(answer.mapping.owner)) };
  const mapping = { ...stolen, tx: hash('attack', idToBytes(stolen.tx)) };
  state.set(mapping);
  const header: BlockHeader = {
    ...head,
    height: head.height + 1,
    previous: headerHash(head),
    entriesRoot: ZERO_ID,
    stateRoot: state.root,
    time: honest.time,
  };
  const path = state.path(mapping.token) ?? [];
  return signStatement(
    { ...honest, answer: { mapping, path, block: headerHash(header) }, recent: [], head: header },
    peer.chain.session.lamppost,
  );
}

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
