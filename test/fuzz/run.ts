/**
 * `npm run fuzz -- [--minutes N] [--target NAME] [--seed N] [--rounds N]`: rounds over all targets
 * in turn until the time is over; without a seed they go on from a random one. Exit 1 for a crash,
 * after the one command that repeats it.
 */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';
import { TARGETS } from './targets.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string' },
    seed: { type: 'string' },
    rounds: { type: 'string' },
  },
});
const chosen = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
const minutes = Number(values.minutes);
const rounds = values.rounds === undefined ? Number.POSITIVE_INFINITY : Number(values.rounds);
const firstSeed =
  values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (chosen.length === 0 || ![minutes, firstSeed].every(Number.isFinite) || Number.isNaN(rounds)) {
  console.error(`targets: ${TARGETS.map(({ name }) => name).join(', ')}; numbers in digits`);
  process.exit(2);
}
const endMs = performance.now() + minutes * 60_000;
const totals = new Map(chosen.map(({ name }) => [name, { executions: 0, outcomes: 0 }]));
let crashes = 0;
console.log(`seed ${firstSeed}, ${minutes} min`);
for (let round = 0; round < rounds && performance.now() < endMs; round += 1) {
  for (const target of chosen) {
    const seed = (firstSeed + round) >>> 0;
    const { executions, outcomes, crash } = fuzz(target, seed);
    const total = totals.get(target.name);
    if (total !== undefined) {
      total.executions += executions;
      total.outcomes = Math.max(total.outcomes, outcomes);
    }
    if (crash === null) continue;
    crashes += 1;
    console.log(
      `CRASH ${target.name}: ${crash.error instanceof Error ? crash.error.stack : String(crash.error)}`,
    );
    console.log(`  input ${Buffer.from(crash.input).toString('hex')}`);
    console.log(`  npm run fuzz -- --target ${target.name} --seed ${seed} --rounds 1`);
  }
}
for (const [name, { executions, outcomes }] of totals) {
  console.log(
    `${name.padEnd(20)} ${String(executions).padStart(10)} executions, ${outcomes} outcomes`,
  );
}
const all = [...totals.values()].reduce((sum, { executions }) => sum + executions, 0);
console.log(`${all} executions, ${crashes} crashes, seed ${firstSeed}`);
process.exitCode = crashes === 0 ? 0 : 1;
