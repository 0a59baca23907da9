/** Each detector sees what it is for, and next to nothing in an honest network. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Streams } from '../simulator/random.ts';
import {
  agreement,
  everyPair,
  indexedPairs,
  type Pattern,
  patternsOf,
  sortedPairs,
} from './agreement.ts';
import { ringConcentration } from './concentration.ts';
import { detectIn } from './detect.ts';
import { MintingWindows } from './minting.ts';
import type { Entry, Observations, Registration, Telling } from './observations.ts';
import { DETECTORS, type DetectorName, firstAbove } from './report.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FOUNDERS = 40;
const NEWCOMERS = 24;
const RING = 6;

/** What an honest network shows: addresses at random, people coming when they like, a few that lag. */
function honest(seed: number): Observations {
  const random = new Streams(seed).stream('observations');
  const hex = (): string => random.bytes(32).toHex();
  const registrations: Registration[] = [];
  const entries: Entry[] = [];
  for (let at = 0; at < FOUNDERS + NEWCOMERS; at += 1) {
    const founding = at < FOUNDERS;
    const createdMs = founding ? 0 : random.next() * DAY_MS;
    const seenMs = founding ? 0 : createdMs + 60_000 - HOUR_MS * Math.log(1 - random.next());
    const ip = `10.0.${Math.floor(random.next() * 8)}.${at + 1}`;
    registrations.push({ address: hex(), founding, createdMs, seenMs, ip });
    if (founding) continue;
    const registeredMs = seenMs + 5000;
    const synchronisedMs = registeredMs + HOUR_MS * (1 + 9 * random.next());
    entries.push({ address: registrations.at(-1)?.address ?? '', registeredMs, synchronisedMs });
  }
  const tellings: Telling[] = [];
  for (let token = 0; token < 120; token += 1) {
    const firstMs = random.next() * DAY_MS;
    for (let answer = 0; answer < 8; answer += 1) {
      const speaker = registrations[Math.floor(random.next() * FOUNDERS)]?.address ?? '';
      const owner = random.next() < 0.02 ? hex() : 'true';
      const asked = { firstMs, lastMs: firstMs + HOUR_MS };
      tellings.push({ speaker, token: `token ${token}`, owner, ...asked });
    }
  }
  return { registrations, entries, tellings };
}

/** The last so many newcomers are changed into accomplices. */
function withRing(seen: Observations, change: (one: Registration, at: number) => Registration) {
  const before = seen.registrations.slice(0, -RING);
  const ring = seen.registrations.slice(-RING).map(change);
  const colluders = ring.map(({ address }) => address);
  return { seen: { ...seen, registrations: [...before, ...ring] }, colluders };
}

function scoresOf(seen: Observations, detector: DetectorName): ReadonlyMap<string, number> {
  const { scores } = detectIn(seen);
  return new Map(
    scores.flatMap((one) => (one.detector === detector ? [[one.subject, one.score]] : [])),
  );
}

/** The lowest score of the accomplices, the highest of all others. */
function contrast(
  { seen, colluders }: { readonly seen: Observations; readonly colluders: readonly string[] },
  detector: DetectorName,
): readonly [number, number] {
  const scores = scoresOf(seen, detector);
  const others = [...scores].filter(([subject]) => !colluders.includes(subject));
  return [
    Math.min(...colluders.map((subject) => scores.get(subject) ?? 0)),
    Math.max(...others.map(([, score]) => score)),
  ];
}

test('of honest identities hardly one in ten has a score above 1, one in a hundred above 2, as scores say', () => {
  const scores = new Map<DetectorName, number[]>(DETECTORS.map((detector) => [detector, []]));
  for (let seed = 1; seed <= 20; seed += 1) {
    for (const { detector, score } of detectIn(honest(seed)).scores) {
      scores.get(detector)?.push(score);
    }
  }
  for (const [detector, own] of scores) {
    const share = (above: number): number =>
      own.filter((score) => score > above).length / own.length;
    expect(share(1), detector).toBeLessThan(0.1);
    expect(share(2), detector).toBeLessThan(0.01);
  }
});

test('a burst of minting stands out, and its registration costs the same however many came before', () => {
  const burst = withRing(honest(1), (one, at) => {
    const createdMs = DAY_MS / 2 + at * 20_000;
    return { ...one, createdMs, seenMs: createdMs + HOUR_MS };
  });
  const [guilty, others] = contrast(burst, 'minting-burst');
  expect(guilty).toBeGreaterThan(2);
  expect(others).toBeLessThan(guilty);
  const windows = new MintingWindows();
  for (let at = 0; at < 1000; at += 1) windows.add(at * HOUR_MS);
  expect(windows.size).toBeLessThanOrEqual(50 * 1000);
});

test('identities that are made like clockwork stand out though they are far apart in time', () => {
  const { registrations, ...rest } = honest(2);
  // Nobody else came meanwhile: others in between hide a rhythm.
  const quiet = registrations.filter(
    ({ founding }, at) => founding || at >= FOUNDERS + NEWCOMERS - RING,
  );
  const even = withRing({ ...rest, registrations: quiet, entries: [] }, (one, at) => {
    const createdMs = (1 + at) * 2 * HOUR_MS;
    return { ...one, createdMs, seenMs: createdMs + 60_000 * (at + 1) };
  });
  const [guilty] = contrast(even, 'minting-rhythm');
  expect(guilty).toBeGreaterThan(2);
  expect(contrast(even, 'minting-burst')[0]).toBe(0);
});

test('identities that were kept long before they were shown stand out', () => {
  const hoard = withRing(honest(3), (one) => ({ ...one, seenMs: one.createdMs + 20 * DAY_MS }));
  const [guilty, others] = contrast(hoard, 'minting-hoard');
  expect(guilty).toBeGreaterThan(3);
  expect(others).toBeLessThan(guilty);
});

test('newcomers that register and synchronise alike stand out', () => {
  const seen = honest(4);
  const colluders = seen.entries.slice(-RING).map(({ address }) => address);
  const entries = seen.entries.map((entry, at) => {
    if (!colluders.includes(entry.address)) return entry;
    const registeredMs = DAY_MS / 3 + at * 10_000;
    return { ...entry, registeredMs, synchronisedMs: registeredMs + 2 * HOUR_MS };
  });
  const alike = { seen: { ...seen, entries }, colluders };
  const [guilty, others] = contrast(alike, 'synchronisation-pattern');
  expect(guilty).toBeGreaterThan(2);
  expect(others).toBeLessThan(guilty);
});

test('speakers that lie together stand out; one that errs by itself as often does not', () => {
  const seen = honest(5);
  const colluders = seen.registrations.slice(0, 3).map(({ address }) => address);
  const loner = seen.registrations[5]?.address ?? '';
  const lies = Array.from({ length: 12 }, (_, at) => {
    const asked = { token: `token ${at}`, firstMs: 0, lastMs: DAY_MS };
    return [
      ...colluders.map((speaker) => ({ ...asked, speaker, owner: `false ${at}` })),
      { ...asked, speaker: loner, owner: `mistaken ${at}` },
    ];
  });
  const told = { ...seen, tellings: [...seen.tellings, ...lies.flat()] };
  for (const detector of ['agreement-exact', 'agreement-clustered'] as const) {
    const [guilty, others] = contrast({ seen: told, colluders }, detector);
    expect(guilty).toBeGreaterThan(8);
    expect(others).toBeLessThan(3);
    expect(scoresOf(told, detector).get(loner)).toBeLessThan(3);
  }
});

test('who answers before a transfer and after it departs from nobody', () => {
  const tellings = ['a', 'b', 'c', 'd', 'e'].flatMap((speaker) => [
    { speaker, token: 't', owner: 'old', firstMs: 0, lastMs: 10_000 },
    { speaker, token: 't', owner: 'new', firstMs: 20_000, lastMs: 30_000 },
  ]);
  // One was asked once more than the others before, one not at all after.
  const patterns = patternsOf([
    ...tellings.slice(0, -1),
    { speaker: 'f', token: 't', owner: 'old', firstMs: 5000, lastMs: 19_000 },
  ]);
  expect(patterns.flatMap(({ departures }) => departures)).toEqual([]);
});

test('all ways of pairing agree on rings; the index finds exactly what all pairs find', () => {
  const random = new Streams(9).stream('patterns');
  const patterns: Pattern[] = Array.from({ length: 300 }, (_, at) => {
    const own = Array.from({ length: 4 }, () => 1000 + Math.floor(random.next() * 100_000));
    const ring = at < 5 ? [1, 2, 3, 4, 5, 6] : [];
    return { subject: `${at}`, asked: 200, departures: [...ring, ...own].sort((a, b) => a - b) };
  });
  const exact = agreement(patterns, everyPair);
  expect(exact.comparisons).toBe((300 * 299) / 2);
  expect([...exact.scores.keys()].slice(0, 5).sort()).toEqual(['0', '1', '2', '3', '4']);
  const indexed = agreement(patterns, indexedPairs);
  expect(indexed.scores).toEqual(exact.scores);
  expect(indexed.comparisons).toBeLessThan(exact.comparisons / 100);
  const sorted = agreement(patterns, sortedPairs);
  for (const at of [0, 1, 2, 3, 4])
    expect(sorted.scores.get(`${at}`)).toBe(exact.scores.get(`${at}`));
  expect(sorted.comparisons).toBeLessThan(exact.comparisons / 5);
});

test('the index looks at every pair that shares a departure, once', () => {
  const departures = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(departures, { maxLength: 12 }), (all) => {
      const patterns = all.map((own, at) => {
        return { subject: `${at}`, asked: 10, departures: own.sort((a, b) => a - b) };
      });
      const looked: string[] = [];
      indexedPairs(patterns, (a, b) => looked.push(`${a} ${b}`));
      const sharing: string[] = [];
      everyPair(patterns, (a, b) => {
        const other = new Set(patterns[b]?.departures);
        if (patterns[a]?.departures.some((value) => other.has(value)) === true) {
          sharing.push(`${a} ${b}`);
        }
      });
      expect(looked.sort()).toEqual(sharing.sort());
    }),
  );
});

test('among many residents newcomers of one place stand out by themselves', () => {
  const random = new Streams(8).stream('places');
  const at = (place: number, founding: boolean): Registration => {
    const address = Math.floor(place * 2 ** 48)
      .toString(16)
      .padStart(12, '0')
      .padEnd(64, '0');
    return { address, founding, createdMs: 0, seenMs: 0, ip: '10.0.0.1' };
  };
  const residents = Array.from({ length: 1000 }, () => at(random.next(), true));
  const others = Array.from({ length: 20 }, () => at(random.next(), false));
  // A 250th of the ring, in which four residents live.
  const ring = [0.501, 0.502, 0.503, 0.504, 0.505].map((place) => at(place, false));
  const { scores } = ringConcentration([...residents, ...others, ...ring]);
  for (const { address } of ring) expect(scores.get(address)).toBeGreaterThan(2);
});

test('identities minted to one place of the ring stand out, also among residents', () => {
  const near = withRing(honest(6), (one, at) => ({
    ...one,
    address: `7f${(at * 4099).toString(16).padStart(6, '0')}${one.address.slice(8)}`,
  }));
  const [guilty, others] = contrast(near, 'ring-concentration');
  expect(guilty).toBeGreaterThan(3);
  expect(others).toBeLessThan(guilty);
});

test('neighbours on the ring that share an address range stand out; spread over ranges they do not', () => {
  const oneRange = withRing(honest(7), (one, at) => ({
    ...one,
    address: `7f${(at * 4099).toString(16).padStart(6, '0')}${one.address.slice(8)}`,
    ip: `10.9.9.${at + 1}`,
  }));
  const [guilty, others] = contrast(oneRange, 'address-range');
  expect(guilty).toBeGreaterThan(0.5);
  expect(others).toBeLessThan(guilty);
  const spread = withRing(honest(7), (one, at) => ({
    ...one,
    address: `7f${(at * 4099).toString(16).padStart(6, '0')}${one.address.slice(8)}`,
    ip: `10.0.${at}.200`,
  }));
  expect(contrast(spread, 'address-range')[0]).toBe(0);
});

test('a suspicion is told from when there was reason for it, and rises only', () => {
  const burst = withRing(honest(1), (one, at) => {
    const createdMs = DAY_MS / 2 + at * 20_000;
    return { ...one, createdMs, seenMs: createdMs + HOUR_MS };
  });
  const { scores, costs } = detectIn(burst.seen);
  expect(costs.map(({ detector }) => detector)).toEqual([...DETECTORS]);
  for (const score of scores) {
    const told = score.rises.map((rise) => rise.score);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(score.score).toBe(told.at(-1) ?? 0);
    expect(firstAbove(score, score.score)).toBeNull();
  }
  const first = scores.find(
    ({ detector, subject }) => detector === 'minting-burst' && subject === burst.colluders[0],
  );
  const atMs = first === undefined ? null : firstAbove(first, 1);
  expect(atMs).toBeGreaterThanOrEqual(DAY_MS / 2 + HOUR_MS);
  expect(atMs).toBeLessThan(DAY_MS / 2 + 6 * HOUR_MS);
});
