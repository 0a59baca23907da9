import { randomInt } from 'node:crypto';
import { afterAll, expect, test, vi } from 'vitest';
import { CommandLine, SMALL } from './command-line.ts';

/** Moments are spread over this: a run of the small testnet takes about so long. */
const RUN_MS = 9000;
const MOMENTS = 10;

const lab = new CommandLine();
afterAll(() => lab.close(), 60_000);

/** Mulberry32: a seed names one sequence. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself just before.
  }
}

test('whatever is killed at whatever moment of a run, lab down leaves nothing of it', async () => {
  const seed = Number(process.env['LAB_TEST_SEED'] ?? randomInt(2 ** 31));
  console.log(`LAB_TEST_SEED=${seed} repeats these moments`);
  const random = randomFrom(seed);
  const file = lab.file('small.yaml', SMALL);
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    const afterMs = ((moment + random()) * RUN_MS) / MOMENTS;
    const victims = ['command', 'supervisor', 'members', 'all'][Math.floor(random() * 4)] ?? 'all';
    const mode = random() < 0.7 ? 'run' : 'up';
    const share = random();
    const { child, outcome } = lab.start(mode, file, '--driver', 'process', '--quiet');
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    if (victims === 'command' || victims === 'all') kill(child.pid);
    for (const run of lab.runs()) {
      for (const { pid, what } of lab.processes(run)) {
        const chosen = what === 'supervisor' ? victims !== 'command' : random() < share;
        if (victims === 'all' || (chosen && victims.startsWith(what))) kill(pid);
      }
    }
    const down = await lab.run('down', '--all', '--json');
    const said = `${mode}, ${victims} after ${afterMs.toFixed(0)} ms: ${down.stderr}`;
    const objects = lab.leftovers().filter((left) => !left.includes('supervisor'));
    expect(objects, said).toEqual([]);
    expect(down.code, said).toBe(0);
    // A command that outlived its run does not start it anew, and a supervisor that was only starting
    // (it has no lock yet, so nobody could ask it) sees that the run has ended and goes.
    await outcome;
    await vi.waitFor(() => expect(lab.leftovers(), said).toEqual([]), 10_000);
  }
}, 150_000);
