/**
 * A small real network in containers, driven by the commands that a person types: everything from the
 * manifest to the removal at once, on whatever engine the machine has.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { engine, LABEL } from '../../lab/drivers/docker-engine.ts';
import { lockOwner } from '../../lab/supervisor/lock.ts';
import { needs } from '../support/machine.ts';
import { containersMissing } from './members.ts';

/** The first one builds two images; the runs themselves take half a minute on two idle cores. */
const TIMEOUT_MS = 240_000;
const ROOT = path.join(import.meta.dirname, '..', '..');
const missing = await containersMissing();
let home = '';
let manifest = '';

const Result = z.object({
  run: z.string(),
  driver: z.string(),
  shaping: z.string(),
  transactions: z.object({ committed: z.number(), safetyViolations: z.number() }),
  attacks: z.array(z.object({ detectedBy: z.array(z.string()), slashed: z.number() })),
  detection: z.object({ truePositives: z.number(), falseSlashes: z.number() }),
});

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'lab-network-'));
  manifest = path.join(home, 'quick.yaml');
  const quick = readFileSync(path.join(ROOT, 'testnets', 'quick.yaml'), 'utf8');
  // Other tests run beside this one: how busy the host is decides nothing here.
  await writeFile(manifest, `${quick}\nallow: {shapingOff: true, lowFidelity: true}\n`);
});

afterAll(async () => {
  if (missing === null) await lab('down', '--all');
  await rm(home, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function lab(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [path.join(ROOT, 'lab', 'cli.ts'), ...args], {
    env: { ...process.env, LAB_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece) => (stdout += String(piece)));
  child.stderr.on('data', (piece) => (stderr += String(piece)));
  child.on('error', reject);
  child.on('close', (code) => resolve({ code, stdout, stderr }));
  return promise;
}

/** Everything of a run that the engine or the run's folder still holds. */
async function traces(run: string): Promise<string[]> {
  const filters = { label: [`${LABEL.run}=${run}`] };
  const containers = await engine().listContainers({ all: true, filters });
  const networks = await engine().listNetworks({ filters });
  const { Volumes } = await engine().listVolumes({ filters });
  const members = path.join(home, 'runs', run, 'members');
  return [
    ...containers.flatMap(({ Names }) => Names),
    ...networks.map(({ Name }) => Name),
    ...(Volumes ?? []).map(({ Name }) => Name),
    ...(existsSync(members) ? [members] : []),
  ];
}

test(
  'peers in containers commit, liars are slashed, nothing is left',
  async (context) => {
    needs(context, missing);
    const { code, stdout, stderr } = await lab('run', manifest, '--driver', 'docker', '--json');
    expect(code, stderr).toBe(0);
    const result = Result.parse(JSON.parse(stdout));
    expect(result).toMatchObject({ driver: 'docker' });
    expect(['netem', 'userspace']).toContain(result.shaping);
    expect(result.transactions.committed).toBeGreaterThan(0);
    expect(result.transactions.safetyViolations).toBe(0);
    expect(result.detection.truePositives).toBeGreaterThan(0);
    expect(result.detection.falseSlashes).toBe(0);
    expect(result.attacks[0]?.detectedBy.join(' ')).toContain('evidence:');
    expect(result.attacks[0]?.slashed).toBeGreaterThan(0);
    expect(await traces(result.run)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a network whose supervisor was killed is found and removed',
  async (context) => {
    needs(context, missing);
    const up = await lab('up', manifest, '--driver', 'docker', '--json');
    expect(up.code, up.stderr).toBe(0);
    const { run } = z.object({ run: z.string() }).parse(JSON.parse(up.stdout));
    expect((await traces(run)).length).toBeGreaterThan(12);
    const owner = lockOwner(path.join(home, 'runs', run));
    if (owner === null) throw new Error('the run has no supervisor');
    process.kill(owner.pid, 'SIGKILL');
    const down = await lab('down', run);
    expect(down.code, down.stderr).toBe(0);
    expect(await traces(run)).toEqual([]);
  },
  TIMEOUT_MS,
);
