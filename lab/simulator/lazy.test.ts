import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client } from '../../node/client/client.ts';
import { type LinkClass, UNSHAPED } from '../../node/control.ts';
import { useCryptography } from '../../node/crypto/cryptography.ts';
import { hash } from '../../node/crypto/hash.ts';
import type { Id } from '../../node/id.ts';
import { DEFAULT_PARAMETERS, type ProtocolParameters } from '../../node/parameters.ts';
import { SimHost } from './host.ts';
import { LazyMembers } from './lazy.ts';
import { SimNetwork } from './links.ts';
import { Streams } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { Trace } from './trace.ts';

const networkId = hash('network', new TextEncoder().encode('lazy'));
const parameters: ProtocolParameters = {
  ...DEFAULT_PARAMETERS,
  pow: { memoryKiB: 8, passes: 1, bits: 1 },
  timeScale: 1,
};
const classes: readonly LinkClass[] = [
  { ...UNSHAPED, delayMs: 30, region: 'lazy', subnet: '0.0.0.0/0', cut: false },
];

beforeAll(() => useCryptography('ideal'));
afterAll(() => useCryptography('real'));

/** One client and its load, for so long, in a network of `members` of which everybody sleeps. */
function play(members: number, forMs: number) {
  const scheduler = new Scheduler();
  const streams = new Streams(5);
  const trace = new Trace();
  const network: SimNetwork = new SimNetwork({
    scheduler,
    streams,
    onStranger: (to) => void lazy.reached(to),
  });
  const parts = { scheduler, streams, networkId, parameters, members, classes, trace };
  const lazy = new LazyMembers({ ...parts, report: () => {} }, () => network);
  const endpoint = { ip: '172.16.0.1', port: 4000 };
  const random = streams.stream('client');
  network.setClasses(endpoint, 'lazy', classes);
  const outcomes: string[] = [];
  const tokens = new Set<Id>();
  const host = new SimHost({
    scheduler,
    random,
    endpoint,
    network,
    trace,
    report: (row) => {
      if (row.table !== 'transactions') return;
      outcomes.push(row.outcome);
      for (const token of row.tokens) tokens.add(token);
    },
  });
  const privateKey = random.bytes(32);
  const client = new Client({ network: networkId, parameters, privateKey, endpoint }, host);
  host.listen((from, datagram) => client.receive(from, datagram));
  host.order('start', () => {
    client.start();
    client.join(lazy.genesis);
  });
  scheduler.runUntil(scheduler.now + 500);
  const meshedAwake = lazy.awake.size;
  client.load({
    transactionsPerSecond: 4,
    queryRatePerSecond: 0,
    tokensPerTransaction: { '1': 0.7, '2': 0.3 },
    transferShare: 0.5,
    destroyShare: 0.05,
    highValueShare: 0,
    popularityZipf: 0.9,
    askPeers: 3,
    seed: 'lazy',
  });
  scheduler.runUntil(scheduler.now + forMs);
  client.load(null);
  scheduler.runUntil(scheduler.now + 4000);
  trace.end();
  return {
    lazy,
    outcomes,
    tokens,
    meshedAwake,
    isMeshed: client.health().meshed,
    hash: trace.hash,
  };
}

test('a network that sleeps commits what it is asked to, and only those awake whom it concerns', () => {
  const { lazy, outcomes, tokens, meshedAwake, isMeshed } = play(600, 2500);
  expect(isMeshed).toBe(true);
  // The client's own connections.
  expect(meshedAwake).toBe(64);
  const submitted = outcomes.filter((outcome) => outcome === 'submitted').length;
  expect(submitted).toBeGreaterThan(4);
  expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(submitted);
  expect(lazy.awake.size).toBeLessThan(64 + submitted * 2.5 * 2 * parameters.k);
  expect(lazy.awake.size).toBeLessThan(500);
  const byAddress = new Map([...lazy.awake.values()].map((peer) => [peer.identity.address, peer]));
  const [any] = byAddress.values();
  for (const token of tokens) {
    const keepers = any?.membership.near(token, parameters.k) ?? [];
    const held = keepers.map((id) => byAddress.get(id)?.chain.state.get(token)?.tx);
    expect(held).not.toContain(undefined);
    expect(new Set(held).size).toBe(1);
  }
});

test('whoever sleeps and is woken, the same seed plays the same run', () => {
  expect(play(200, 500).hash).toBe(play(200, 500).hash);
});
