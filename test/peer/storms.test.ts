/**
 * Random schedules of faults (docs/STORMS.md): what must never happen does not, and what should happen
 * does once the faults are over. `npm run soak -- --schedules N` plays as many as there is time for.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { PlantName } from '../support/planted.ts';
import { type Failure, play } from '../support/play.ts';
import { draw, inWords, type Schedule } from '../support/schedule.ts';
import { shrink } from '../support/shrink.ts';
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

/** Storms that once broke a rule, as `npm run soak` kept them; `--replay` plays one. */
const FOUND = path.join(import.meta.dirname, 'found-storms');

test.each(readdirSync(FOUND))(
  'what a storm has found stays mended (%s)',
  (file) => {
    // Written by test/soak.ts.
    const { schedule }: { schedule: Schedule } = JSON.parse(
      readFileSync(path.join(FOUND, file), 'utf8'),
    );
    expect(play(schedule).failure).toBeNull();
  },
  SLOW_MS,
);

interface Found {
  readonly schedule: Schedule;
  readonly failure: Failure;
}

/** The first storm from this seed on that finds the bug. */
function hunted(bug: PlantName, from: number): Found {
  for (let seed = from; seed < from + MAX_SEEDS; seed += 1) {
    const schedule = draw(seed);
    const { failure } = play(schedule, bug);
    if (failure !== null) return { schedule, failure };
  }
  throw new Error(`${MAX_SEEDS} storms did not find a peer that ${bug}`);
}

/** `from`: where storms that find it were when this was written; those before it are hours of waiting. */
const BUGS: readonly { readonly bug: PlantName; readonly rule: Rule; readonly from: number }[] = [
  { bug: 'counts a vote twice', rule: 'a quorum', from: 1 },
  { bug: 'forgets its vote lock at restart', rule: 'one vote', from: 3 },
  // Without gathering of messages, of an owner that spends twice and peers that die as they vote.
  { bug: 'sends before its writes are durable', rule: 'one vote', from: 49 },
  // Owners that stay send again what was lost: those that leave do not.
  { bug: 'never asks again', rule: 'all commit', from: 13 },
];

test.each(BUGS)(
  'a peer that $bug is found',
  ({ bug, rule, from }) => {
    const { schedule, failure } = hunted(bug, from);
    expect(failure.rule, inWords(schedule)).toBe(rule);
    // The bug was in the peers, and is taken out again.
    expect(play(schedule).failure).toBeNull();
  },
  SLOW_MS,
);

test(
  'what finds a bug is made small enough to be read',
  () => {
    const bug = 'counts a vote twice';
    const { schedule, failure } = hunted(bug, 1);
    const attempt = (smaller: Schedule) => play(smaller, bug).failure;
    const small = shrink(schedule, failure, attempt, SHRINKING);
    expect(small.failure.rule).toBe(failure.rule);
    expect(small.schedule.faults.length, inWords(small.schedule)).toBeLessThanOrEqual(2);
    expect(small.schedule.peers).toBeLessThan(schedule.peers);
  },
  SLOW_MS,
);
