import { expect, test } from 'vitest';
import { deriveAddress, renewRecord } from '../identity/record.ts';
import { RecordChecker } from '../identity/checker.ts';
import type { Id } from '../id.ts';
import { VirtualNetwork, virtualEndpoint } from '../../test/support/network.ts';
import { identity, NETWORK, note, noteKind, POW, start } from '../../test/support/party.ts';
import { BoxKey } from '../crypto/box.ts';
import { linkKeys } from './keys.ts';
import { Link } from './link.ts';
import { LinkTable } from './link-table.ts';
import { MAX_MEMBERS } from './limits.ts';
import { type KnownPeer, Transport } from './transport.ts';

function known(index: number): KnownPeer {
  const { address, record } = identity(index);
  return { address, record, endpoint: virtualEndpoint(index) };
}

/** A member that finds the first `members` identities when it needs them. */
function member(network: VirtualNetwork, index: number, members: number) {
  const host = network.host(virtualEndpoint(index));
  const asked: Id[] = [];
  const heard: string[] = [];
  let evaluations = 0;
  const checker = new RecordChecker(
    NETWORK,
    POW,
    () => host.now(),
    (...parts) => {
      evaluations += 1;
      return deriveAddress(...parts);
    },
  );
  const self = { kind: 'peer' as const, identity: identity(index) };
  const transport = new Transport({ network: NETWORK, self, checker, batchWindowMs: 5 }, host, {
    kind: noteKind,
    message: (from, bytes) => {
      heard.push(`${from.id.slice(0, 4)}:${bytes.toHex()}`);
      return true;
    },
    member: (id) => {
      asked.push(id);
      return Array.from({ length: members }, (_, other) => known(other)).find(
        ({ address }) => address === id,
      );
    },
  });
  network.attach(virtualEndpoint(index), (from, datagram) => transport.receive(from, datagram));
  return { transport, asked, heard, evaluations: () => evaluations };
}

test('a member is connected to though nobody told of it before, and its record is not checked again', () => {
  const network = new VirtualNetwork({ link: () => ({ delayMs: 20 }) });
  const [a, b] = [member(network, 0, 2), member(network, 1, 2)];
  expect(a.transport.connected(b.transport.id)).toBe(false);
  expect(a.asked).toEqual([]);
  expect(a.transport.send(b.transport.id, 'note', note(3))).toBe(true);
  network.run(1000);
  expect(b.heard).toEqual([`${a.transport.id.slice(0, 4)}:03`]);
  expect([a.evaluations(), b.evaluations()]).toEqual([0, 0]);
  expect(a.transport.send(identity(2).address, 'note', note(3))).toBe(false);
});

test('who is vouched for by another record shows a newer one, which is checked, or is refused', () => {
  const network = new VirtualNetwork({ link: () => ({ delayMs: 20 }) });
  const b = member(network, 1, 2);
  const { record, identityKey } = identity(0);
  const newer = renewRecord(record, identityKey, { nowMs: record.renewedAtMs + 5 });
  const a = start(network, 0, { identity: { ...identity(0), record: newer } });
  a.transport.learn(known(1));
  a.transport.send(b.transport.id, 'note', note(4));
  network.run(1000);
  expect(b.heard).toHaveLength(1);
  expect(b.evaluations()).toBe(1);
});

test('two that were acquainted speak at once, without a hello, and stay connected', () => {
  const network = new VirtualNetwork({ link: () => ({ delayMs: 20 }) });
  const [a, b] = [member(network, 0, 2), member(network, 1, 2)];
  a.transport.acquaint(b.transport);
  expect(network.datagramsSent).toBe(0);
  expect(a.transport.connected(b.transport.id)).toBe(true);
  a.transport.send(b.transport.id, 'note', note(1));
  b.transport.send(a.transport.id, 'note', note(2));
  network.run(26);
  expect([a.heard.length, b.heard.length]).toEqual([1, 1]);
  expect(network.datagramsSent).toBe(2);
  network.run(200_000);
  const before = network.datagramsSent;
  a.transport.acquaint(b.transport);
  a.transport.send(b.transport.id, 'note', note(1));
  network.run(26);
  expect(b.heard).toHaveLength(2);
  expect(network.datagramsSent - before).toBeLessThanOrEqual(2);
  expect([...a.transport.dropped, ...b.transport.dropped]).toEqual([]);
});

test('where members have no room left, one without a session makes it, and no session ends', () => {
  const table = new LinkTable();
  const keys = linkKeys(
    NETWORK,
    { id: identity(0).address, privateKey: identity(0).transportPrivateKey },
    { id: identity(1).address, transportKey: identity(1).record.transportKey },
  );
  const key = new BoxKey(new Uint8Array(32));
  const link = (n: number): Link =>
    new Link(
      { id: n.toString(16).padStart(64, '0'), transportKey: new Uint8Array(32), record: note(1) },
      {
        keys: keys ?? { seal: key, open: key },
        nonceRandom: new Uint8Array(8),
        endpoint: virtualEndpoint(1),
        isMember: true,
      },
    );
  const links = Array.from({ length: MAX_MEMBERS }, (_, n) => link(n));
  for (const one of links) {
    one.up = true;
    expect(table.add(one)).toBe(true);
  }
  expect(table.add(link(MAX_MEMBERS))).toBe(false);
  const idle = links[5];
  if (idle !== undefined) idle.up = false;
  expect(table.add(link(MAX_MEMBERS))).toBe(true);
  expect([...table.values()].filter((one) => one.up)).toHaveLength(MAX_MEMBERS - 1);
  expect(table.get(idle?.id ?? '')).toBeUndefined();
});
