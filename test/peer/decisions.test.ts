/** What an adversary may leave unheard, unsaid, or say otherwise: seen by whole peers around it. */
import { expect, test } from 'vitest';
import type { Decisions } from '../../node/decisions.ts';
import { expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { Swarm } from '../support/swarm.ts';

const BENT = 2;

/** Four seconds of load with one peer that decides so. */
function played(mind: Partial<Decisions>): { readonly swarm: Swarm; readonly bent: string } {
  const swarm = new Swarm({ peers: 7, clients: 2, seed: 5, decisions: { [BENT]: mind } });
  swarm.mesh();
  swarm.load({ queryRatePerSecond: 10 });
  swarm.network.run(4000);
  return { swarm, bent: swarm.at(BENT).peer.identity.address };
}

const spoken = (swarm: Swarm, speaker: string): number =>
  swarm.rows('statements').filter((row) => row.speaker === speaker).length;
const committed = (swarm: Swarm): number =>
  swarm.rows('transactions').filter((row) => row.outcome === 'committed').length;

test('questions that it does not heed it does not answer, and the rest it goes on with', () => {
  const honest = played({});
  expect(spoken(honest.swarm, honest.bent)).toBeGreaterThan(10);
  const deaf = played({ heed: (_from, message) => message.type !== 'ask-mapping' });
  expect(spoken(deaf.swarm, deaf.bent)).toBe(0);
  expect(deaf.swarm.at(BENT).peer.chain.height).toBeGreaterThan(0);
  expectBannedOnly(deaf.swarm, []);
});

test('what it does not utter nobody hears: a network that needs its votes stands still', () => {
  // Seven of seven keep every token, and five must say valid: with three that are mute four are left.
  const mute: Partial<Decisions> = {};
  const swarm = new Swarm({
    peers: 7,
    clients: 2,
    seed: 5,
    parameters: { k: 7 },
    decisions: { 0: mute, 1: mute, 2: mute },
  });
  swarm.mesh();
  mute.utter = () => null;
  swarm.load();
  swarm.network.run(4000);
  const honest = new Set(swarm.seated.slice(3).map(({ endpoint }) => endpoint.ip));
  const passed = swarm.network.rows.filter(
    ({ row, endpoint }) =>
      row.table === 'transactions' && row.outcome === 'committed' && honest.has(endpoint.ip),
  );
  expect(passed).toEqual([]);
  expectSafe(swarm);
});

test('what it utters in place of a message is what others hear', () => {
  const { swarm, bent } = played({
    utter: (_to, message) =>
      message.type === 'statement' ? { type: 'ask-votes', tx: '0'.repeat(64) } : message,
  });
  expect(spoken(swarm, bent)).toBe(0);
  expect(committed(swarm)).toBeGreaterThan(10);
  const asked = swarm
    .rows('messages')
    .filter((row) => row.type === 'ask-votes' && row.direction === 'out');
  expect(asked.length).toBeGreaterThan(0);
  expectBannedOnly(swarm, []);
});
