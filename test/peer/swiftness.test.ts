import { expect, test } from 'vitest';
import { create } from '../../attacks/colluding-liars/index.ts';
import { genesisTransaction } from '../../node/peer/genesis.ts';
import { conspiracy } from '../support/conspiracy.ts';
import { NETWORK } from '../support/swarm.ts';

/** PROTOCOL.md 7 wants it as soon as two faces can meet: a few round trips and a round or two. */
const SOON_MS = 2500;

/** From the first lie that a victim heard of each liar to the first package against it. */
function detectionTimes(seed: number): number[] {
  const { swarm, members, order } = conspiracy({ peers: 12, clients: 3, seed }, create, 3);
  swarm.mesh();
  swarm.load({ queryRatePerSecond: 8 });
  swarm.network.run(3000);
  order('start', { victims: 2, tokens: 20, accomplices: 1 });
  swarm.network.run(5000);
  const { rows } = swarm.network;
  const truths = new Set(swarm.rows('transactions').map(({ tx }) => tx));
  truths.add(genesisTransaction(NETWORK)).add('');
  return members.flatMap((liar) => {
    const lies = rows.flatMap(({ row }) =>
      row.table === 'statements' && row.speaker === liar && !truths.has(row.tx)
        ? [row.receivedAt]
        : [],
    );
    const found = rows.find(({ row }) => row.table === 'evidence' && row.accused === liar);
    return lies.length === 0 || found === undefined ? [] : [found.at - Math.min(...lies)];
  });
}

test('a lie that meets the truth is evidence within seconds', () => {
  const times = detectionTimes(51).sort((a, b) => a - b);
  expect(times.length).toBeGreaterThan(1);
  expect(times[times.length >> 1]).toBeLessThan(SOON_MS);
});
