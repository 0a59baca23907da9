import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LinkClass, UNSHAPED } from '../../node/control.ts';
import type { Endpoint } from '../../node/host.ts';
import { SimHost } from './host.ts';
import { SimNetwork } from './links.ts';
import { Streams } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { RECORD_BYTES, readRecord, Trace } from './trace.ts';

const PLAYED_MS = 3000;

interface Played {
  readonly hash: string;
  readonly skeleton: string;
  /** What reached members, told by time and member. */
  readonly events: readonly string[];
}

/** Members that pass rumours on at random, on rough links, some of them slow, one of them torn. */
function play(
  seed: number,
  { members, bystanders = 0 }: { members: number; bystanders?: number },
): Played {
  const scheduler = new Scheduler();
  const streams = new Streams(seed);
  const network = new SimNetwork({ scheduler, streams });
  const records: Uint8Array[] = [];
  const trace = new Trace({ record: (some) => void records.push(some.slice()) });
  const classes: LinkClass[] = [
    {
      ...UNSHAPED,
      region: 'r',
      subnet: '10.0.0.0/8',
      delayMs: 30,
      jitterMs: 20,
      loss: 0.1,
      duplicate: 0.1,
      cut: false,
    },
  ];
  const place = (index: number): Endpoint => ({ ip: `10.0.0.${index + 1}`, port: 1 });
  for (let index = bystanders > 0 ? -bystanders : 0; index < members; index += 1) {
    const endpoint = index < 0 ? { ip: `10.1.0.${-index}`, port: 1 } : place(index);
    const random = streams.stream('member', index);
    network.setClasses(endpoint, 'r', classes);
    const host = new SimHost({
      scheduler,
      random,
      endpoint,
      network,
      report: () => {},
      trace,
      driftPpm: index * 100,
      costUs: ({ sentBytes }) => sentBytes * (index % 3),
    });
    // A bystander draws, sets timers and receives nothing.
    const target = (): Endpoint => place(Math.floor(random.next() * members));
    host.listen((_from, datagram) => {
      host.store.put('last', datagram);
      if (random.next() < 0.9) host.send(target(), host.random(1 + Math.floor(random.next() * 50)));
    });
    const tick = (): void => {
      if (index >= 0) host.send(target(), host.random(20));
      host.after(100 * random.next(), tick);
    };
    host.after(1, tick);
    if (index === 1) scheduler.at(scheduler.now + 1000, () => host.dieNext('torn'));
  }
  scheduler.runUntil(scheduler.now + PLAYED_MS);
  trace.end();
  const events: string[] = [];
  for (const some of records) {
    for (let at = 0; at < some.length; at += RECORD_BYTES) {
      const { timeMs, member, kind, from, digest } = readRecord(
        some.subarray(at, at + RECORD_BYTES),
      );
      events.push(`${timeMs} ${member.ip} ${kind} ${from?.ip ?? ''} ${digest}`);
    }
  }
  return { hash: trace.hash, skeleton: trace.skeleton, events };
}

test('equal seeds play the same run, other seeds another one', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 2, max: 6 }), (seed, members) => {
      const played = play(seed, { members });
      expect(played.events.length).toBeGreaterThan(100);
      expect(play(seed, { members })).toEqual(played);
      expect(play(seed + 1, { members }).skeleton).not.toBe(played.skeleton);
    }),
    { numRuns: 15 },
  );
});

test('members that are there and touch nobody change nothing for those that do', () => {
  const alone = play(4, { members: 4 });
  const among = play(4, { members: 4, bystanders: 7 });
  expect(among.events.filter((event) => !event.includes(' 10.1.'))).toEqual(alone.events);
  expect(among.events.length).toBeGreaterThan(alone.events.length);
});
