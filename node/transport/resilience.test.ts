/** Peers behind NAT, on lossy links, and with more to send than goes. */
import { expect, test } from 'vitest';
import { VirtualNetwork, virtualEndpoint } from '../../test/support/network.ts';
import { cut } from './fragments.ts';
import { MAX_MESSAGE_BYTES, MAX_RESENDABLE_BYTES } from './limits.ts';
import { Observers } from './observers.ts';
import { connectedPair, learn, note, pair, start } from '../../test/support/party.ts';
import { Resends } from './resends.ts';

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
  for (let i = 0; i < 300; i += 1) a.transport.send(b.transport.id, 'note', note(4));
  for (let i = 0; i < 300; i += 1) a.transport.send(b.transport.id, 'note', note(0));
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
