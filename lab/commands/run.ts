/** `lab run FILE` and `lab demo`: the whole of a testnet, from launch to removal. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import type { RunResult } from '../analysis/result.ts';
import { exitCodeOf } from '../analysis/verdict.ts';
import type { DriverName } from '../drivers/driver.ts';
import { EXIT, LabError } from '../errors.ts';
import { printJson, printLines, remark } from '../terminal/output.ts';
import { runAgain } from '../terminal/shell.ts';
import { summaryLines } from '../terminal/summary.ts';
import {
  cryptographyOption,
  jsonOption,
  runDriverOption,
  seedOption,
  setOption,
} from './common.ts';
import type { PreparedRun } from './launch.ts';

const DEMO = path.join(import.meta.dirname, '..', '..', 'testnets', 'demo.yaml');

interface Options {
  readonly driver: 'auto' | DriverName | 'sim';
  readonly seed?: number;
  readonly honest?: boolean;
  readonly cryptography?: 'real' | 'ideal';
  readonly compare?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function runCommand(): Command {
  return withOptions(
    new Command('run')
      .description('launch a testnet, run its timeline, report, remove it')
      .argument('[file]', 'testnet file'),
  )
    .addOption(
      new Option(
        '--compare <run>',
        'simulate this run again, stop at the first event that differs and show it',
      ),
    )
    .action(run);
}

async function run(file: string | undefined, options: Options): Promise<void> {
  if (options.compare !== undefined) {
    const { compareRun } = await import('./compare.ts');
    const { seed, set: settings = [], json = false, quiet = false } = options;
    return compareRun(options.compare, { file, seed, settings, json, quiet });
  }
  if (file === undefined) {
    throw new LabError('which testnet?', {
      exitCode: EXIT.badUse,
      remedy: 'name a file such as testnets/demo.yaml',
    });
  }
  return perform(file, options, ['run', file]);
}

export function demoCommand(): Command {
  return withOptions(
    new Command('demo').description('the main job: a small network, an attack, its detection'),
  ).action((options: Options) => perform(DEMO, options, ['demo']));
}

function withOptions(command: Command): Command {
  return command
    .addOption(runDriverOption())
    .addOption(seedOption())
    .addOption(
      new Option('--honest', 'the same network without its adversaries and attacks, to compare'),
    )
    .addOption(cryptographyOption())
    .addOption(setOption())
    .addOption(jsonOption())
    .addOption(new Option('--quiet', 'no progress'));
}

async function perform(file: string, options: Options, words: readonly string[]): Promise<void> {
  const { prepareRun } = await import('./launch.ts');
  const { driver, seed, honest = false, cryptography, json = false, quiet = false } = options;
  const { set: settings = [] } = options;
  const prepared = await prepareRun({
    file,
    mode: 'run',
    driver,
    honest,
    settings,
    ...(seed === undefined ? {} : { seed }),
    ...(cryptography === undefined ? {} : { cryptography }),
    remark: quiet ? () => undefined : remark,
  });
  const { result, exitCode, trouble } =
    driver === 'sim' ? await simulated(prepared, quiet) : await living(prepared, quiet);
  if (json) printJson(result);
  else printLines(summaryLines(result, repetition(words, result, settings)));
  if (trouble !== undefined) remark(`lab: ${trouble}`);
  process.exitCode = exitCode;
}

/** A run that was carried out. */
export interface CarriedOut {
  readonly result: RunResult;
  readonly exitCode: number;
  readonly trouble?: string | undefined;
}

async function simulated(prepared: PreparedRun, quiet: boolean): Promise<CarriedOut> {
  const { simulatePrepared } = await import('./simulate.ts');
  const result = await simulatePrepared(prepared, { quiet });
  return { result, exitCode: exitCodeOf(result, prepared.testnet.allow) };
}

/** Follows a run of real peers to its end. Throws a LabError when that has no result. */
export async function living(prepared: PreparedRun, quiet: boolean): Promise<CarriedOut> {
  const { follow } = await import('./follow.ts');
  const ended = await follow(prepared, { quiet });
  if (ended === null || ended.resultPath === null) {
    throw new LabError(ended?.error ?? `${prepared.run} was taken down before it had a result`, {
      exitCode: ended === null || ended.exitCode === EXIT.fine ? EXIT.broke : ended.exitCode,
      remedy: ended?.remedy ?? `npx lab logs ${prepared.run}`,
    });
  }
  // Written by the supervisor of this same package.
  const result: RunResult = JSON.parse(readFileSync(ended.resultPath, 'utf8'));
  return { result, exitCode: ended.exitCode, trouble: ended.error };
}

/** The command that does the same again. */
function repetition(
  words: readonly string[],
  { driver, seed, honestControl: honest, cryptography }: RunResult,
  settings: readonly string[],
): string {
  return runAgain(words, { driver, seed, honest, cryptography, settings });
}
