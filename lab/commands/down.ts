/** `lab down [RUN…|--all]`: removes what runs, also what a crash left. */
import { rmSync } from 'node:fs';
import { Command, Option } from 'commander';
import { EXIT, LabError } from '../errors.ts';
import { isAlive, listRuns } from '../supervisor/client.ts';
import { printJson, printLines, remark } from '../terminal/output.ts';
import { findRun, jsonOption } from './common.ts';
import { hasRemains, removeRun } from './remove-run.ts';

interface Options {
  readonly all?: boolean;
  readonly purge?: boolean;
  readonly json?: boolean;
}

export function downCommand(): Command {
  return new Command('down')
    .description('remove runs: their peers, networks and processes; results stay')
    .argument('[run...]', 'runs, by name or unique prefix')
    .addOption(new Option('--all', 'every run, and the images of earlier builds'))
    .addOption(new Option('--purge', 'delete the folders too, with results and reports'))
    .addOption(jsonOption())
    .action(perform);
}

async function perform(words: readonly string[], options: Options): Promise<void> {
  const { all = false, purge = false, json = false } = options;
  if (all && words.length > 0) {
    throw new LabError('--all and names of runs', {
      exitCode: EXIT.badUse,
      remedy: 'give one of them',
    });
  }
  const living = listRuns().filter(isAlive);
  if (words.length === 0 && living.length === 0 && !purge && !all) {
    if (json) printJson({ runs: [], images: [] });
    else printLines(['nothing to remove']);
    return;
  }
  const runs = all
    ? listRuns().filter((run) => purge || hasRemains(run))
    : (words.length === 0 ? [undefined] : words).map((word) =>
        findRun(word, word === undefined && !purge),
      );
  const removed: { run: string; removed: readonly string[]; error?: string }[] = [];
  for (const run of runs) {
    try {
      removed.push({ run: run.run, removed: await removeRun(run) });
      if (purge) rmSync(run.directory, { recursive: true, force: true });
    } catch (error) {
      // One run that cannot be removed does not keep the others.
      const message = error instanceof Error ? error.message : String(error);
      removed.push({ run: run.run, removed: [], error: message });
      remark(`lab: ${run.run}: ${message}`);
      process.exitCode = EXIT.broke;
    }
  }
  const images = all ? await oldImagesGone() : [];
  if (json) printJson({ runs: removed, images });
  else {
    const lines = removed.flatMap((entry) => describe(entry, purge));
    lines.push(...images.map((tag) => `image ${tag}: removed`));
    printLines(lines.length === 0 ? ['nothing to remove'] : lines);
  }
}

async function oldImagesGone(): Promise<readonly string[]> {
  const { removeOldImages } = await import('../image/old-images.ts');
  try {
    return await removeOldImages(Date.now());
  } catch (error) {
    remark(`lab: old images: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

function describe(
  entry: { run: string; removed: readonly string[]; error?: string },
  purge: boolean,
) {
  if (entry.error !== undefined) return [];
  const what = entry.removed.length === 0 ? 'nothing was left' : `removed ${entry.removed.length}`;
  const folder = purge ? ', folder deleted' : '';
  return [`${entry.run}: ${what}${folder}`, ...entry.removed.map((name) => `  ${name}`)];
}
