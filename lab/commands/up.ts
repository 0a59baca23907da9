/** `lab up FILE`: launch a testnet and leave it running. */
import { Command, Option } from 'commander';
import { EXIT, LabError } from '../errors.ts';
import { openRun } from '../supervisor/client.ts';
import { printJson, printLines, remark } from '../terminal/output.ts';
import type { RunPlan } from '../supervisor/api.ts';
import {
  cryptographyOption,
  jsonOption,
  paceOption,
  runDriverOption,
  seedOption,
  setOption,
} from './common.ts';

interface Options {
  readonly driver: 'auto' | RunPlan['driver'];
  readonly seed?: number;
  readonly set?: readonly string[];
  readonly pace: number;
  readonly cryptography?: 'real' | 'ideal';
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function upCommand(): Command {
  return new Command('up')
    .description('launch a testnet and leave it running')
    .argument('<file>', 'testnet file')
    .addOption(runDriverOption())
    .addOption(seedOption())
    .addOption(setOption())
    .addOption(paceOption())
    .addOption(cryptographyOption())
    .addOption(jsonOption())
    .addOption(new Option('--quiet', 'no progress'))
    .action(perform);
}

async function perform(file: string, options: Options): Promise<void> {
  const { prepareRun } = await import('./launch.ts');
  const { follow } = await import('./follow.ts');
  const { driver, seed, pace, cryptography, set = [], json = false, quiet = false } = options;
  const prepared = await prepareRun({
    file,
    mode: 'up',
    driver,
    settings: set,
    pace,
    ...(cryptography === undefined ? {} : { cryptography }),
    ...(seed === undefined ? {} : { seed }),
    remark: quiet ? () => undefined : remark,
  });
  const ended = await follow(prepared, { quiet, until: 'running' });
  if (ended !== null) {
    throw new LabError(ended.error ?? `${prepared.run} ended while it was launched`, {
      exitCode: ended.exitCode === EXIT.fine ? EXIT.broke : ended.exitCode,
      remedy: ended.remedy ?? `npx lab logs ${prepared.run}; npx lab down ${prepared.run}`,
    });
  }
  const status = await (await openRun(prepared.run)).status();
  if (json) {
    printJson(status);
    return;
  }
  printLines([
    `${prepared.run} runs: ${status.members.length} members, driver ${status.driver}, links ${status.shaping}`,
    `  npx lab links ${prepared.run}      asked and measured round trips`,
    `  npx lab attack NAME --run ${prepared.run}`,
    `  npx lab tui ${prepared.run}        watch and drive it`,
    `  npx lab down ${prepared.run} --report   score it, write the report, remove it; without: just remove it`,
  ]);
}
