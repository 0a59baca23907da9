/**
 * `npm run soak -- [--minutes N] [--seed N]`: honest networks in rough worlds, one after another from
 * a random seed, until the time is over; with `--seed` that one alone.
 *
 * `npm run soak -- --schedules N [--seed N] [--planted BUG]`: so many random schedules of faults
 * instead (docs/STORMS.md), each as small as it can be made if it breaks a rule. With a planted bug it
 * ends at the first, and fails if there is none.
 *
 * Exit 1 if anything failed, after the one command that repeats it.
 */
import { parseArgs } from 'node:util';
import { seededRandom } from './support/network.ts';
import { isPlant, PLANTS, type PlantName } from './support/planted.ts';
import { play } from './support/play.ts';
import { draw, inWords } from './support/schedule.ts';
import { shrink } from './support/shrink.ts';
import { EVENTS, LOSSES, ride, type Storm } from './support/storm.ts';
import { VARIANTS } from './support/variants.ts';

/** Every so many schedules one is played again: the same seed must be the same run. */
const REPLAYED_EVERY = 25;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    schedules: { type: 'string' },
    planted: { type: 'string' },
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

/** How many schedules broke a rule. */
function playAll(first: number, count: number, planted: PlantName | null): number {
  let failures = 0;
  for (let seed = first; seed < first + count; seed += 1) {
    const started = performance.now();
    const { hash, committed, timedOut, virtualMs, failure } = play(draw(seed), planted);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const told = `${(virtualMs / 1000).toFixed(1)} s played in ${seconds} s, ${committed} committed, ${timedOut} timed out`;
    if (failure === null) console.log(`✓ seed ${seed} ${hash.slice(0, 16)}: ${told}`);
    else {
      failures += 1;
      report(seed, planted);
      if (planted !== null) break;
    }
    const isReplayed = failure === null && (seed - first) % REPLAYED_EVERY === 0;
    if (isReplayed && play(draw(seed), planted).hash !== hash) {
      failures += 1;
      console.log(`✗ seed ${seed}: played twice it was two runs`);
    }
  }
  return failures;
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
  const bug = planted === null ? '' : ` --planted '${planted}'`;
  console.log(`  npm run soak -- --schedules 1 --seed ${seed}${bug}`);
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
if (schedules === null) {
  const endMs = only === null ? performance.now() + minutes * 60_000 : 0;
  process.exitCode = rideAll(first, endMs) ? 0 : 1;
} else {
  const failures = playAll(first, schedules, planted);
  console.log(`${schedules} schedules from seed ${first}, ${failures} broke a rule`);
  process.exitCode = (planted === null) === (failures === 0) ? 0 : 1;
}
