/** Everything stops at once while transactions are on their way, as when a data centre loses power. */
import { expect, test } from 'vitest';
import type { Transaction } from '../../node/ledger/types.ts';
import { expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { seededRandom, virtualEndpoint } from '../support/network.ts';
import { Spender } from '../support/spender.ts';
import { Swarm } from '../support/swarm.ts';

const K = 6;
/** Longer than a transaction may be under vote, and rounds of upkeep. */
const SETTLE_MS = 45_000;

/** How many of its keepers hold each of its tokens as it says; `keepers` of each. */
function held(swarm: Swarm, { id, body }: Transaction): { hold: number; keepers: number }[] {
  return body.changes.map(({ token }) => {
    const near = swarm.at(0).peer.membership.near(token, K);
    const keepers = swarm.peers.filter(({ identity }) => near.includes(identity.address));
    const hold = keepers.filter(({ chain }) => chain.state.get(token)?.tx === id).length;
    return { hold, keepers: keepers.length };
  });
}

function committed(swarm: Swarm, tx: string): number {
  return swarm.rows('transactions').filter((row) => row.tx === tx && row.outcome === 'committed')
    .length;
}

/** Of the spender: what it has sent is not sent again. */
const SPENDER_IP = virtualEndpoint(200).ip;

/** A network in which nothing happens at one time for all, and a transfer of six tokens in it. */
function transferring(seed: number): { swarm: Swarm; transfer: Transaction } {
  const random = seededRandom(seed);
  const swarm = new Swarm({ peers: 9, clients: 0, seed, parameters: { k: K } });
  swarm.mesh();
  const spender = new Spender(swarm);
  const [created] = spender.create(1, 6);
  if (created === undefined) throw new Error('nothing was created');
  for (const { host } of swarm.seated) host.pause(Math.floor(random() * 1000));
  swarm.network.run(2000);
  swarm.network.link = () => ({ delayMs: 1 + random() * 150, lossProbability: 0.1 });
  const transfer = spender.rivals(created)[0];
  spender.submit(spender.everybody, transfer);
  return { swarm, transfer };
}

test.each([0, 1, 5, 12, 13, 17])(
  'all killed while a transfer is on its way: what one has committed, all hold in the end (seed %i)',
  (seed) => {
    const { swarm, transfer } = transferring(seed);
    while (committed(swarm, transfer.id) <= seed % 6) swarm.network.run(1);
    swarm.network.run((seed % 4) * 100);
    const { link } = swarm.network;
    swarm.network.link = (from, to) =>
      from.ip === SPENDER_IP ? { lossProbability: 1 } : link(from, to);
    swarm.restartAll(1000);
    const isHeld = () => held(swarm, transfer).every(({ hold, keepers }) => hold === keepers);
    swarm.network.runUntil(isHeld, SETTLE_MS);
    const holding = held(swarm, transfer);
    expect(holding).toEqual(holding.map(({ keepers }) => ({ hold: keepers, keepers })));
    expectSafe(swarm);
    expectBannedOnly(swarm, []);
  },
);
