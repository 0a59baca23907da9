/** `lab logs RUN [PEER]`: the supervisor's log, or a member's. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import { RUN_FILES } from '../supervisor/api.ts';
import { openRun } from '../supervisor/client.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { harmless } from '../terminal/style.ts';
import { findRun, jsonOption, wholeNumber } from './common.ts';

const MAX_LINES = 100_000;

export function logsCommand(): Command {
  return new Command('logs')
    .description('the log of a run, or of one of its members')
    .argument('[run]', 'run, by name or unique prefix')
    .argument('[peer]', 'member, such as honest-03')
    .addOption(
      new Option('--lines <n>', 'how many, from the end')
        .default(100)
        .argParser((text) => wholeNumber(text, 1, MAX_LINES)),
    )
    .addOption(jsonOption())
    .action(perform);
}

async function perform(
  word: string | undefined,
  member: string | undefined,
  options: { readonly lines: number; readonly json?: boolean },
): Promise<void> {
  const run = findRun(word, member !== undefined);
  const text =
    member === undefined
      ? supervisorLog(run.directory)
      : await (await openRun(run.run)).text(
          'GET',
          `/logs?member=${encodeURIComponent(member)}&lines=${options.lines}`,
        );
  const lines = text.trimEnd().split('\n').slice(-options.lines);
  if (options.json === true) printJson({ run: run.run, member: member ?? null, lines });
  else printLines(lines.map(harmless));
}

function supervisorLog(directory: string): string {
  const file = path.join(directory, RUN_FILES.supervisorLog);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
