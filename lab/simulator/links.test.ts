import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LinkClass, UNSHAPED } from '../../node/control.ts';
import type { Endpoint } from '../../node/host.ts';
import { LinkModel } from '../../node/runtime/link-model.ts';
import { MAX_QUEUE_MS } from '../../node/runtime/shaper.ts';
import { DelayHistogram } from './delays.ts';
import { SimNetwork, type SimNetworkParts } from './links.ts';
import { Streams } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { endpointNumber } from './address.ts';

function at(region: 1 | 2 | 3, member: number): Endpoint {
  return { ip: `10.${region}.0.${member}`, port: 7200 };
}

function classes(...shapes: readonly Partial<LinkClass>[]): LinkClass[] {
  return shapes.map((shape, index) => {
    const region = `r${index + 1}`;
    return { ...UNSHAPED, region, subnet: `10.${index + 1}.0.0/16`, cut: false, ...shape };
  });
}

/** A network whose members say when something came: `ms after the start, content`. */
function network(parts: Partial<SimNetworkParts> = {}) {
  const scheduler = new Scheduler(0);
  const built = new SimNetwork({ scheduler, streams: new Streams(3), ...parts });
  const heard: (readonly [number, number])[] = [];
  const listen = (endpoint: Endpoint): void =>
    built.attach(endpoint, (_from, datagram) => heard.push([scheduler.now, datagram[0] ?? -1]));
  return { network: built, scheduler, heard, listen };
}

/** Sends `count` datagrams, one each `everyMs`. */
function send(
  { network: built, scheduler }: ReturnType<typeof network>,
  from: Endpoint,
  to: Endpoint,
  { count, everyMs, bytes = 1 }: { count: number; everyMs: number; bytes?: number },
): void {
  for (let index = 0; index < count; index += 1) {
    const datagram = new Uint8Array(bytes).fill(index & 255);
    const atMs = scheduler.now + index * everyMs;
    scheduler.at(atMs, () => built.send(from, to, datagram, scheduler.now));
  }
  scheduler.runUntil(scheduler.now + count * everyMs + 1e5);
}

const shape = fc.record({
  delayMs: fc.integer({ min: 0, max: 200 }),
  jitterMs: fc.integer({ min: 0, max: 50 }),
  distribution: fc.constantFrom('uniform' as const, 'normal' as const, 'pareto' as const),
  correlation: fc.double({ min: 0, max: 1, noNaN: true }),
  loss: fc.double({ min: 0, max: 1, noNaN: true }),
  duplicate: fc.double({ min: 0, max: 1, noNaN: true }),
  reorder: fc.double({ min: 0, max: 1, noNaN: true }),
  rateBitsPerSecond: fc.constantFrom(0, 100_000, 10_000_000),
});

test('every datagram meets the fate that the model of real links draws from its own stream', () => {
  fc.assert(
    fc.property(shape, (asked) => {
      const one = network();
      one.listen(at(2, 1));
      const asPlanned = classes({}, asked);
      const linkClass = asPlanned[1];
      one.network.setClasses(at(1, 1), 'r1', asPlanned);
      send(one, at(1, 1), at(2, 1), { count: 40, everyMs: 7, bytes: 500 });
      if (linkClass === undefined) throw new Error('no class');
      const random = new Streams(3).stream('link', endpointNumber(at(1, 1)) ?? 0, 'r2');
      const model = new LinkModel(linkClass, () => random.next(), MAX_QUEUE_MS);
      const expected: number[] = [];
      for (let index = 0; index < 40; index += 1) {
        const { delaysMs } = model.draw(index * 7, 500);
        expected.push(...delaysMs.map((delayMs) => index * 7 + delayMs + 0.02));
      }
      const byTime = (a: number, b: number): number => a - b;
      expect(one.heard.map(([ms]) => ms)).toEqual(expected.sort(byTime));
    }),
    { numRuns: 60 },
  );
});

test('what others send, and that they are there, changes nobody else’s fate', () => {
  const lossy = classes({ loss: 0.5, jitterMs: 5, delayMs: 50 }, { loss: 0.5 }, {});
  const heardAlone = (others: number): (readonly [number, number])[] => {
    const one = network();
    one.listen(at(1, 1));
    one.network.setClasses(at(1, 2), 'r1', lossy);
    for (let other = 0; other < others; other += 1) {
      one.network.setClasses(at(2, 10 + other), 'r2', lossy);
      send(one, at(2, 10 + other), at(2, 1), { count: 5, everyMs: 0 });
      // Its own draws towards another region are another stream.
      send(one, at(1, 2), at(2, 1), { count: 5, everyMs: 0 });
    }
    const startMs = one.scheduler.now;
    send(one, at(1, 2), at(1, 1), { count: 50, everyMs: 3 });
    return one.heard.map(([ms, content]) => [ms - startMs, content]);
  };
  const alone = heardAlone(0);
  expect(alone.length).toBeGreaterThan(10);
  const among = heardAlone(4);
  expect(among.map(([, content]) => content)).toEqual(alone.map(([, content]) => content));
  for (const [index, [ms]] of among.entries()) expect(ms).toBeCloseTo(alone[index]?.[0] ?? 0, 6);
});

test('a cut takes one direction, and counts say what became of everything', () => {
  const one = network();
  one.listen(at(1, 1));
  one.listen(at(2, 1));
  one.network.setClasses(at(1, 1), 'r1', classes({}, { cut: true }));
  const back = classes({ delayMs: 30, loss: 0.2, duplicate: 0.1 }, {});
  one.network.setClasses(at(2, 1), 'r2', back);
  send(one, at(1, 1), at(2, 1), { count: 10, everyMs: 1 });
  expect(one.heard).toEqual([]);
  send(one, at(2, 1), at(1, 1), { count: 1000, everyMs: 1 });
  const [there, here] = one.network.pairs;
  expect([there?.from, there?.to, there?.sent, there?.cut]).toEqual(['r1', 'r2', 10, 10]);
  expect(here?.sent).toBe(1000);
  expect(Math.abs((here?.lost ?? 0) - 180)).toBeLessThan(60);
  // A loss after duplication takes one copy away; what is left counts once.
  expect(one.heard.length).toBe(1000 - (here?.lost ?? 0) + (here?.duplicated ?? 0));
  expect(here?.delays.quantile(0.5)).toBeGreaterThan(29.5);
  expect(here?.delays.quantile(0.5)).toBeLessThan(30.5);
  expect([one.network.sent, one.network.delivered]).toEqual([1010, one.heard.length]);
});

test('a clogged path holds back what is sent on it, and then lets it through', () => {
  const one = network();
  one.listen(at(1, 2));
  one.listen(at(2, 1));
  one.network.setClasses(at(1, 1), 'r1', classes({ delayMs: 10 }, { delayMs: 10 }));
  one.network.clog(at(1, 1), 'r2', 500);
  one.network.send(at(1, 1), at(2, 1), Uint8Array.of(1), 0);
  one.network.send(at(1, 1), at(1, 2), Uint8Array.of(2), 0);
  one.scheduler.runUntil(600);
  one.network.send(at(1, 1), at(2, 1), Uint8Array.of(3), 600);
  one.scheduler.runUntil(1000);
  expect(one.heard).toEqual([
    [10.02, 2],
    [510.02, 1],
    [610.02, 3],
  ]);
});

test('the most specific subnet counts; outside of all there is no delay but the least', () => {
  const one = network();
  for (const endpoint of [at(1, 1), at(1, 2), at(3, 1)]) one.listen(endpoint);
  one.network.setClasses(at(2, 1), 'r2', [
    ...classes({ delayMs: 10 }),
    ...classes({ delayMs: 70, region: 'special', subnet: '10.1.0.2/32' }),
  ]);
  for (const [index, to] of [at(1, 1), at(1, 2), at(3, 1)].entries()) {
    one.network.send(at(2, 1), to, Uint8Array.of(index), 0);
  }
  one.scheduler.runUntil(1000);
  expect(one.heard).toEqual([
    [0.02, 2],
    [10.02, 0],
    [70.02, 1],
  ]);
});

test('new classes hold for what is sent from now on', () => {
  const one = network();
  one.listen(at(1, 1));
  one.network.setClasses(at(1, 2), 'r1', classes({ delayMs: 100 }));
  one.network.send(at(1, 2), at(1, 1), Uint8Array.of(1), 0);
  one.network.setClasses(at(1, 2), 'r1', classes({ delayMs: 20 }));
  one.network.send(at(1, 2), at(1, 1), Uint8Array.of(2), 0);
  one.scheduler.runUntil(1000);
  expect(one.heard).toEqual([
    [20.02, 2],
    [100.02, 1],
  ]);
});

test('whoever is not there yet may be called into being by what arrives', () => {
  const called: Endpoint[] = [];
  const one = network({
    onStranger: (to) => {
      called.push(to);
      if (to.ip === at(1, 1).ip) one.listen(to);
    },
  });
  one.network.send(at(1, 2), at(1, 1), Uint8Array.of(1), 0);
  one.network.send(at(1, 2), at(1, 3), Uint8Array.of(2), 0);
  expect(called).toEqual([]);
  one.scheduler.runUntil(10);
  one.network.send(at(1, 2), at(1, 1), Uint8Array.of(3), 10);
  one.scheduler.runUntil(20);
  expect(called).toEqual([at(1, 1), at(1, 3)]);
  expect(one.heard.map(([, content]) => content)).toEqual([1, 3]);
  expect(one.network.unreachable).toBe(1);
  one.network.detach(at(1, 1));
  expect(() => one.network.attach({ ip: 'x', port: 1 }, () => {})).toThrow(RangeError);
  one.network.send(at(1, 2), { ip: 'x', port: 1 }, Uint8Array.of(4), 20);
  expect(one.network.sent).toBe(3);
});

test('a histogram’s quantiles are within one per cent', () => {
  const delays = fc.array(fc.double({ min: 0.02, max: 60_000, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(delays, fc.constantFrom(0.5, 0.9, 0.99), (values, share) => {
      const histogram = new DelayHistogram();
      for (const value of values) histogram.add(value);
      const exact = values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? 0;
      expect(Math.abs((histogram.quantile(share) ?? 0) / exact - 1)).toBeLessThan(0.01);
    }),
  );
  expect(new DelayHistogram().quantile(0.5)).toBeNull();
});
