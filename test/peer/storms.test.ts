/**
 * Random schedules of faults (docs/STORMS.md): what must never happen does not, and what should happen
 * does once the faults are over. `npm run soak -- --schedules N` plays as many as there is time for.
 */
import { expect, test } from 'vitest';
import type { PlantName } from '../support/planted.ts';
import { play } from '../support/play.ts';
import { draw, inWords, type Schedule } from '../support/schedule.ts';
import { shrink, type Shrunk } from '../support/shrink.ts';
import type { Rule } from '../support/watch.ts';

/** Raise it now and then. */
const ROTATION = 1;
const SEEDS = Array.from({ length: 4 }, (_, at) => ROTATION * 100 + at);
/** More than are needed for any of the bugs below: a minute. */
const MAX_SEEDS = 40;
/** Runs of storms that become smaller and smaller: seconds. */
const SHRINKING = 25;
/** A slow machine takes a minute for what takes seconds. */
const SLOW_MS = 240_000;

test.each(SEEDS)(
  'a random storm breaks no rule (seed %i)',
  (seed) => {
    const schedule = draw(seed);
    const { failure } = play(schedule);
    expect(
      failure,
      `${inWords(schedule)}\nnpm run soak -- --schedules 1 --seed ${seed}`,
    ).toBeNull();
  },
  SLOW_MS,
);

test('a seed is one run: every datagram is the same the second time, and another seed is another', () => {
  const [one, again, other] = [draw(12), draw(12), draw(14)].map((schedule) => play(schedule).hash);
  expect(again).toBe(one);
  expect(other).not.toBe(one);
});

/** The first seed whose storm finds the bug, made small. */
function hunted(bug: PlantName): Shrunk {
  for (let seed = 1; seed <= MAX_SEEDS; seed += 1) {
    const schedule = draw(seed);
    const attempt = (smaller: Schedule) => play(smaller, bug).failure;
    const failure = attempt(schedule);
    if (failure !== null) return shrink(schedule, failure, attempt, SHRINKING);
  }
  throw new Error(`${MAX_SEEDS} storms did not find a peer that ${bug}`);
}

const BUGS: readonly { readonly bug: PlantName; readonly rule: Rule; readonly faults: number }[] = [
  // No fault is needed: it is wrong in peace too.
  { bug: 'counts a vote twice', rule: 'a quorum', faults: 0 },
  // An owner that spends twice, a death between two votes, and one that makes the first vote late.
  { bug: 'forgets its vote lock at restart', rule: 'one vote', faults: 3 },
];

test.each(BUGS)(
  'a peer that $bug is found, and what finds it is made small',
  ({ bug, rule, faults }) => {
    const { schedule, failure } = hunted(bug);
    expect(failure.rule).toBe(rule);
    expect(schedule.faults.length, inWords(schedule)).toBeLessThanOrEqual(faults);
    expect(schedule.peers).toBeLessThan(draw(schedule.seed).peers);
    // The bug was in the peers, and is taken out again.
    expect(play(schedule).failure).toBeNull();
  },
  SLOW_MS,
);
