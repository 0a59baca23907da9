/** `conflictRule: paper` beside `chain`: it finds liars by vote, and convicts honest peers. */
import { expect, test } from 'vitest';
import { create } from '../../attacks/colluding-liars/index.ts';
import type { ClientLoad } from '../../node/control.ts';
import type { Endpoint } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import { conspiracy } from '../support/conspiracy.ts';
import { Swarm } from '../support/swarm.ts';

/** A paper day is 3 s, so that a test spans it; δ then is its floor, 500 ms. */
const FAST = { timeScale: 28_800, k: 6 } as const;

/** How many honest peers somebody can convict, under either rule. */
function convicted(load: Partial<ClientLoad>, happen: (swarm: Swarm) => void): [number, number] {
  const [chain = 0, paper = 0] = (['chain', 'paper'] as const).map((conflictRule) => {
    const parameters = { ...FAST, conflictRule };
    const swarm = new Swarm({ peers: 7, clients: 2, seed: 61, delayMs: 20, parameters });
    swarm.mesh();
    swarm.load({ queryRatePerSecond: 8, askPeers: 6, destroyShare: 0, popularityZipf: 2, ...load });
    swarm.network.run(3000);
    happen(swarm);
    swarm.network.run(5000);
    return new Set(swarm.rows('evidence').map(({ accused }) => accused)).size;
  });
  return [chain, paper];
}

test('tokens that move between two answers convict honest peers by paper, not by chain', () => {
  const [chain, paper] = convicted(
    { transactionsPerSecond: 4, queryRatePerSecond: 30, transferShare: 0.95 },
    () => {},
  );
  expect(chain).toBe(0);
  expect(paper).toBeGreaterThan(3);
});

test('a disk that was put back convicts its honest owner by paper, not by chain', () => {
  const figures = convicted({ transactionsPerSecond: 2, transferShare: 0 }, (swarm) => {
    const snapshot = swarm.snapshot(2);
    swarm.network.run(3000);
    swarm.restore(2, snapshot, 300);
  });
  expect(figures).toEqual([0, 1]);
});

test('a clock that was set back convicts nobody: times are clamped, so nothing spans a day', () => {
  const figures = convicted({ transactionsPerSecond: 1, transferShare: 0.8 }, (swarm) =>
    swarm.restart(2, 300, { skewMs: -20_000 }),
  );
  expect(figures).toEqual([0, 0]);
});

/** Twelve peers, one of which lies from the fourth second on, under the rule paper. */
function paperLiar(): { swarm: Swarm; liar: Id } {
  const { swarm, members, order } = conspiracy(
    { peers: 12, clients: 2, seed: 62, parameters: { ...FAST, conflictRule: 'paper' } },
    create,
    1,
  );
  swarm.mesh();
  swarm.load({ transactionsPerSecond: 0.3, queryRatePerSecond: 20, transferShare: 0.1 });
  swarm.network.run(4000);
  order('start', { victims: 2, tokens: 20, accomplices: 1 });
  return { swarm, liar: members[0] ?? '' };
}

test('under paper a liar is banned when the vote has passed, not before, by clients as well', () => {
  const { swarm, liar } = paperLiar();
  swarm.network.run(16_000);
  const steps = swarm.network.rows.flatMap(({ row, at }) =>
    row.table === 'slashing' && row.accused === liar ? [{ ...row, at }] : [],
  );
  const timesOf = (wanted: string) =>
    steps.filter(({ event }) => event === wanted).map(({ at }) => at);
  const executed = timesOf('executed');
  const bans = timesOf('banned');
  expect(executed.length).toBeGreaterThan(0);
  expect(Math.min(...bans)).toBeGreaterThanOrEqual(Math.min(...executed));
  expect(bans.length).toBeGreaterThanOrEqual(12);
  for (const client of swarm.clients) expect(client.health().banned).toBe(1);
});

test('under paper a peer that restarts with a package goes on waiting for the vote', () => {
  const { swarm, liar } = paperLiar();
  const verifiedBy = () =>
    swarm.network.rows.find(
      ({ row, endpoint }) =>
        row.table === 'evidence' &&
        row.accused === liar &&
        row.event === 'verified' &&
        swarm.seated.slice(0, -1).some((one) => one.endpoint === endpoint),
    )?.endpoint;
  expect(swarm.network.runUntil(() => verifiedBy() !== undefined, 16_000)).toBe(true);
  const index = swarm.seated.findIndex(({ endpoint }) => endpoint === verifiedBy());
  const whole = swarm.network.link;
  const lone = swarm.at(index);
  const isLone = ({ ip }: Endpoint) => ip === lone.endpoint.ip;
  swarm.network.link = (from, to) =>
    isLone(from) || isLone(to) ? { lossProbability: 1 } : whole(from, to);
  swarm.network.run(8000);
  expect(lone.peer.health().banned).toBe(0);
  swarm.restart(index, 300);
  swarm.network.link = whole;
  swarm.network.run(12_000);
  expect(swarm.at(index).peer.health().banned).toBe(1);
});
