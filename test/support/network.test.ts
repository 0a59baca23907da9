import { expect, test } from 'vitest';
import { VirtualNetwork, seededRandom, virtualEndpoint } from './network.ts';

test('timers run in order of time, then in order of asking', () => {
  const network = new VirtualNetwork();
  const random = seededRandom(3);
  const asked = Array.from({ length: 500 }, (_, order) => ({
    order,
    delay: Math.floor(random() * 20),
  }));
  const ran: { order: number; delay: number }[] = [];
  for (const entry of asked) network.after(entry.delay, () => ran.push(entry));
  network.run(20);
  expect(ran).toEqual([...asked].sort((a, b) => a.delay - b.delay || a.order - b.order));
});

test('a lossy link loses about what it says, and the same seed loses the same datagrams', () => {
  const arrived = (seed: number): number[] => {
    const network = new VirtualNetwork({
      seed,
      link: () => ({ delayMs: 5, lossProbability: 0.2 }),
    });
    const [a, b] = [virtualEndpoint(1), virtualEndpoint(2)];
    const got: number[] = [];
    network.attach(b, (_from, datagram) => got.push(datagram[0] ?? -1));
    const host = network.host(a);
    for (let i = 0; i < 200; i += 1) host.send(b, Uint8Array.of(i));
    network.run(10);
    return got;
  };
  expect(arrived(1)).toEqual(arrived(1));
  expect(arrived(1)).not.toEqual(arrived(2));
  expect(arrived(1).length).toBeGreaterThan(130);
  expect(arrived(1).length).toBeLessThan(185);
});

test('a killed host neither sends nor wakes', () => {
  const network = new VirtualNetwork();
  const host = network.host(virtualEndpoint(1));
  let woke = false;
  host.after(1, () => {
    woke = true;
  });
  host.kill();
  host.send(virtualEndpoint(2), Uint8Array.of(1));
  network.run(5);
  expect([woke, network.datagramsSent]).toEqual([false, 0]);
});
