import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { Endpoint } from '../host.ts';
import { RecordChecker } from '../identity/checker.ts';
import { FUTURE_SKEW_MS } from '../identity/freshness.ts';
import { mint, type Identity } from '../identity/mint.ts';
import { renewRecord } from '../identity/record.ts';
import { x25519PublicKey } from '../crypto/x25519.ts';
import {
  MemoryStore,
  VirtualNetwork,
  endpointText,
  seededRandom,
  virtualEndpoint,
  type LinkFunction,
  type VirtualHost,
} from '../../test/support/network.ts';
import { cut } from './fragments.ts';
import { DATAGRAM_BYTES, MAX_MESSAGE_BYTES, MAX_RESENDABLE_BYTES } from './limits.ts';
import { Observers } from './observers.ts';
import { Resends } from './resends.ts';
import { type MessageKind, Transport } from './transport.ts';

const NETWORK = '5a'.repeat(32);
const POW = { memoryKiB: 64, passes: 1, bits: 2 };
const identities: Identity[] = [];

beforeAll(() => {
  const random = seededRandom(11);
  const bytes = (n: number): Uint8Array =>
    Uint8Array.from({ length: n }, () => Math.floor(random() * 256));
  for (let i = 0; i < 4; i += 1) {
    identities.push(mint(NETWORK, POW, { now: () => 1_690_000_000_000, random: bytes }));
  }
});

function identity(index: number): Identity {
  const found = identities[index];
  if (found === undefined) throw new Error(`only ${identities.length} identities`);
  return found;
}

/** Every message is a note, worth what its first byte says. */
const noteKind = ([first = 0]: Uint8Array): MessageKind => {
  const values = [0, 1, 2, 3, 4] as const;
  return { type: 'note', value: values[first] ?? 4 };
};

interface Party {
  readonly transport: Transport;
  readonly host: VirtualHost;
  readonly endpoint: Endpoint;
  readonly heard: string[];
  readonly changes: boolean[];
  readonly observed: (Endpoint | null)[];
}

function start(
  network: VirtualNetwork,
  index: number,
  options: { store?: MemoryStore; client?: boolean; identity?: Identity } = {},
): Party {
  const endpoint = virtualEndpoint(index);
  const host = network.host(endpoint, options.store === undefined ? {} : { store: options.store });
  const heard: string[] = [];
  const changes: boolean[] = [];
  const observed: (Endpoint | null)[] = [];
  const self = options.client
    ? { kind: 'client' as const, privateKey: host.random(32) }
    : { kind: 'peer' as const, identity: options.identity ?? identity(index) };
  const checker = new RecordChecker(NETWORK, POW, () => host.now());
  const transport = new Transport({ network: NETWORK, self, checker, batchWindowMs: 5 }, host, {
    kind: noteKind,
    message: (from, bytes) => {
      heard.push(`${from.kind}:${from.id.slice(0, 4)}:${bytes.toHex()}`);
      return true;
    },
    connectedChanged: (id) => changes.push(transport.connected(id)),
    observedChanged: (seenAt) => observed.push(seenAt),
  });
  network.attach(endpoint, (from, datagram) => transport.receive(from, datagram));
  return { transport, host, endpoint, heard, changes, observed };
}

function learn(party: Party, index: number): void {
  const { address, record } = identity(index);
  party.transport.learn({ address, record, endpoint: virtualEndpoint(index) });
}

/** Two members that know each other. */
function pair(link?: LinkFunction, seed = 1): { network: VirtualNetwork; a: Party; b: Party } {
  const network = new VirtualNetwork({ seed, ...(link === undefined ? {} : { link }) });
  const [a, b] = [start(network, 0), start(network, 1)];
  learn(a, 1);
  learn(b, 0);
  return { network, a, b };
}

function connectedPair(link?: LinkFunction): ReturnType<typeof pair> {
  const all = pair(link);
  all.a.transport.connect(all.b.transport.id);
  all.network.run(2000);
  expect(all.a.transport.connected(all.b.transport.id)).toBe(true);
  expect(all.b.transport.connected(all.a.transport.id)).toBe(true);
  return all;
}

const note = (value: number): Uint8Array => Uint8Array.of(value);

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

test('a ticket of one address buys nothing at another', () => {
  const { network, a, b } = connectedPair();
  const sent: Uint8Array[] = [];
  network.tap = (_from, _to, datagram) => sent.push(datagram);
  network.link = () => ({ lossProbability: 1 });
  a.transport.send(b.transport.id, 'note', note(3));
  network.run(100);
  b.transport.receive(virtualEndpoint(77), sent[0] ?? note(0));
  expect(b.heard).toEqual([]);
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
  a.transport.send(b.transport.id, 'note', note(1));
  network.run(1000);
  a.host.kill();
  const again = start(network, 0, { store: a.host.store });
  learn(again, 1);
  again.transport.send(b.transport.id, 'note', note(2));
  network.run(1000);
  network.tap = undefined;
  expect(b.heard).toHaveLength(2);
  const old = recorded.filter(({ to }) => endpointText(to) === endpointText(b.endpoint));
  for (const { from, datagram } of old) b.transport.receive(from, datagram);
  network.run(1000);
  expect(b.heard).toHaveLength(2);
  again.transport.send(b.transport.id, 'note', note(3));
  b.transport.send(a.transport.id, 'note', note(4));
  network.run(1000);
  expect([b.heard.length, again.heard.length]).toEqual([3, 1]);
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

test('a peer behind NAT is told where it is seen, by most of several, and again after it moved', () => {
  const network = new VirtualNetwork();
  const home = start(network, 0);
  const nat = network.putBehindNat(home.endpoint, '198.51.100.7');
  const others = [1, 2, 3].map((index) => start(network, index));
  for (const [at, other] of others.entries()) {
    learn(home, at + 1);
    learn(other, 0);
    home.transport.connect(other.transport.id);
    network.run(1000);
    expect(home.transport.observed).toEqual(at < 2 ? null : nat.outside());
  }
  nat.rebind();
  for (const other of others) home.transport.send(other.transport.id, 'note', note(1));
  network.run(2000);
  expect(home.transport.observed).toEqual(nat.outside());
  expect(home.observed.map((endpoint) => endpoint?.port)).toEqual([20_001, 20_002]);
  // And they reach it there: once it has moved, what was lost was only the first datagram.
  for (const other of others) other.transport.send(home.transport.id, 'note', note(2));
  network.run(1000);
  expect(home.heard.filter((line) => line.endsWith(':02'))).toHaveLength(3);
});

test('no remote alone, nor the banned, decide where a peer is seen', () => {
  const observers = new Observers();
  const [truth, lie] = [virtualEndpoint(1), virtualEndpoint(66)];
  for (let i = 0; i < 50; i += 1) observers.hear('liar', lie);
  expect(observers.agreed).toBeNull();
  observers.hear('a', truth);
  expect(observers.hear('b', truth)).toBe(true);
  expect(observers.agreed).toEqual(truth);
  observers.hear('second liar', lie);
  expect(observers.agreed).toBeNull();
  expect(observers.forget('liar')).toBe(true);
  expect(observers.agreed).toEqual(truth);
  for (let i = 0; i < 100; i += 1) observers.hear(`peer ${i}`, virtualEndpoint(2));
  expect(observers.agreed).toEqual(virtualEndpoint(2));
});

test('long messages arrive though a tenth of all datagrams is lost, each once', () => {
  const { network, a, b } = connectedPair();
  network.link = () => ({ delayMs: 40, lossProbability: 0.1, duplicate: 0.05 });
  const bytes = new Uint8Array(MAX_MESSAGE_BYTES);
  for (let i = 0; i < 100; i += 1) {
    a.transport.send(b.transport.id, 'note', bytes.fill(i));
    network.run(1000);
  }
  expect(b.heard).toHaveLength(100);
  expect(new Set(b.heard).size).toBe(100);
});

test('whoever asks for fragments again and again gets a bounded number of them', () => {
  const resends = new Resends();
  const bodies = cut(1, new Uint8Array(MAX_MESSAGE_BYTES));
  resends.keep('a', 1, bodies);
  let got = 0;
  for (let i = 0; i < 100; i += 1) got += resends.take('a', [{ id: 1, mask: 255 }]).length;
  expect(got).toBe(24);
  expect(resends.take('b', [{ id: 1, mask: 255 }])).toEqual([]);
  for (let i = 0; i < 2000; i += 1) resends.keep(`remote ${i}`, i, bodies);
  expect(resends.bytes).toBeLessThanOrEqual(MAX_RESENDABLE_BYTES);
});

test('an outbox that is full sheds the least valuable, the oldest of them', () => {
  const { network, a, b } = pair();
  for (let i = 0; i < 300; i += 1) a.transport.send(b.transport.id, 'note', note(0));
  for (let i = 0; i < 300; i += 1) a.transport.send(b.transport.id, 'note', note(4));
  for (let i = 0; i < 30; i += 1) a.transport.send(b.transport.id, 'note', note(2));
  network.run(3000);
  const heard = b.heard.map((line) => line.slice(-2));
  const count = (value: string): number => heard.filter((one) => one === value).length;
  expect([count('00'), count('02'), count('04')]).toEqual([182, 30, 300]);
  const shed = network.rows.filter(
    ({ row }) => row.table === 'messages' && row.direction === 'shed-out',
  );
  expect(shed.map(({ row }) => row)).toEqual([
    {
      table: 'messages',
      direction: 'shed-out',
      type: 'note',
      count: 118,
      datagrams: 0,
      bytes: 118,
    },
  ]);
});
