/** What must hold of every network, whatever was done to it: each throws an AssertionError if not. */
import assert from 'node:assert/strict';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { Chain } from '../../node/ledger/chain.ts';
import { NETWORK, type Seated, type Swarm } from './swarm.ts';

/** They take no mapping from anybody (node/voting/lock.ts). */
const BESIDE_OTHERS = new Set(['slash', 'lapse', 'synchronised']);

/** On one mapping of a token the honest peers never commit two different transactions. */
export function expectSafe(swarm: Swarm, honest: readonly Seated[] = swarm.seated): void {
  const ips = new Set(honest.map(({ endpoint }) => endpoint.ip));
  const successors = new Map<string, Id>();
  for (const { endpoint, row } of swarm.network.rows) {
    if (row.table !== 'transactions' || row.part === 'client') continue;
    if (row.outcome !== 'committed' || !ips.has(endpoint.ip)) continue;
    if (BESIDE_OTHERS.has(row.kind)) continue;
    for (const [index, token] of row.tokens.entries()) {
      // Witness tokens are nobody's: a round that need not pass may have served another transaction.
      if (row.previous[index] === ZERO_ID && row.owners[index] === ZERO_ID) continue;
      const after: string = `${token} after ${row.previous[index]}`;
      assert.equal(successors.get(after) ?? row.tx, row.tx, `two transactions of ${after}`);
      successors.set(after, row.tx);
    }
  }
}

/** Only these are banned, at nobody else's cost. */
export function expectBannedOnly(swarm: Swarm, guilty: readonly Id[]): void {
  const accused = [...swarm.rows('slashing'), ...swarm.rows('evidence')].map((row) => row.accused);
  const innocent = new Set(accused).difference(new Set(guilty));
  assert.deepEqual([...innocent], [], 'accused without guilt');
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
  assert(submitted.size > 10, `only ${submitted.size} transactions`);
  const open = submitted.difference(committed.union(timedOut));
  assert.deepEqual([...open], [], 'neither committed nor timed out');
  return { committed: committed.size, timedOut: timedOut.size };
}

/**
 * All honest keepers of each token that the clients touched hold the same mapping of it. Identity
 * tokens, which are renewed for ever, are always somewhere on their way.
 */
export function expectAgreement(swarm: Swarm, honest: readonly Seated[] = swarm.seated): void {
  const [first] = honest;
  const rows = swarm.rows('transactions').filter(({ part }) => part === 'client');
  const tokens = new Set(rows.flatMap(({ tokens: some }) => some));
  for (const token of tokens) {
    const near = first?.peer.membership.near(token, swarm.parameters.k) ?? [];
    const keepers = honest.filter(({ peer }) => near.includes(peer.identity.address));
    const told = keepers.map(({ peer }) => peer.chain.state.get(token)?.tx);
    assert(new Set(told).size === 1, `keepers of ${token} hold ${told.join(', ')}`);
  }
}

/** What each disk holds is one chain of this peer, as it checks it itself when it starts. */
export function expectChains(swarm: Swarm, honest: readonly Seated[] = swarm.seated): void {
  const { timeScale } = swarm.parameters;
  for (const { host, peer } of honest) {
    const options = { network: NETWORK, peer: peer.identity.address, timeScale };
    assert.equal(new Chain(options, host.store.copy()).headHash, peer.chain.headHash);
  }
}
