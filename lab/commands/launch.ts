/** From a checked testnet to a run that can start: its folder, its plan, its token. */
import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { shortages } from '../doctor/capacity.ts';
import { chooseDriver } from '../drivers/choose.ts';
import { EXIT, LabError } from '../errors.ts';
import { runDirectoryOf } from '../home.ts';
import { loadTestnet } from '../manifest/load.ts';
import type { Testnet } from '../manifest/testnet.ts';
import { RUN_FILES } from '../supervisor/api.ts';
import type { RunPlan } from '../supervisor/api.ts';
import { expectReal } from '../supervisor/faults.ts';

const PACKAGE_ROOT = path.join(import.meta.dirname, '..', '..');

export interface LaunchOptions {
  readonly file: string;
  readonly mode: RunPlan['mode'];
  readonly driver: 'auto' | RunPlan['driver'];
  readonly seed?: number;
  /** Without its adversaries. */
  readonly honest?: boolean;
  /** Of a simulated run. */
  readonly cryptography?: RunPlan['cryptography'];
  /** `PATH=VALUE`, instead of values of the file. */
  readonly settings?: readonly string[];
  /** Virtual ms per wall ms of a simulated run that goes on beside wall time. */
  readonly pace?: number;
  /** Takes what the person should know before peers start. */
  remark(line: string): void;
}

/** A run's folder is ready; nothing of it lives yet. */
export interface PreparedRun {
  readonly run: string;
  readonly directory: string;
  readonly plan: RunPlan;
  readonly testnet: Testnet;
}

/** Checks everything that can be checked, then makes the run's folder; `follow` starts it. */
export async function prepareRun(options: LaunchOptions): Promise<PreparedRun> {
  const { file, mode, seed, honest = false, settings = [] } = options;
  const testnet = loadTestnet(file, {
    honest,
    settings,
    ...(seed === undefined ? {} : { seed }),
  });
  const { driver, reason } =
    options.driver === 'sim'
      ? { driver: options.driver, reason: 'asked for' }
      : await chooseDriver(options.driver);
  if (options.cryptography === 'ideal' && driver !== 'sim') {
    throw new LabError('ideal cryptography is for simulated runs alone', {
      exitCode: EXIT.badUse,
      remedy: 'add --driver sim',
    });
  }
  if (driver !== 'sim') expectReal(testnet.faults.map(({ kind }) => kind));
  const sleeper = testnet.members.find(({ asleep }) => asleep === true);
  if (driver !== 'sim' && sleeper !== undefined) {
    throw new LabError(
      `peers of group ${sleeper.group} are asleep until reached: none can be a process`,
      {
        exitCode: EXIT.badUse,
        remedy: 'add --driver sim, or take "asleep" out of the testnet file',
      },
    );
  }
  const findings = driver === 'sim' ? [] : shortages(testnet.members.length, driver);
  for (const { level, finding, remedy } of findings) {
    if (level === 'stop') {
      throw new LabError(finding, { exitCode: EXIT.machineCannot, remedy });
    }
    options.remark(`! ${finding}; ${remedy}`);
  }
  const run = `${testnet.name}-${randomBytes(3).toString('hex')}`;
  const directory = runDirectoryOf(run);
  mkdirSync(path.dirname(directory), { recursive: true });
  mkdirSync(directory, { mode: 0o700 });
  const manifest = path.join(directory, RUN_FILES.manifest);
  const plan: RunPlan = {
    run,
    manifest,
    driver,
    driverReason: reason,
    seed: testnet.seed,
    honest,
    mode,
    version: version(),
    ...(options.cryptography === undefined ? {} : { cryptography: options.cryptography }),
    ...(settings.length === 0 ? {} : { settings }),
    ...(options.pace === undefined || driver !== 'sim' ? {} : { pace: options.pace }),
  };
  writeFileSync(manifest, testnet.source);
  writeFileSync(path.join(directory, RUN_FILES.token), randomBytes(32).toString('hex'), {
    mode: 0o600,
  });
  writeFileSync(path.join(directory, RUN_FILES.plan), `${JSON.stringify(plan, null, 2)}\n`);
  const asleep = testnet.members.filter((member) => member.asleep === true).length;
  const sleeping = asleep === 0 ? '' : `, ${asleep} of them asleep until reached`;
  options.remark(
    `${run}: ${testnet.members.length} members${sleeping}, driver ${driver}${options.driver === 'auto' ? ` (${reason})` : ''}`,
  );
  return { run, directory, plan, testnet };
}

/** Version of the package, and the commit where it is a checkout: `0.1.0+72c7d16`. */
export function version(): string {
  const text = readFileSync(path.join(PACKAGE_ROOT, 'package.json'), 'utf8');
  const { version: number } = z.object({ version: z.string() }).parse(JSON.parse(text));
  const git = spawnSync('git', ['-C', PACKAGE_ROOT, 'rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return git.status === 0 ? `${number}+${git.stdout.trim()}` : number;
}
