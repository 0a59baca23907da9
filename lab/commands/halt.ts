/** `lab stop RUN` and `lab start RUN`: halt a network keeping its state, and bring it back. */
import { Command } from 'commander';
import type { RunStatus } from '../supervisor/api.ts';
import { openRun } from '../supervisor/client.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { findRun, jsonOption } from './common.ts';

export function stopCommand(): Command {
  return halting('stop', 'halt a network, keeping its state');
}

export function startCommand(): Command {
  return halting('start', 'bring a halted network back');
}

function halting(name: 'stop' | 'start', description: string): Command {
  return new Command(name)
    .description(description)
    .argument('[run]', 'run, by name or unique prefix')
    .addOption(jsonOption())
    .action(async (word: string | undefined, options: { readonly json?: boolean }) => {
      const client = await openRun(findRun(word, true).run);
      const status = await client.json<RunStatus>('POST', `/${name}`, {});
      if (options.json === true) printJson(status);
      else printLines([`${status.run} is ${status.phase}`]);
    });
}
