/** Carries out one run of a campaign, in this process or by the command that a person would type. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { judgedRun } from '../analysis/detector-judgement.ts';
import { finalityThreshold, TRANSACTION_FATES } from '../analysis/queries.ts';
import type { RunResult } from '../analysis/result.ts';
import { runDirectoryOf } from '../home.ts';
import { parseTestnet } from '../manifest/load.ts';
import { RUN_FILES, type RunPlan } from '../supervisor/api.ts';
import { ask } from '../telemetry/queries.ts';
import type { TelemetryStore } from '../telemetry/store.ts';
import { type CampaignRun, type Observations, type Outcome, storedJudgement } from './rows.ts';

/** What a worker needs to know of a run. */
export interface Task {
  readonly run: CampaignRun;
  /** Unique under LAB_HOME. */
  readonly name: string;
  readonly driver: RunPlan['driver'];
  readonly cryptography: 'real' | 'ideal';
  readonly version: string;
  /** Copy of the testnet file. */
  readonly testnet: string;
  readonly testnetSource: string;
  /** The run's folder stays, as `lab run` would leave it. */
  readonly keep: boolean;
  /** Where it works otherwise. */
  readonly working: string;
}

/** Throws what the run threw; its folder is gone unless it was to be kept. */
export async function carryOut(task: Task): Promise<Outcome> {
  return task.driver === 'sim' ? simulated(task) : living(task);
}

async function simulated(task: Task): Promise<Outcome> {
  const { simulate } = await import('../simulator/run.ts');
  const { run, name, version, cryptography, keep, testnetSource } = task;
  const { seed, settings, part } = run;
  const honest = part === 'control';
  const testnet = parseTestnet(testnetSource, task.testnet, { seed, settings, honest });
  const directory = keep ? runDirectoryOf(name) : path.join(task.working, run.id);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const manifest = path.join(directory, RUN_FILES.manifest);
  const plan: RunPlan = {
    run: name,
    manifest,
    driver: 'sim',
    driverReason: 'asked for',
    seed,
    honest,
    mode: 'run',
    version,
    cryptography,
    settings,
  };
  writeFileSync(manifest, testnetSource);
  writeFileSync(path.join(directory, RUN_FILES.plan), `${JSON.stringify(plan, null, 2)}\n`);
  let observed: Observations | null = null;
  const cpuBefore = process.threadCpuUsage();
  try {
    const result = await simulate(testnet, {
      plan,
      directory,
      scoresOnly: !keep,
      onScored: async (store) => {
        observed = await observe(store, name, testnet.protocol.k);
      },
    });
    const { user, system } = process.threadCpuUsage(cpuBefore);
    if (observed === null) throw new Error(`${name} was scored, and not looked at`);
    return { state: 'done', result, observed, cpuMs: Math.round((user + system) / 1000) };
  } finally {
    if (!keep) rmSync(directory, { recursive: true, force: true });
  }
}

async function observe(store: TelemetryStore, run: string, k: number): Promise<Observations> {
  const fates = await ask(store, TRANSACTION_FATES, { run, need: finalityThreshold(k) });
  const finalityMs = fates.flatMap(({ final_ms: ms }) => ms ?? []).sort((a, b) => a - b);
  return { finalityMs, detectors: storedJudgement(await judgedRun(store, run)) };
}

const LAB = path.join(import.meta.dirname, '..', 'cli.ts');

/** A run of real peers is `lab run`, which cleans up after itself whatever happens. */
async function living(task: Task): Promise<Outcome> {
  const { run, driver, keep } = task;
  const words = [
    'run',
    task.testnet,
    '--driver',
    driver,
    '--seed',
    String(run.seed),
    '--json',
    '--quiet',
    ...(run.part === 'control' ? ['--honest'] : []),
    ...run.settings.flatMap((setting) => ['--set', setting]),
  ];
  const { stdout, stderr, code } = await command(words);
  let result: RunResult;
  try {
    // The one document of our own command.
    result = JSON.parse(stdout);
  } catch {
    return { state: 'broke', error: stderr.trim() || `lab run ended with ${code ?? 'a signal'}` };
  }
  const { openStore } = await import('../telemetry/open.ts');
  const store = await openStore(path.join(runDirectoryOf(result.run), RUN_FILES.telemetry));
  let observed: Observations;
  try {
    const { k } = parseTestnet(task.testnetSource, task.testnet, run).protocol;
    observed = await observe(store, result.run, k);
  } finally {
    await store.close();
  }
  if (!keep) await command(['down', '--purge', result.run]);
  return { state: 'done', result, observed, cpuMs: null };
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** The command under way, and its end. */
let present: { readonly child: ChildProcess; readonly ended: Promise<Ended> } | null = null;

/** Asks a run of real peers to remove itself, and waits for that. */
export async function interrupt(): Promise<void> {
  present?.child.kill('SIGINT');
  await present?.ended;
}

function command(words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [LAB, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A terminal's Ctrl-C must not reach it beside ours: the second one means "at once".
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ stdout, stderr, code }));
  });
  present = { child, ended };
  return ended;
}
