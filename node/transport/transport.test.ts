import fc from 'fast-check';
import { expect, test } from 'vitest';
import { x25519PublicKey } from '../crypto/x25519.ts';
import type { Endpoint } from '../host.ts';
import { RecordChecker } from '../identity/checker.ts';
import { FUTURE_SKEW_MS } from '../identity/freshness.ts';
import { renewRecord } from '../identity/record.ts';
import { VirtualNetwork, endpointText, virtualEndpoint } from '../../test/support/network.ts';
import { DATAGRAM_BYTES, MAX_MESSAGE_BYTES } from './limits.ts';
import {
  NETWORK,
  POW,
  connectedPair,
  identity,
  learn,
  note,
  noteKind,
  pair,
  start,
} from '../../test/support/party.ts';
import { Transport } from './transport.ts';

test('a message queued before contact arrives after one handshake', () => {
  const { network, a, b } = pair(() => ({ delayMs: 150 }));
  expect(a.transport.send(b.transport.id, 'note', note(7))).toBe(true);
  network.run(1500);
  expect(b.heard).toEqual([`peer:${a.transport.id.slice(0, 4)}:07`]);
  expect([a.changes, b.changes]).toEqual([[true], [true]]);
});

test('20 % loss, duplicates and 300 ms of round trip only slow the handshake down', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { network, a, b } = pair(
      () => ({ delayMs: 150, lossProbability: 0.2, duplicate: 0.1 }),
      seed,
    );
    a.transport.connect(b.transport.id);
    b.transport.connect(a.transport.id);
    const done = network.runUntil(
      () => a.transport.connected(b.transport.id) && b.transport.connected(a.transport.id),
      15_000,
    );
    expect(done, `seed ${seed}`).toBe(true);
  }
});

test('connections outlive many rotations of the tickets, idle and on a lossy link', () => {
  const { network, a, b } = connectedPair(() => ({ delayMs: 40, lossProbability: 0.1 }));
  network.run(200_000);
  a.transport.send(b.transport.id, 'note', note(1));
  network.link = () => ({ delayMs: 1 });
  network.run(100);
  expect([...a.changes, ...b.changes]).toEqual([true, true]);
});

test('a client and an unknown peer are served, a stranger without work is not', () => {
  const network = new VirtualNetwork();
  const server = start(network, 0);
  const client = start(network, 1, { client: true });
  const stranger = start(network, 2);
  for (const party of [client, stranger]) {
    learn(party, 0);
    party.transport.send(server.transport.id, 'note', note(5));
  }
  const cheat = { ...identity(3), address: 'ab'.repeat(32) };
  const cheatEndpoint = virtualEndpoint(9);
  const cheatTransport = new Transport(
    {
      network: NETWORK,
      self: { kind: 'peer', identity: cheat },
      checker: new RecordChecker(NETWORK, POW, () => network.now),
      batchWindowMs: 5,
    },
    network.host(cheatEndpoint),
    { kind: noteKind, message: () => true },
  );
  network.attach(cheatEndpoint, (from, datagram) => cheatTransport.receive(from, datagram));
  const { address, record } = identity(0);
  cheatTransport.learn({ address, record, endpoint: server.endpoint });
  cheatTransport.send(address, 'note', note(6));
  network.run(1000);
  expect(server.heard.map((line) => line.replace(/:.*:/, ' ')).sort()).toEqual([
    'client 05',
    'peer 05',
  ]);
  expect(server.transport.dropped.get('identity that does not count')).toBeGreaterThan(0);
  server.transport.send(client.transport.id, 'note', note(8));
  network.run(100);
  expect(client.heard).toHaveLength(1);
});

test('messages up to the longest arrive whole, in datagrams of 1,400 bytes at most; longer are refused', () => {
  const { network, a, b } = connectedPair();
  let longest = 0;
  network.tap = (_from, _to, datagram) => {
    longest = Math.max(longest, datagram.length);
  };
  const lengths = [1, 1279, 1280, 1283, 1284, 1285, 1286, 5000, MAX_MESSAGE_BYTES];
  for (const length of lengths) {
    a.transport.send(b.transport.id, 'note', new Uint8Array(length).fill(length % 251));
  }
  expect(a.transport.send(b.transport.id, 'note', new Uint8Array(MAX_MESSAGE_BYTES + 1))).toBe(
    false,
  );
  network.run(100);
  expect(
    b.heard.map((line) => (line.split(':')[2] ?? '').length / 2).sort((x, y) => x - y),
  ).toEqual(lengths);
  expect(longest).toBeLessThanOrEqual(DATAGRAM_BYTES);
});

test('messages within the batch window share a datagram, and both are counted', () => {
  const { network, a, b } = connectedPair();
  network.rows.length = 0;
  for (let i = 0; i < 10; i += 1) a.transport.send(b.transport.id, 'note', note(i));
  network.run(1000);
  const rows = network.rows.map(({ row }) => row).filter((row) => row.table === 'messages');
  expect(rows).toContainEqual({
    table: 'messages',
    direction: 'out',
    type: 'note',
    count: 10,
    datagrams: 1,
    bytes: 10,
  });
  expect(rows).toContainEqual({
    table: 'messages',
    direction: 'in',
    type: 'note',
    count: 10,
    datagrams: 1,
    bytes: 10,
  });
  expect(rows.filter((row) => row.type === '(datagram)').map((row) => row.count)).toEqual([1, 1]);
});

test('a replayed datagram is not heard twice, and none with any bit flipped is heard', () => {
  const { network, a, b } = connectedPair();
  const sent: Uint8Array[] = [];
  network.tap = (from, _to, datagram) => {
    if (endpointText(from) === endpointText(a.endpoint)) sent.push(datagram);
  };
  a.transport.send(b.transport.id, 'note', note(3));
  network.link = () => ({ lossProbability: 1 });
  network.run(100);
  const [datagram = note(0)] = sent;
  for (let at = 0; at < datagram.length; at += 1) {
    const flipped = datagram.slice();
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
    b.transport.receive(a.endpoint, flipped);
  }
  expect(b.heard).toEqual([]);
  b.transport.receive(a.endpoint, datagram);
  b.transport.receive(a.endpoint, datagram);
  expect(b.heard).toHaveLength(1);
  expect(b.transport.dropped.get('replayed')).toBe(1);
});

test('a ticket of one address buys nothing at another, also when it was good a moment ago', () => {
  const { network, a, b } = connectedPair();
  a.transport.send(b.transport.id, 'note', note(2));
  network.run(100);
  const sent: Uint8Array[] = [];
  network.tap = (_from, _to, datagram) => sent.push(datagram);
  network.link = () => ({ lossProbability: 1 });
  a.transport.send(b.transport.id, 'note', note(3));
  network.run(100);
  b.transport.receive(virtualEndpoint(77), sent[0] ?? note(0));
  expect(b.heard).toHaveLength(1);
  expect(b.transport.dropped.get('data with a dead ticket')).toBe(1);
});

test('a restarted peer is heard again by those who kept talking to it', () => {
  const { network, a, b } = connectedPair(() => ({ delayMs: 40 }));
  b.host.kill();
  network.run(3000);
  const again = start(network, 1, { store: b.host.store });
  learn(again, 0);
  a.transport.send(again.transport.id, 'note', note(1));
  network.run(500);
  a.transport.send(again.transport.id, 'note', note(2));
  network.run(500);
  expect(again.heard.at(-1)).toMatch(/:02$/);
  again.transport.send(a.transport.id, 'note', note(4));
  network.run(500);
  expect(a.heard.at(-1)).toMatch(/:04$/);
});

test('who comes back under a renewed record is heard, and nobody under the older one any more', () => {
  const { network, a, b } = connectedPair();
  b.host.kill();
  const { record, identityKey } = identity(1);
  const transportPrivateKey = new Uint8Array(32).fill(7);
  const transportKey = x25519PublicKey(transportPrivateKey);
  const renewal = { nowMs: record.createdAtMs + 9, transportKey };
  const renewed = { ...identity(1), transportPrivateKey };
  const again = start(network, 1, {
    store: b.host.store,
    identity: { ...renewed, record: renewRecord(record, identityKey, renewal) },
  });
  learn(again, 0);
  again.transport.send(a.transport.id, 'note', note(4));
  network.run(500);
  expect(a.heard.at(-1)).toMatch(/:04$/);
  // Somebody still hands the older record on.
  learn(a, 1);
  a.transport.send(again.transport.id, 'note', note(2));
  network.run(500);
  expect(again.heard.at(-1)).toMatch(/:02$/);
  again.host.kill();
  const old = start(network, 1, { store: again.host.store });
  learn(old, 0);
  old.transport.send(a.transport.id, 'note', note(3));
  network.run(500);
  expect(a.heard.at(-1)).toMatch(/:04$/);
  expect(a.transport.dropped.get('introduction does not fit the sender')).toBeGreaterThan(0);
});

test('a record from the future is refused, whoever shows it', () => {
  const network = new VirtualNetwork({ startMs: 1_690_000_000_000 });
  const server = start(network, 0);
  const { record, identityKey } = identity(1);
  const ahead = renewRecord(record, identityKey, { nowMs: network.now + FUTURE_SKEW_MS + 1000 });
  const stranger = start(network, 1, { identity: { ...identity(1), record: ahead } });
  learn(stranger, 0);
  stranger.transport.send(server.transport.id, 'note', note(1));
  network.run(500);
  expect(server.heard).toEqual([]);
  expect(server.transport.dropped.get('identity from the future')).toBeGreaterThan(0);
});

test('all datagrams of an old epoch, replayed after a restart, change nothing', () => {
  const network = new VirtualNetwork();
  const recorded: { to: Endpoint; from: Endpoint; datagram: Uint8Array }[] = [];
  const [a, b] = [start(network, 0), start(network, 1)];
  learn(a, 1);
  learn(b, 0);
  network.tap = (from, to, datagram) => recorded.push({ from, to, datagram });
  // So many that the numbers of the last ones are above those of the next life.
  for (let sent = 0; sent < 20; sent += 1) {
    a.transport.send(b.transport.id, 'note', note(1));
    network.run(50);
  }
  a.host.kill();
  const again = start(network, 0, { store: a.host.store });
  learn(again, 1);
  again.transport.send(b.transport.id, 'note', note(2));
  network.run(1000);
  network.tap = undefined;
  expect(b.heard).toHaveLength(21);
  const old = recorded.filter(({ to }) => endpointText(to) === endpointText(b.endpoint));
  for (const { from, datagram } of old) b.transport.receive(from, datagram);
  network.run(1000);
  expect(b.heard).toHaveLength(21);
  again.transport.send(b.transport.id, 'note', note(3));
  b.transport.send(a.transport.id, 'note', note(4));
  network.run(1000);
  expect([b.heard.length, again.heard.length]).toEqual([22, 1]);
});

test('nothing recorded earlier makes a restarted peer believe in a session', () => {
  const network = new VirtualNetwork();
  const recorded: Uint8Array[] = [];
  const [a, b] = [start(network, 0), start(network, 1)];
  learn(a, 1);
  learn(b, 0);
  network.tap = (from, _to, datagram) => {
    if (endpointText(from) === endpointText(a.endpoint)) recorded.push(datagram);
  };
  a.transport.send(b.transport.id, 'note', note(1));
  network.run(1000);
  a.host.kill();
  b.host.kill();
  const again = start(network, 1, { store: b.host.store });
  learn(again, 0);
  for (const datagram of recorded) again.transport.receive(a.endpoint, datagram);
  network.run(1000);
  expect([again.heard, again.transport.connected(a.transport.id)]).toEqual([[], false]);
});

test('a ban ends the session in both directions and for good', () => {
  const { network, a, b } = connectedPair();
  b.transport.ban(a.transport.id);
  a.transport.send(b.transport.id, 'note', note(1));
  expect(b.transport.send(a.transport.id, 'note', note(2))).toBe(false);
  learn(b, 0);
  network.run(5000);
  expect([a.heard, b.heard, b.transport.connected(a.transport.id)]).toEqual([[], [], false]);
});

test('whoever has no ticket never gets more bytes than came in, and nothing fuzzed throws', () => {
  const { network, a, b } = connectedPair();
  const seen: Uint8Array[] = [];
  network.tap = (_from, _to, datagram) => seen.push(datagram);
  a.transport.send(b.transport.id, 'note', note(3));
  start(network, 2, { client: true });
  const client = start(network, 3, { client: true });
  learn(client, 1);
  client.transport.connect(b.transport.id);
  network.run(1000);
  const victim = virtualEndpoint(99);
  let out = 0;
  network.tap = (_from, to, datagram) => {
    if (endpointText(to) === endpointText(victim)) out += datagram.length;
  };
  const mutated = fc
    .record({
      base: fc.constantFrom(...seen),
      edits: fc.array(fc.tuple(fc.nat(1399), fc.nat(255)), { maxLength: 4 }),
      length: fc.nat(1500),
    })
    .map(({ base, edits, length }) => {
      const bytes = length < 700 ? base.slice() : base.slice(0, length % (base.length + 1));
      for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 1500 })), (datagram) => {
      out = 0;
      b.transport.receive(victim, datagram);
      expect(out).toBeLessThanOrEqual(datagram.length);
    }),
    { numRuns: 2000 },
  );
  network.run(5000);
});

test('a remote that never answers is given up, and what waited for it is counted', () => {
  const { network, a, b } = pair(() => ({ lossProbability: 1 }));
  for (let i = 0; i < 600; i += 1) a.transport.send(b.transport.id, 'note', note(1));
  expect(a.transport.dropped.get('outbox full')).toBe(88);
  network.run(60_000);
  const before = network.datagramsSent;
  network.run(60_000);
  expect(network.datagramsSent).toBe(before);
  expect(before).toBe(9);
  expect(a.transport.dropped.get('remote does not answer')).toBe(512);
});

test('a flood of keys from one address fills only its own share of the strangers', () => {
  const network = new VirtualNetwork();
  const server = start(network, 0);
  const flood = Array.from({ length: 80 }, () => {
    const host = network.host(virtualEndpoint(5));
    const self = { kind: 'client' as const, privateKey: host.random(32) };
    const checker = new RecordChecker(NETWORK, POW, () => host.now());
    const options = { network: NETWORK, self, checker, batchWindowMs: 5 };
    return new Transport(options, host, { kind: noteKind, message: () => true });
  });
  network.attach(virtualEndpoint(5), (from, datagram) => {
    for (const transport of flood) transport.receive(from, datagram);
  });
  const { address, record } = identity(0);
  for (const transport of flood) {
    transport.learn({ address, record, endpoint: server.endpoint });
    transport.connect(address);
  }
  network.run(3000);
  expect(flood.filter((transport) => transport.connected(address))).toHaveLength(64);
  const client = start(network, 6, { client: true });
  learn(client, 0);
  client.transport.connect(address);
  network.run(1000);
  expect(client.transport.connected(address)).toBe(true);
});
