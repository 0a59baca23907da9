/**
 * `npm run soak -- [--minutes N] [--seed N]`: honest networks in rough worlds, one after another from
 * a random seed, until the time is over; with `--seed` that one alone. Exit 1 if anything failed,
 * after the one command that repeats it.
 */
import { parseArgs } from 'node:util';
import { seededRandom } from './support/network.ts';
import { EVENTS, LOSSES, ride, type Storm } from './support/storm.ts';
import { VARIANTS } from './support/variants.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
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

const minutes = Number(values.minutes);
const only = values.seed === undefined ? null : Number(values.seed);
if (![minutes, only ?? 0].every(Number.isFinite)) {
  console.error('minutes and seeds are numbers in digits');
  process.exit(2);
}
const first = only ?? Math.floor(Math.random() * 2 ** 31);
const endMs = only === null ? performance.now() + minutes * 60_000 : 0;
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
process.exitCode = failures === 0 ? 0 : 1;
