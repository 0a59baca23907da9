import { expect, test } from 'vitest';
import type { Decisions } from '../../node/decisions.ts';
import type { Id } from '../../node/id.ts';
import type { Message } from '../../node/wire/messages.ts';
import { Asker } from '../support/asker.ts';
import { forged } from '../support/forger.ts';
import { expectAllEnded, expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { Swarm } from '../support/swarm.ts';

const QUERY = new Uint8Array(16).fill(7);

function network(forwardProbability: number, decisions: Record<number, Partial<Decisions>> = {}) {
  const swarm = new Swarm({
    peers: 9,
    clients: 2,
    seed: 51,
    parameters: { forwardProbability },
    decisions,
  });
  swarm.mesh();
  swarm.load();
  swarm.network.run(4000);
  return swarm;
}

function passedOn(swarm: Swarm): number {
  const rows = swarm.rows('messages').filter(({ type }) => type === 'forward');
  return rows.reduce((sum, { count }) => sum + count, 0);
}

/** A token that is held, and its keepers. */
function someToken(swarm: Swarm): { token: Id; tx: Id; keepers: readonly Id[] } {
  const { chain, membership } = swarm.at(0).peer;
  for (const row of swarm.rows('transactions')) {
    const [token] = row.tokens;
    const held = token === undefined ? undefined : chain.state.get(token);
    if (token === undefined || held === undefined || held.tx !== row.tx) continue;
    return { token, tx: row.tx, keepers: membership.near(token, swarm.parameters.k) };
  }
  throw new Error('nothing was committed');
}

function answers(asker: Asker, asked: Id, question: Message) {
  const before = asker.heard.length;
  asker.ask([asked], question);
  return asker.heard.slice(before);
}

test('with probability 0 nobody passes a question on', () => {
  const swarm = network(0);
  swarm.network.run(4000);
  expect(swarm.rows('statements').length).toBeGreaterThan(20);
  expect(passedOn(swarm)).toBe(0);
});

test('with probability 1 another answers, all is committed, and nobody is suspected', () => {
  const swarm = network(1);
  swarm.network.run(6000);
  swarm.unload();
  swarm.network.run(12_000);
  const { token, tx, keepers } = someToken(swarm);
  const asker = new Asker(swarm, 100);
  const [asked = ''] = keepers;
  answers(asker, asked, { type: 'ask-mapping', token, query: QUERY });
  for (const id of keepers.slice(0, 4)) {
    const told = answers(asker, id, { type: 'ask-mapping', token, query: QUERY });
    expect(told.length).toBe(1);
    const [first] = told;
    if (first?.message.type !== 'statement') throw new Error('no statement');
    expect(first.message.statement.peer).not.toBe(id);
    expect(keepers).toContain(first.message.statement.peer);
    const [copy, ...more] = answers(asker, id, { type: 'get-transaction', tx });
    expect(more).toEqual([]);
    if (copy?.message.type !== 'transaction') throw new Error('no transaction');
    // Whoever only brings it vouches for nothing.
    if (copy.from === id) expect(copy.message.commit).toBe('witnessed');
  }
  expect(passedOn(swarm)).toBeGreaterThan(100);
  expect(expectAllEnded(swarm).timedOut).toBe(0);
  expect(swarm.rows('flags')).toEqual([]);
  expect(swarm.rows('slashing')).toEqual([]);
  expectBannedOnly(swarm, []);
  expectSafe(swarm);
});

test('who is asked in its own name answers itself', () => {
  const swarm = network(1);
  const { token, keepers } = someToken(swarm);
  const asker = new Asker(swarm, 100);
  for (const id of keepers.slice(0, 3)) {
    const question = { type: 'ask-mapping', token, query: QUERY, direct: true } as const;
    const told = answers(asker, id, question).map(({ message }) => message);
    // Not only brought by it: signed by it.
    expect(told).toMatchObject([{ type: 'statement', statement: { peer: id } }]);
  }
});

test('a liar is found out where every question is passed on', () => {
  const liar: Partial<Decisions> = {};
  const swarm = network(1, { 2: liar });
  const { peer } = swarm.at(2);
  liar.answerMapping = (asker, _token, _query, honest) =>
    asker.kind === 'client' ? forged(peer, honest()) : honest();
  const { address } = peer.identity;
  const others = swarm.peers.filter((other) => other !== peer);
  const isBanned = () => others.every(({ membership }) => !membership.has(address));
  expect(swarm.network.runUntil(isBanned, 20_000)).toBe(true);
  expectBannedOnly(swarm, [address]);
});

test('two answers to one question, its own and that of whom it was passed to, are no offence', () => {
  const both: Partial<Decisions> = {};
  const swarm = network(0, { 2: both });
  const other = swarm.at(3).peer.identity.address;
  both.passOn = () => ({ answers: true, to: other });
  swarm.network.run(8000);
  const { token } = someToken(swarm);
  const asker = new Asker(swarm, 100);
  const { address } = swarm.at(2).peer.identity;
  const told = answers(asker, address, { type: 'ask-mapping', token, query: QUERY });
  const speakers = told.map(({ message }) =>
    message.type === 'statement' ? message.statement.peer : '',
  );
  expect(new Set(speakers)).toEqual(new Set([address, other]));
  // A client counts each speaker once, whoever else answers in its place.
  const heard = swarm.network.rows
    .filter(({ endpoint }) => !swarm.seated.some((one) => one.endpoint.ip === endpoint.ip))
    .flatMap(({ row }) => (row.table === 'statements' ? [`${row.speaker} ${row.sequence}`] : []));
  expect(heard.length).toBeGreaterThan(20);
  expect(new Set(heard).size).toBe(heard.length);
  expect(swarm.rows('flags')).toEqual([]);
  expectBannedOnly(swarm, []);
});

test('what is passed on to a peer is never passed on again, and few answers reach whom it names', () => {
  const swarm = network(1);
  const { token } = someToken(swarm);
  const [liar, victim] = [swarm.at(0).peer, new Asker(swarm, 101)];
  const others = swarm.peers.slice(1).map(({ identity }) => identity.address);
  victim.ask(others, { type: 'ask-mapping', token, query: QUERY, direct: true });
  swarm.unload();
  swarm.network.run(6000);
  const [before, heard] = [passedOn(swarm), victim.heard.length];
  expect(heard).toBe(others.length);
  for (let n = 0; n < 500; n += 1) {
    const query = new Uint8Array(16)
      .fill(8)
      .with(0, n & 255)
      .with(1, n >> 8);
    const question = { type: 'ask-mapping', token, query } as const;
    liar.send(others[n % 8] ?? '', { type: 'forward', origin: victim.id, question });
  }
  swarm.network.run(6000);
  // The 500 themselves, counted as sent and as heard; nobody asks anything else.
  expect(passedOn(swarm) - before).toBe(1000);
  const reached = victim.heard.length - heard;
  expect(reached).toBeGreaterThan(0);
  expect(reached).toBeLessThanOrEqual(20 * others.length);
});
