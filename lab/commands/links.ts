/** `lab links RUN`: measures the links anew and holds them against what was asked. */
import { Command } from 'commander';
import type { LinkMeasurement } from '../analysis/result.ts';
import { EXIT } from '../errors.ts';
import { openRun } from '../supervisor/client.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { linkTable } from '../terminal/summary.ts';
import { findRun, jsonOption } from './common.ts';

export function linksCommand(): Command {
  return new Command('links')
    .description('asked and measured round trip and loss')
    .argument('[run]', 'run, by name or unique prefix')
    .addOption(jsonOption())
    .action(async (word: string | undefined, options: { readonly json?: boolean }) => {
      const client = await openRun(findRun(word, true).run);
      const answer = await client.json<{ links: LinkMeasurement[] }>('POST', '/links', {});
      if (options.json === true) printJson(answer);
      else printLines(linkTable(answer.links));
      if (answer.links.some(({ ok }) => !ok)) process.exitCode = EXIT.void;
    });
}
