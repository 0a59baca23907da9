import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cancel, Scheduler, START_MS } from './scheduler.ts';

/** What a script asks for: at which time, and what is asked for again from within. */
interface Request {
  readonly delayMs: number;
  readonly again: readonly number[];
  readonly cancels: boolean;
}

const delay = fc.oneof(
  // Many of the same moment, near ones, ones far beyond the others, fractions of any size.
  fc.constantFrom(0, 0, 1, 40, 500, -20),
  fc.integer({ min: 0, max: 2000 }),
  fc.double({ min: 0, max: 1e7, noNaN: true }),
  fc.double({ min: 0, max: 1e-3, noNaN: true }),
);
const request: fc.Arbitrary<Request> = fc.record({
  delayMs: delay,
  again: fc.array(delay, { maxLength: 3 }),
  cancels: fc.boolean(),
});

/** Plays the script with a list that is searched for the least each time: what the order means. */
function playSlowly(script: readonly Request[]): string[] {
  const pending: { dueMs: number; order: number; name: string; run: () => void }[] = [];
  const played: string[] = [];
  let now = START_MS;
  let asked = 0;
  const at = (dueMs: number, name: string, run: () => void): Cancel => {
    asked += 1;
    const event = { dueMs: Math.max(dueMs, now), order: asked, name, run };
    pending.push(event);
    return {
      cancel: () => {
        const index = pending.indexOf(event);
        if (index >= 0) pending.splice(index, 1);
      },
    };
  };
  ask(script, () => now, at, played);
  for (;;) {
    pending.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
    const event = pending.shift();
    if (event === undefined) return played;
    now = event.dueMs;
    event.run();
  }
}

function play(script: readonly Request[]): string[] {
  const scheduler = new Scheduler();
  const played: string[] = [];
  const at = (dueMs: number, _name: string, run: () => void): Cancel => scheduler.at(dueMs, run);
  ask(script, () => scheduler.now, at, played);
  while (scheduler.next());
  expect(scheduler.size).toBe(0);
  return played;
}

function ask(
  script: readonly Request[],
  now: () => number,
  at: (dueMs: number, name: string, run: () => void) => Cancel,
  played: string[],
): void {
  let last: Cancel | null = null;
  for (const [index, { delayMs, again, cancels }] of script.entries()) {
    if (cancels) last?.cancel();
    last = at(now() + delayMs, String(index), () => {
      played.push(`${index} at ${now()}`);
      for (const [position, laterMs] of again.entries()) {
        const name = `${index}.${position}`;
        const later = at(now() + laterMs, name, () => played.push(`${name} at ${now()}`));
        if (position === 1) later.cancel();
      }
    });
  }
}

test('events run in the order of due time, then of asking, as from a list', () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 400 }), (script) => {
      expect(play(script)).toEqual(playSlowly(script));
    }),
    { numRuns: 300 },
  );
});

test('a hundred thousand events of all distances run in order, half of them cancelled', () => {
  const scheduler = new Scheduler(0);
  let word = 7;
  const draw = (): number => {
    word = (Math.imul(word, 1664525) + 1013904223) | 0;
    return (word >>> 0) / 2 ** 32;
  };
  const played: { dueMs: number; order: number }[] = [];
  for (let order = 0; order < 100_000; order += 1) {
    // Times are drawn over eight orders of magnitude, many of them equal.
    const dueMs = Math.floor(10 ** (8 * draw()));
    const event = scheduler.at(dueMs, () => played.push({ dueMs: scheduler.now, order }));
    if (order % 2 === 1) event.cancel();
  }
  expect(scheduler.size).toBe(50_000);
  scheduler.runUntil(1e9);
  expect(played.length).toBe(50_000);
  const sorted = played.toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order);
  expect(played).toEqual(sorted);
});

test('a heap that fills after the buckets were made wide is spread again, in order', () => {
  const scheduler = new Scheduler(0);
  const played: number[] = [];
  // Two far events make wide buckets; the crowd then all falls into the open one.
  scheduler.at(1e8, () => {});
  scheduler.at(1, () => {
    for (let index = 0; index < 30_000; index += 1) {
      const dueMs = 2 + ((index * 7919) % 30_000);
      scheduler.at(dueMs, () => played.push(scheduler.now));
    }
  });
  scheduler.at(2e8, () => {});
  scheduler.runUntil(1e6);
  expect(played).toEqual(Array.from({ length: 30_000 }, (_, index) => index + 2));
});

test('time stands at the end of what was asked, and what is past runs at once', () => {
  const scheduler = new Scheduler(100);
  const seen: number[] = [];
  scheduler.at(50, () => seen.push(scheduler.now));
  scheduler.at(150, () => seen.push(scheduler.now));
  scheduler.at(150.5, () => seen.push(scheduler.now));
  scheduler.runUntil(150);
  expect(seen).toEqual([100, 150]);
  expect(scheduler.now).toBe(150);
  scheduler.runUntil(120);
  expect(scheduler.now).toBe(150);
  expect(scheduler.next()).toBe(true);
  expect(scheduler.now).toBe(150.5);
  expect(scheduler.next()).toBe(false);
});

test('a stopped scheduler keeps its time and goes on from there', () => {
  const scheduler = new Scheduler(0);
  const seen: number[] = [];
  scheduler.at(1, () => {
    seen.push(1);
    scheduler.stop();
  });
  scheduler.at(2, () => seen.push(2));
  scheduler.runUntil(10);
  expect([seen, scheduler.now]).toEqual([[1], 1]);
  scheduler.runUntil(10);
  expect([seen, scheduler.now]).toEqual([[1, 2], 10]);
});

test('cancelling after it ran, or twice, touches nobody else', () => {
  const scheduler = new Scheduler(0);
  let ran = 0;
  const first = scheduler.at(1, () => (ran += 1));
  scheduler.runUntil(1);
  // The second takes the place of the first.
  scheduler.at(2, () => (ran += 1));
  first.cancel();
  const third = scheduler.at(3, () => (ran += 1));
  third.cancel();
  third.cancel();
  expect(scheduler.size).toBe(1);
  scheduler.runUntil(5);
  expect(ran).toBe(2);
});

test('events set and cancelled without end take no more room than those that wait', () => {
  const scheduler = new Scheduler(0);
  for (let index = 0; index < 100; index += 1) scheduler.at(1e6 + index, () => {});
  let most = 0;
  for (let index = 0; index < 200_000; index += 1) {
    scheduler.at(1e5 + (index % 1000), () => {}).cancel();
    most = Math.max(most, scheduler.held);
  }
  expect(scheduler.size).toBe(100);
  expect(most).toBeLessThan(3000);
});

test('a time that is no number is refused', () => {
  const scheduler = new Scheduler(0);
  expect(() => scheduler.at(Number.NaN, () => {})).toThrow(RangeError);
  expect(() => scheduler.at(Number.POSITIVE_INFINITY, () => {})).toThrow(RangeError);
  expect(scheduler.next()).toBe(false);
});
