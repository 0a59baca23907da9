import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entriesOfRows, entryOfEvent, pointsOf, stepFor } from './entries.ts';
import {
  FEED_LIMIT,
  type FeedEntry,
  foldFeed,
  foldSeries,
  type LivePoint,
  positionOf,
  ringOf,
  SERIES_LIMIT,
} from './model.ts';

function entry(key: string, atMs: number): FeedEntry {
  return { key, atMs, kind: 'commit', peer: 'client-01', subject: key, text: `${key} at ${atMs}` };
}

/** Things that happened, each reported once or more, in any order and any portions. */
const reports = fc
  .uniqueArray(fc.record({ key: fc.string({ maxLength: 4 }), atMs: fc.nat(50) }), {
    selector: ({ key }) => key,
    maxLength: 60,
  })
  .chain((things) => {
    const entries = things.map(({ key, atMs }) => entry(key, atMs));
    const told = fc
      .array(fc.shuffledSubarray(entries), { maxLength: 6 })
      .map((portions) => [...portions, entries]);
    return fc.tuple(fc.constant(entries), told, fc.infiniteStream(fc.nat()));
  });

test('in whatever order and how often things are told, the feed is the same, each once', () => {
  fc.assert(
    fc.property(reports, ([entries, portions, cuts]) => {
      const once = foldFeed([], entries);
      const shuffled = portions.toSorted(() => ((cuts.next().value ?? 0) % 2 === 0 ? -1 : 1));
      const often = shuffled.reduce<readonly FeedEntry[]>(foldFeed, []);
      expect(often).toEqual(once);
      expect(new Set(often.map(({ key }) => key)).size).toBe(entries.length);
      expect(often.map(({ atMs }) => atMs)).toEqual(
        often.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
      );
    }),
  );
});

test('of one thing told with two times the earlier counts, whichever comes first', () => {
  const [early, late] = [entry('a', 1), entry('a', 2)];
  expect(foldFeed(foldFeed([], [late]), [early])).toEqual([early]);
  expect(foldFeed(foldFeed([], [early]), [late])).toEqual([early]);
});

test('the feed keeps its newest, however many come, and is the same object when nothing is new', () => {
  const many = Array.from({ length: FEED_LIMIT + 500 }, (_, n) => entry(`k${n}`, n));
  const [old, recent] = [many.slice(0, 900), many.slice(900)];
  const feed = foldFeed(foldFeed([], recent), old);
  expect(feed).toHaveLength(FEED_LIMIT);
  expect(feed[0]?.key).toBe('k500');
  expect(feed).toEqual(foldFeed(foldFeed([], old), recent));
  expect(foldFeed(feed, feed.slice(0, 50))).toBe(feed);
});

function point(atMs: number, submitted: number): LivePoint {
  const nothing = { messages: 0, bytes: 0, flags: 0, evidence: 0, bans: 0, slashings: 0 };
  return { atMs, submitted, committed: 0, p50Ms: null, p99Ms: null, ...nothing };
}

test('the series takes points anew, keeps its newest, and forgets those of another step', () => {
  const empty = { stepMs: 1000, points: [] };
  const first = foldSeries(empty, 1000, [point(2000, 1), point(1000, 1)]);
  expect(first.points.map(({ atMs }) => atMs)).toEqual([1000, 2000]);
  const second = foldSeries(first, 1000, [point(2000, 7), point(3000, 1)]);
  expect(second.points.map(({ submitted }) => submitted)).toEqual([1, 7, 1]);
  const long = Array.from({ length: SERIES_LIMIT + 9 }, (_, n) => point(n * 1000, n));
  expect(foldSeries(second, 1000, long).points).toHaveLength(SERIES_LIMIT);
  expect(foldSeries(second, 2000, [point(0, 3)])).toEqual({ stepMs: 2000, points: [point(0, 3)] });
});

test('a step is the shortest with which the series covers the run', () => {
  expect(stepFor(12_000, SERIES_LIMIT)).toBe(1000);
  expect(stepFor(SERIES_LIMIT * 1000, SERIES_LIMIT)).toBe(1000);
  expect(stepFor(SERIES_LIMIT * 1000 + 1, SERIES_LIMIT)).toBe(2000);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (spanMs) => {
      expect(spanMs / stepFor(spanMs, SERIES_LIMIT)).toBeLessThanOrEqual(SERIES_LIMIT);
    }),
  );
});

test('points join what the queries say of a step; what was not measured is null or nothing', () => {
  const points = pointsOf({
    throughput: [{ at_ms: 1000, submitted: 3, committed: 2 }],
    finality: [{ at_ms: 1000, n: 2, p50: 30, p99: 40 }],
    datagrams: [{ at_ms: 2000, datagrams: 5, bytes: 900, messages: 8 }],
    detection: [{ at_ms: 0, flags: 1, evidence: 2, bans: 3, slashings: 4 }],
  });
  expect(points).toEqual([
    { ...point(0, 0), flags: 1, evidence: 2, bans: 3, slashings: 4 },
    { ...point(1000, 3), committed: 2, p50Ms: 30, p99Ms: 40 },
    { ...point(2000, 0), messages: 8, bytes: 900 },
  ]);
});

test('entries name who is accused, and events that are no news make none', () => {
  const row = { key: 'k', at_ms: 5, peer: 'honest-01', subject: 's', about: 'aa'.repeat(32) };
  const rows = [{ ...row, what: 'evidence', detail: 'same-height' } as const];
  expect(entriesOfRows(rows, new Map([[row.about, 'liars-01']]))[0]?.text).toBe(
    'evidence against liars-01: same-height',
  );
  expect(entriesOfRows(rows, new Map())[0]?.text).toBe('evidence against aaaaaaaa: same-height');
  expect(
    entryOfEvent({ n: 3, atMs: 1, type: 'progress', phase: 'launching', done: 1, of: 2 }),
  ).toBe(null);
  expect(
    entryOfEvent({ n: 4, atMs: 1, type: 'fault', id: 'kill-1', name: 'kill', state: 'active' }),
  ).toMatchObject({
    key: 'event:4',
    kind: 'fault',
    subject: 'kill-1',
    text: 'fault kill-1: active',
  });
});

test('the ring is in the order of addresses; who takes part in a running attack is active', () => {
  const member = (name: string, address: string | null, kind: 'peer' | 'client' = 'peer') => ({
    name,
    group: 'g',
    kind,
    region: 'r',
    address,
    state: 'running' as const,
    connected: true,
    endpoint: { ip: '10.0.0.1', port: 1 },
    joined: null,
    adversary: null,
    health: null,
  });
  const attack = { id: 'a-1', name: 'a', knobs: {} };
  const ring = ringOf(
    {
      members: [
        member('c', 'f0'.repeat(32)),
        member('later', null),
        member('b', '80'.repeat(32)),
        member('client-01', '10'.repeat(32), 'client'),
      ],
      attacks: [
        { ...attack, state: 'running', members: ['b'] },
        { ...attack, state: 'stopped', members: ['c'] },
      ],
    },
    new Map([['f0'.repeat(32), 7]]),
  );
  expect(ring.map(({ name }) => name)).toEqual(['b', 'c', 'later']);
  expect(ring.map(({ active }) => active)).toEqual([true, false, false]);
  expect(ring.map(({ bannedBy }) => bannedBy)).toEqual([0, 7, 0]);
  expect(positionOf('80'.repeat(32))).toBeCloseTo(128.5 / 256, 3);
  expect(positionOf('ff'.repeat(32))).toBeLessThan(1);
});
