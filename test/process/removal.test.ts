import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { CommandLine, SMALL } from './command-line.ts';

const SUPERVISOR = path.resolve(import.meta.dirname, '../../lab/supervisor/main.ts');
/** A command that hears of its run's end says so much sooner than one that gives up (15 s). */
const HEARD_MS = 10_000;

/** Moments are spread over this: a run of the small testnet takes about so long. */
const RUN_MS = 9000;
const MOMENTS = 8;

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

/** The folder of a run that has ended, with what a supervisor killed in its last moment leaves there. */
function endedRun(name: string): string {
  const directory = lab.directory(name);
  mkdirSync(directory, { recursive: true });
  const plan = { run: name, manifest: path.join(directory, 'testnet.yaml'), driver: 'process' };
  const more = { driverReason: 'asked for', seed: 1, mode: 'run', version: '0' };
  const files = {
    'plan.json': JSON.stringify({ ...plan, ...more }),
    'testnet.yaml': SMALL,
    token: 'secret',
    'journal.ndjson': `${JSON.stringify({ entry: 'ended', atMs: 1, exitCode: 4 })}\n`,
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(directory, file), text);
  return directory;
}

test('a supervisor that starts after its run was taken down goes without opening a socket', async () => {
  const directory = endedRun('late');
  const seen = new Set<string | null>();
  const watcher = watch(directory, (_, file) => seen.add(file));
  const [code] = await once(spawn(process.execPath, [SUPERVISOR, directory]), 'exit');
  watcher.close();
  expect({ code, left: lab.leftovers() }).toEqual({ code: 0, left: [] });
  expect([...seen]).toContain('supervisor.pid');
  expect([...seen]).not.toContain('control.sock');
}, 30_000);

test('what a supervisor that was killed while it said farewell left, lab down --all removes', async () => {
  const directory = endedRun('farewell');
  for (const file of ['control.sock', 'supervisor.pid']) {
    writeFileSync(path.join(directory, file), JSON.stringify({ pid: process.pid, startTicks: 0 }));
  }
  const { code, stdout } = await lab.run('down', '--all', '--json');
  expect({ code, left: lab.leftovers() }).toEqual({ code: 0, left: [] });
  expect(JSON.parse(stdout)).toMatchObject({ runs: [{ run: 'farewell', removed: [] }] });
}, 30_000);

test('a command whose run is taken down behind a killed supervisor hears how it ended', async () => {
  const file = lab.file('long.yaml', SMALL.replace('durationMs: 2000', 'durationMs: 60000'));
  const { outcome } = lab.start('run', file, '--driver', 'process', '--quiet');
  const supervisors = (): number[] =>
    lab.runs().flatMap((run) => {
      const all = lab.processes(run);
      const members = all.filter(({ what }) => what === 'member').length;
      const supervising = all.filter(({ what }) => what === 'supervisor').map(({ pid }) => pid);
      return members === 0 ? [] : supervising;
    });
  const [pid] = await vi.waitFor(() => {
    const found = supervisors();
    expect(found).toHaveLength(1);
    return found;
  }, 60_000);
  kill(pid);
  const down = await lab.run('down', '--all', '--json');
  const downAtMs = performance.now();
  expect({ code: down.code, said: down.stderr }).toMatchObject({ code: 0 });
  const { code, stderr } = await outcome;
  expect(performance.now() - downAtMs).toBeLessThan(HEARD_MS);
  expect(code).toBe(4);
  expect(stderr).toContain('taken down');
  await vi.waitFor(() => expect(lab.leftovers()).toEqual([]), 10_000);
}, 120_000);

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
    const earlier = lab.runs();
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
    const said = `${mode}, ${victims} after ${afterMs.toFixed(0)} ms: ${down.stdout} ${down.stderr}`;
    const objects = lab.leftovers().filter((left) => !left.includes('supervisor'));
    expect(objects, said).toEqual([]);
    expect(down.code, said).toBe(0);
    // A command that outlived its run does not start it anew, and a supervisor that was only starting
    // (it has no lock yet, so nobody could ask it) sees that the run has ended and goes.
    await outcome;
    // Nor is a run taken down that had not begun when `down` looked: it is asked once more.
    const known = new Set(removed.parse(JSON.parse(down.stdout)).runs.map(({ run }) => run));
    if (lab.runs().some((run) => !earlier.includes(run) && !known.has(run))) {
      expect((await lab.run('down', '--all')).code, said).toBe(0);
    }
    await vi.waitFor(() => expect(lab.leftovers(), said).toEqual([]), 10_000);
  }
}, 150_000);

const removed = z.object({ runs: z.array(z.object({ run: z.string() })) });
