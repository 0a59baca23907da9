/** `lab run FILE` and `lab demo`: the whole of a testnet, from launch to removal. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import type { RunResult } from '../analysis/result.ts';
import type { DriverName } from '../drivers/driver.ts';
import { EXIT, LabError } from '../errors.ts';
import { printJson, printLines, remark } from '../terminal/output.ts';
import { summaryLines } from '../terminal/summary.ts';
import { driverOption, jsonOption, seedOption } from './common.ts';

const DEMO = path.join(import.meta.dirname, '..', '..', 'testnets', 'demo.yaml');

interface Options {
  readonly driver: 'auto' | DriverName;
  readonly seed?: number;
  readonly honest?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function runCommand(): Command {
  return withOptions(
    new Command('run')
      .description('launch a testnet, run its timeline, report, remove it')
      .argument('<file>', 'testnet file'),
  ).action((file: string, options: Options) => perform(file, options, `run ${file}`));
}

export function demoCommand(): Command {
  return withOptions(
    new Command('demo').description('the main job: a small network, an attack, its detection'),
  ).action((options: Options) => perform(DEMO, options, 'demo'));
}

function withOptions(command: Command): Command {
  return command
    .addOption(driverOption())
    .addOption(seedOption())
    .addOption(
      new Option('--honest', 'the same network without its adversaries and attacks, to compare'),
    )
    .addOption(jsonOption())
    .addOption(new Option('--quiet', 'no progress'));
}

async function perform(file: string, options: Options, words: string): Promise<void> {
  const { prepareRun } = await import('./launch.ts');
  const { follow } = await import('./follow.ts');
  const { driver, seed, honest = false, json = false, quiet = false } = options;
  const prepared = await prepareRun({
    file,
    mode: 'run',
    driver,
    honest,
    ...(seed === undefined ? {} : { seed }),
    remark: quiet ? () => undefined : remark,
  });
  const ended = await follow(prepared, { quiet });
  if (ended === null || ended.resultPath === null) {
    throw new LabError(ended?.error ?? `${prepared.run} ended without a result`, {
      exitCode: ended === null || ended.exitCode === EXIT.fine ? EXIT.broke : ended.exitCode,
      remedy: ended?.remedy ?? `npx lab logs ${prepared.run}`,
    });
  }
  // Written by the supervisor of this same package.
  const result: RunResult = JSON.parse(readFileSync(ended.resultPath, 'utf8'));
  if (json) printJson(result);
  else {
    const control = honest ? ' --honest' : '';
    const repeat = `npx lab ${words} --driver ${result.driver} --seed ${result.seed}${control}`;
    printLines(summaryLines(result, repeat));
  }
  if (ended.error !== undefined) remark(`lab: ${ended.error}`);
  process.exitCode = ended.exitCode;
}
