/**
 * `npm run soak -- [--minutes N] [--seed N]`: honest networks in rough worlds, one after another from
 * a random seed, until the time is over; with `--seed` that one alone.
 *
 * `npm run soak -- --schedules N [--seed N] [--planted BUG] [--twice]`: so many random schedules of
 * faults instead (docs/STORMS.md), each as small as it can be made if it breaks a rule. With a planted
 * bug it ends at the first, and fails if there is none. With `--twice` another process plays the same
 * ones beside, and each must be the same run in both.
 *
 * `npm run soak -- --replay FILE`: a schedule that such a run made small and wrote down.
 *
 * Exit 1 if anything failed, after the one command that repeats it.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from './support/network.ts';
import { isPlant, PLANTS, type PlantName } from './support/planted.ts';
import { play } from './support/play.ts';
import { draw, inWords, type Schedule } from './support/schedule.ts';
import { shrink } from './support/shrink.ts';
import { EVENTS, LOSSES, ride, type Storm } from './support/storm.ts';
import { VARIANTS } from './support/variants.ts';

/** Where schedules are kept that broke a rule. */
const KEPT = path.join(os.tmpdir(), 'minefield-storms');

/** Every so many schedules one is played again: the same seed must be the same run. */
const REPLAYED_EVERY = 25;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    schedules: { type: 'string' },
    planted: { type: 'string' },
    twice: { type: 'boolean', default: false },
    replay: { type: 'string' },
  },
});

function pick<T>(from: readonly T[], random: () => number): T | undefined {
  return from[Math.floor(random() * from.length)];
}

/** Half of them with the parameters that networks have by default. */
function stormOf(seed: number): Storm {
  const random = seededRandom(seed ^ 0x50a4);
  const event = pick(EVENTS, random) ?? 'none';
  const lossProbability = pick(LOSSES, random) ?? 0;
  const parameters = random() < 0.5 ? {} : (pick(VARIANTS, random) ?? {});
  return { event, lossProbability, seed, parameters };
}

/** Says whether all went well. */
function rideAll(first: number, endMs: number): boolean {
  let [count, failures, committed, timedOut] = [0, 0, 0, 0];
  do {
    const storm = stormOf(first + count);
    count += 1;
    const { seed, event, lossProbability, parameters } = storm;
    const name = `seed ${seed}: ${event}, loss ${lossProbability}, ${JSON.stringify(parameters)}`;
    const startedMicros = process.cpuUsage().user;
    try {
      const ended = ride(storm);
      committed += ended.committed;
      timedOut += ended.timedOut;
      const seconds = ((process.cpuUsage().user - startedMicros) / 1e6).toFixed(1);
      console.log(
        `✓ ${name}: ${ended.committed} committed, ${ended.timedOut} timed out, ${seconds} s CPU`,
      );
    } catch (error) {
      failures += 1;
      console.log(`✗ ${name}\n${error instanceof Error ? error.stack : String(error)}`);
      console.log(`  npm run soak -- --seed ${seed}`);
    }
  } while (performance.now() < endMs);
  console.log(
    `${count} networks, ${failures} failures, ${committed} committed, ${timedOut} timed out`,
  );
  return failures === 0;
}

/** What a schedule was and, where one was planted, with which bug. */
interface Kept {
  readonly schedule: Schedule;
  readonly planted: PlantName | null;
}

/** What became of some schedules: how many broke a rule, and the hash of each run by its seed. */
interface Tally {
  failures: number;
  readonly hashes: Map<number, string>;
}

function playAll(first: number, count: number, planted: PlantName | null): Tally {
  const tally: Tally = { failures: 0, hashes: new Map() };
  for (let seed = first; seed < first + count; seed += 1) {
    const startedMicros = process.cpuUsage().user;
    const { hash, committed, timedOut, virtualMs, failure } = play(draw(seed), planted);
    const seconds = ((process.cpuUsage().user - startedMicros) / 1e6).toFixed(1);
    tally.hashes.set(seed, hash);
    const told = `${(virtualMs / 1000).toFixed(1)} s played in ${seconds} s CPU, ${committed} committed, ${timedOut} timed out`;
    if (failure === null) console.log(`✓ seed ${seed} ${hash}: ${told}`);
    else {
      tally.failures += 1;
      report(seed, planted);
      if (planted !== null) break;
    }
    const isReplayed = failure === null && (seed - first) % REPLAYED_EVERY === 0;
    if (isReplayed && play(draw(seed), planted).hash !== hash) {
      tally.failures += 1;
      console.log(`✗ seed ${seed}: played twice it was two runs`);
    }
  }
  return tally;
}

function report(seed: number, planted: PlantName | null): void {
  const schedule = draw(seed);
  const { failure } = play(schedule, planted);
  if (failure === null) throw new Error(`seed ${seed} broke a rule once and then none`);
  console.log(`✗ ${inWords(schedule)}\n  ${failure.rule}: ${failure.detail}`);
  const shrunk = shrink(schedule, failure, (smaller) => play(smaller, planted).failure);
  const { rule, detail, atMs } = shrunk.failure;
  console.log(`  made smaller in ${shrunk.attempts} runs:\n  ${inWords(shrunk.schedule)}`);
  console.log(`  by ${(atMs / 1000).toFixed(1)} s it broke "${rule}": ${detail}`);
  console.log(`  npm run soak -- --replay ${keep({ schedule: shrunk.schedule, planted })}`);
}

function keep(kept: Kept): string {
  mkdirSync(KEPT, { recursive: true });
  const bug = kept.planted === null ? '' : `-${kept.planted.replaceAll(' ', '-')}`;
  const file = path.join(KEPT, `storm-${kept.schedule.seed}${bug}.json`);
  writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`);
  return file;
}

/** Says whether a schedule that was kept breaks no rule. */
function replay(file: string): boolean {
  // Written by `keep`.
  const { schedule, planted }: Kept = JSON.parse(readFileSync(file, 'utf8'));
  console.log(inWords(schedule));
  if (planted !== null) console.log(`  all peers have a bug: each ${planted}`);
  const { hash, failure } = play(schedule, planted);
  const end = failure === null ? 'no rule was broken' : `${failure.rule}: ${failure.detail}`;
  console.log(`${failure === null ? '✓' : '✗'} ${end}\n  ${hash}`);
  return failure === null;
}

/** The same schedules in another process: how many it played otherwise than they were here. */
function playedAgain(first: number, count: number, bug: PlantName | null) {
  const words = ['--schedules', String(count), '--seed', String(first)];
  if (bug !== null) words.push('--planted', bug);
  const child = spawn(process.execPath, [import.meta.filename, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
  });
  return async (hashes: ReadonlyMap<number, string>): Promise<number> => {
    await ended;
    const lines = told.matchAll(/^✓ seed (\d+) ([0-9a-f]{64})/gm);
    const there = new Map([...lines].map(([, seed, hash]) => [Number(seed), hash]));
    const differing = [...there].filter(([seed, hash]) => hashes.get(seed) !== hash);
    for (const [seed] of differing) console.log(`✗ seed ${seed}: in two processes it was two runs`);
    console.log(`${there.size} schedules in two processes, ${differing.length} were two runs`);
    return there.size === 0 ? 1 : differing.length;
  };
}

function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}

const minutes = Number(values.minutes);
const only = values.seed === undefined ? null : Number(values.seed);
const schedules = values.schedules === undefined ? null : Number(values.schedules);
const planted = values.planted ?? null;
if (![minutes, only ?? 0, schedules ?? 0].every(Number.isFinite)) {
  refuse('minutes, seeds and schedules are numbers in digits');
}
if (planted !== null && !isPlant(planted)) {
  refuse(`there is no bug "${planted}" to plant, but: ${Object.keys(PLANTS).join('; ')}`);
}
const first = only ?? Math.floor(Math.random() * 2 ** 31);
if (values.replay !== undefined) process.exitCode = replay(values.replay) ? 0 : 1;
else if (schedules === null) {
  const endMs = only === null ? performance.now() + minutes * 60_000 : 0;
  process.exitCode = rideAll(first, endMs) ? 0 : 1;
} else {
  const again = values.twice ? playedAgain(first, schedules, planted) : null;
  const { failures, hashes } = playAll(first, schedules, planted);
  console.log(`${schedules} schedules from seed ${first}, ${failures} broke a rule`);
  const differing = (await again?.(hashes)) ?? 0;
  process.exitCode = (planted === null) === (failures === 0) && differing === 0 ? 0 : 1;
}
