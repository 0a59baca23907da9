/** What strangers can make a transport do: never more bytes than they send, never more work than budgeted. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualNetwork, endpointText, virtualEndpoint } from '../../test/support/network.ts';
import { BoxKey } from '../crypto/box.ts';
import type { Endpoint } from '../host.ts';
import { idToBytes } from '../id.ts';
import { RecordChecker, WORK_PER_SECOND } from '../identity/checker.ts';
import { deriveAddress } from '../identity/record.ts';
import { networkTag, writeHeader } from './datagram.ts';
import {
  CHALLENGES_PER_TICK,
  HEADER_BYTES,
  HELLOS_PER_TICK,
  MAX_STRANGERS,
  MAX_STRANGERS_PER_IP,
  STRANGER_KEYS_PER_TICK,
  TICKET_BYTES,
  TICK_MS,
} from './limits.ts';
import { LinkTable } from './link-table.ts';
import { Link } from './link.ts';
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

interface Recorded {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly datagram: Uint8Array;
}

function record(network: VirtualNetwork): Recorded[] {
  const recorded: Recorded[] = [];
  network.tap = (from, to, datagram) => recorded.push({ from, to, datagram });
  return recorded;
}

const KIND_AT = 9;
const NONCE_AT = HEADER_BYTES - 24;
const HELLO = 1;
const WELCOME = 3;
const isTo =
  (endpoint: Endpoint) =>
  ({ to }: Recorded): boolean =>
    endpointText(to) === endpointText(endpoint);
const isKind =
  (kind: number) =>
  ({ datagram }: Recorded): boolean =>
    datagram[KIND_AT] === kind;

/** A client that says hello to a server through its own endpoint; nothing comes back unless played. */
function stranger(network: VirtualNetwork, server: Endpoint, at: Endpoint): Transport {
  const host = network.host(at);
  const self = { kind: 'client' as const, privateKey: host.random(32) };
  const checker = new RecordChecker(NETWORK, POW, () => host.now());
  const options = { network: NETWORK, self, checker, batchWindowMs: 5 };
  const transport = new Transport(options, host, { kind: noteKind, message: () => true });
  const { address, record: of } = identity(0);
  transport.learn({ address, record: of, endpoint: server });
  network.attach(at, (from, datagram) => transport.receive(from, datagram));
  return transport;
}

test('an endpoint without a ticket never gets more bytes than it sent, whatever it sends', () => {
  const { network, a, b } = connectedPair();
  const recorded = record(network);
  a.transport.send(b.transport.id, 'note', new Uint8Array(5000));
  stranger(network, b.endpoint, virtualEndpoint(5)).connect(identity(0).address);
  network.run(30_000);
  const bases = [...new Set(recorded.map(({ datagram }) => datagram))];
  const victim = virtualEndpoint(99);
  let out = 0;
  network.tap = (_from, to, datagram) => {
    if (endpointText(to) === endpointText(victim)) out += datagram.length;
  };
  const mutated = fc
    .record({
      base: fc.constantFrom(...bases),
      edits: fc.array(fc.tuple(fc.nat(1399), fc.nat(255)), { maxLength: 4 }),
      cut: fc.option(fc.nat(1400)),
    })
    .map(({ base, edits, cut }) => {
      const bytes = base.slice(0, cut ?? base.length);
      for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
  const any = fc.oneof(mutated, fc.uint8Array({ maxLength: 1500 }));
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 8 }), (datagrams) => {
      out = 0;
      let sent = 0;
      for (const datagram of datagrams) {
        sent += datagram.length;
        b.transport.receive(victim, datagram);
        expect(out).toBeLessThanOrEqual(sent);
      }
      // Nor later: no timer of ours goes on sending there.
      network.run(3000);
      expect(out).toBeLessThanOrEqual(sent);
    }),
    { numRuns: 500 },
  );
});

test('challenges of a flood are budgeted, and the budget comes back', () => {
  const network = new VirtualNetwork();
  const server = start(network, 0);
  const recorded = record(network);
  stranger(network, server.endpoint, virtualEndpoint(5)).connect(server.transport.id);
  const hello = recorded.find(isTo(server.endpoint));
  const flood = (): number => {
    const before = network.datagramsSent;
    for (let i = 0; i < CHALLENGES_PER_TICK + 500; i += 1) {
      server.transport.receive(virtualEndpoint(1000 + i), hello?.datagram ?? note(0));
    }
    return network.datagramsSent - before;
  };
  expect(flood()).toBe(CHALLENGES_PER_TICK);
  expect(server.transport.dropped.get('over the budget of challenges')).toBe(500);
  network.link = () => ({ lossProbability: 1 });
  network.run(TICK_MS);
  expect(flood()).toBe(CHALLENGES_PER_TICK);
});

test('however often a remote challenges, it gets a few hellos per tick', () => {
  const { network, a, b } = pair();
  const recorded = record(network);
  network.link = () => ({ lossProbability: 1 });
  a.transport.connect(b.transport.id);
  const hellos = (): Recorded[] => recorded.filter(isTo(b.endpoint)).filter(isKind(HELLO));
  for (let i = 0; i < 50; i += 1) {
    const nonce = hellos().at(-1)?.datagram.slice(NONCE_AT, HEADER_BYTES) ?? note(0);
    const self = idToBytes(b.transport.id);
    const header = writeHeader(networkTag(NETWORK), 'challenge', self, nonce);
    a.transport.receive(b.endpoint, Uint8Array.of(...header, ...new Uint8Array(TICKET_BYTES)));
  }
  expect(hellos()).toHaveLength(HELLOS_PER_TICK);
});

test('key agreements with strangers are budgeted', () => {
  const network = new VirtualNetwork();
  const server = start(network, 0);
  // One address per few keys, so that no table is full first.
  const crowd = Array.from({ length: STRANGER_KEYS_PER_TICK + 40 }, (_, at) =>
    stranger(network, server.endpoint, virtualEndpoint(300 + at)),
  );
  network.run(TICK_MS - 100);
  for (const one of crowd) one.connect(server.transport.id);
  network.run(50);
  const up = crowd.filter((one) => one.connected(server.transport.id));
  expect(up).toHaveLength(STRANGER_KEYS_PER_TICK);
  expect(server.transport.dropped.get('over the budget of key agreements')).toBe(40);
  network.run(5000);
  expect(crowd.every((one) => one.connected(server.transport.id))).toBe(true);
});

test('the work of checking identities is budgeted, and nobody is let in unchecked', () => {
  const network = new VirtualNetwork();
  let evaluations = 0;
  // Each evaluation costs half of what a second holds.
  const pow = { memoryKiB: WORK_PER_SECOND.hello / 2, passes: 1, bits: POW.bits };
  const checker = new RecordChecker(
    NETWORK,
    pow,
    () => network.now,
    (shown) => {
      evaluations += 1;
      return deriveAddress(shown, POW);
    },
  );
  const server = start(network, 0, { checker });
  const peers = [1, 2, 3].map((index) => start(network, index));
  for (const peer of peers) {
    learn(peer, 0);
    peer.transport.connect(server.transport.id);
  }
  network.run(300);
  const up = () => peers.filter((peer) => peer.transport.connected(server.transport.id)).length;
  expect([evaluations, up()]).toEqual([2, 2]);
  network.run(10_000);
  // It asked again when the pot was filled, and each was evaluated once.
  expect([evaluations, up()]).toEqual([3, 3]);
});

test('one address has a share of the strangers table, and all of them together a bound', () => {
  const table = new LinkTable();
  const key = new BoxKey(new Uint8Array(32));
  const add = (name: number, ip: string): boolean =>
    table.add(
      new Link(
        {
          id: name.toString(16).padStart(64, '0'),
          transportKey: new Uint8Array(32),
          record: null,
        },
        {
          keys: { seal: key, open: key },
          nonceRandom: new Uint8Array(8),
          endpoint: { ip, port: name },
          isMember: false,
        },
      ),
    );
  let names = 0;
  const fill = (ip: string, tries: number): number => {
    let added = 0;
    for (let i = 0; i < tries; i += 1) if (add((names += 1), ip)) added += 1;
    return added;
  };
  expect(fill('10.9.9.9', 500)).toBe(MAX_STRANGERS_PER_IP);
  let all = MAX_STRANGERS_PER_IP;
  for (let host = 0; host < 100; host += 1) all += fill(`10.8.0.${host}`, MAX_STRANGERS_PER_IP);
  expect(all).toBe(MAX_STRANGERS);
});

test('a welcome to a hello that was not ours, or from elsewhere, changes nothing', () => {
  const { network, a, b } = pair();
  const recorded = record(network);
  a.transport.connect(b.transport.id);
  network.run(1000);
  const welcome = recorded.find(isKind(WELCOME));
  a.host.kill();
  const again = start(network, 0, { store: a.host.store });
  learn(again, 1);
  network.link = () => ({ lossProbability: 1 });
  again.transport.connect(b.transport.id);
  again.transport.receive(b.endpoint, welcome?.datagram ?? note(0));
  expect(again.transport.connected(b.transport.id)).toBe(false);
  expect(again.transport.dropped.get('welcome to no hello of ours')).toBe(1);
  again.transport.receive(virtualEndpoint(7), welcome?.datagram ?? note(0));
  expect(again.transport.dropped.get('welcome that does not open')).toBe(1);
});

test('a hello recorded on its way to one peer is nothing to another', () => {
  const { network, a, b } = pair();
  const recorded = record(network);
  a.transport.connect(b.transport.id);
  network.run(1000);
  network.tap = undefined;
  const other = start(network, 2);
  for (const { datagram } of recorded.filter(isTo(b.endpoint))) {
    other.transport.receive(a.endpoint, datagram);
  }
  network.run(5000);
  expect([other.heard, other.changes]).toEqual([[], []]);
  expect([a.changes, b.changes]).toEqual([[true], [true]]);
});

test('a restart that shows a lower epoch is not believed: its disk is an old copy', () => {
  const { network, a, b } = pair();
  const old = a.host.store.get('transport/epoch');
  network.run(1000);
  a.host.kill();
  const second = start(network, 0, { store: a.host.store });
  learn(second, 1);
  second.transport.connect(b.transport.id);
  network.run(1000);
  expect(second.transport.connected(b.transport.id)).toBe(true);
  second.host.kill();
  // The old disk, in a machine whose clock went back too.
  if (old !== undefined) a.host.store.put('transport/epoch', old);
  network.now -= 1500;
  const restored = start(network, 0, { store: a.host.store });
  learn(restored, 1);
  restored.transport.send(b.transport.id, 'note', note(1));
  network.run(8000);
  expect(b.heard).toEqual([]);
  expect(b.transport.dropped.get('replayed hello')).toBeGreaterThan(0);
});
