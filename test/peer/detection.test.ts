import { expect, test } from 'vitest';
import { FalseFace } from '../../attacks/kit/false-face.ts';
import { create } from '../../attacks/colluding-liars/index.ts';
import type { Decisions } from '../../node/decisions.ts';
import type { Id } from '../../node/id.ts';
import { conspiracy } from '../support/conspiracy.ts';
import { expectBannedOnly } from '../support/invariants.ts';
import { Swarm } from '../support/swarm.ts';

/** Who was flagged, by layer. */
function flagged(swarm: Swarm): ReadonlyMap<string, ReadonlySet<Id>> {
  const layers = new Map<string, Set<Id>>();
  for (const { layer, accused } of swarm.rows('flags')) {
    layers.set(layer, (layers.get(layer) ?? new Set()).add(accused));
  }
  return layers;
}

function cost(swarm: Swarm, layer: string) {
  const sum = { checks: 0, flagged: 0, messages: 0, bytes: 0, signatures: 0 };
  for (const row of swarm.rows('detectors').filter((one) => one.layer === layer)) {
    sum.checks += row.checks;
    sum.flagged += row.flagged;
    sum.messages += row.messages;
    sum.bytes += row.bytes;
    sum.signatures += row.signatures;
  }
  return sum;
}

/**
 * Ten peers of which some tell everyone the same false owners, each from one chain of its own,
 * and show no block: that breaks no rule, so that nobody can be convicted of it.
 */
function sameLieToAll(liars: readonly number[], parameters = {}) {
  const minds = liars.map((): Partial<Decisions> => ({}));
  const decisions = Object.fromEntries(liars.map((liar, index) => [liar, minds[index] ?? {}]));
  const swarm = new Swarm({
    peers: 10,
    clients: 1,
    seed: 31,
    decisions,
    parameters: { k: 6, ...parameters },
  });
  swarm.mesh();
  swarm.load({ queryRatePerSecond: 1 });
  swarm.network.run(4000);
  const since = swarm.network.now;
  /** Times at which peers asked a liar for a mapping. */
  const asked: number[] = [];
  for (const [index, mind] of minds.entries()) {
    const face = new FalseFace(swarm.at(liars[index] ?? 0).peer);
    mind.serveBlock = () => null;
    mind.answerMapping = ({ kind }, token, _query, honest) => {
      if (kind === 'peer') asked.push(swarm.network.now - since);
      return face.speak(honest(), [token]);
    };
  }
  const guilty = new Set(liars.map((liar) => swarm.at(liar).peer.identity.address));
  return { swarm, guilty, asked };
}

test('a false owner that is told to all proves nothing, and every layer flags who told it', () => {
  const { swarm, guilty } = sameLieToAll([2]);
  swarm.network.run(30_000);
  const layers = flagged(swarm);
  for (const layer of ['commitment', 'cross-check', 'reputation', 'trust']) {
    expect([layer, layers.get(layer)]).toEqual([layer, guilty]);
    expect(cost(swarm, layer).checks).toBeGreaterThan(0);
  }
  expect(swarm.rows('slashing')).toEqual([]);
  expect(cost(swarm, 'cross-check').messages).toBeGreaterThan(100);
});

test('liars that agree with each other are found to be a cluster of their own', () => {
  const { swarm, guilty } = sameLieToAll([2, 5]);
  swarm.network.run(30_000);
  const isolated = swarm.rows('flags').filter(({ layer }) => layer === 'trust');
  expect(new Set(isolated.map(({ accused }) => accused))).toEqual(guilty);
  expect(isolated.map(({ reason }) => reason)).toContain('agrees with others than its neighbours');
  for (const ids of flagged(swarm).values()) expect(ids.isSubsetOf(guilty)).toBe(true);
});

test('crossCheckRate 0 asks nobody else, and what the own view says still counts', () => {
  const { swarm, guilty } = sameLieToAll([2], { crossCheckRate: 0 });
  swarm.network.run(12_000);
  expect(cost(swarm, 'cross-check').messages).toBe(0);
  expect(flagged(swarm).get('cross-check')).toEqual(guilty);
});

test('colluding liars, who tell only their victims, are flagged once these compare', () => {
  const options = { peers: 12, clients: 3, lossProbability: 0.02, seed: 21 };
  const { swarm, members, order } = conspiracy(options, create, 2);
  swarm.mesh();
  swarm.load({ transactionsPerSecond: 0.8 });
  swarm.network.run(4000);
  order('start', { victims: 3, tokens: 20, accomplices: 1 });
  swarm.network.run(18_000);
  const layers = flagged(swarm);
  for (const ids of layers.values()) expect(ids.isSubsetOf(new Set(members))).toBe(true);
  expect(layers.get('cross-check')).toEqual(new Set(members));
  expectBannedOnly(swarm, members);
});

test('honest peers under loss, skew and restarts are flagged by no layer', () => {
  const swarm = new Swarm({
    peers: 10,
    clients: 2,
    seed: 6,
    lossProbability: 0.05,
    skewMs: (index) => ((index % 5) - 2) * 1000,
  });
  swarm.mesh();
  swarm.load();
  swarm.network.run(4000);
  swarm.restart(3, 6000);
  swarm.network.run(18_000);
  expect(swarm.rows('flags')).toEqual([]);
  // They did look: several statements a second were held against something.
  expect(cost(swarm, 'cross-check').checks).toBeGreaterThan(100);
  expect(cost(swarm, 'commitment').signatures).toBeGreaterThan(10);
  // A twentieth of the answers costs a question and an answer more.
  const { checks, messages } = cost(swarm, 'cross-check');
  expect(messages).toBeLessThan(0.3 * checks);
});

test('two halves that heard nothing of each other for a while flag nobody afterwards', () => {
  const swarm = new Swarm({ peers: 10, clients: 1, seed: 5 });
  swarm.mesh();
  swarm.load();
  swarm.network.run(4000);
  const whole = swarm.network.link;
  const side = (ip: string) => Number(ip.split('.')[3]) % 2;
  swarm.network.link = (from, to) =>
    side(from.ip) === side(to.ip) ? whole(from, to) : { lossProbability: 1 };
  swarm.network.run(8000);
  swarm.network.link = whole;
  swarm.network.run(18_000);
  expect(swarm.rows('flags')).toEqual([]);
});
