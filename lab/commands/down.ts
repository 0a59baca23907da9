/** `lab down [RUN…|--all]`: removes what runs, also what a crash left. */
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import type { RunResult } from '../analysis/result.ts';
import { EXIT, LabError } from '../errors.ts';
import { RUN_FILES } from '../supervisor/api.ts';
import { isAlive, listRuns, openRun } from '../supervisor/client.ts';
import { printJson, printLines, remark } from '../terminal/output.ts';
import { findRun, jsonOption } from './common.ts';
import { hasRemains, removeRun } from './remove-run.ts';

interface Options {
  readonly all?: boolean;
  readonly purge?: boolean;
  readonly report?: boolean;
  readonly json?: boolean;
}

interface Removed {
  readonly run: string;
  readonly removed: readonly string[];
  /** What `--report` wrote. */
  readonly reportPath: string | null;
  /** Now or earlier: `lab report` finds a result. */
  readonly isScored: boolean;
  readonly error?: string;
}

export function downCommand(): Command {
  return new Command('down')
    .description('remove runs: their peers, networks and processes; results stay')
    .argument('[run...]', 'runs, by name or unique prefix')
    .addOption(new Option('--all', 'every run, and the images of earlier builds'))
    .addOption(new Option('--purge', 'delete the folders too, with results and reports'))
    .addOption(new Option('--report', 'first score what lives, and write its report'))
    .addOption(jsonOption())
    .action(perform);
}

async function perform(words: readonly string[], options: Options): Promise<void> {
  const { all = false, purge = false, report = false, json = false } = options;
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
  const removed: Removed[] = [];
  for (const run of runs) {
    try {
      const reportPath = report && isAlive(run) ? await reportOf(run.run) : null;
      const objects = await removeRun(run);
      const isScored = existsSync(path.join(run.directory, RUN_FILES.result));
      removed.push({ run: run.run, removed: objects, reportPath, isScored });
      if (purge) rmSync(run.directory, { recursive: true, force: true });
    } catch (error) {
      // One run that cannot be removed does not keep the others.
      const message = error instanceof Error ? error.message : String(error);
      removed.push({
        run: run.run,
        removed: [],
        reportPath: null,
        isScored: false,
        error: message,
      });
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

/** Scores what there is so far; where the report of it is. Throws LabError. */
async function reportOf(run: string): Promise<string | null> {
  const client = await openRun(run);
  if ((await client.status()).elapsedMs === null) {
    remark(`lab: ${run}: its load had not begun: there is nothing to report on`);
    return null;
  }
  const { reportPath } = await client.json<RunResult>('POST', '/result', {});
  return reportPath;
}

function describe(entry: Removed, purge: boolean) {
  if (entry.error !== undefined) return [];
  const what = entry.removed.length === 0 ? 'nothing was left' : `removed ${entry.removed.length}`;
  const folder = purge ? ', folder deleted' : '';
  const unscored = !purge && !entry.isScored && entry.removed.length > 0;
  return [
    `${entry.run}: ${what}${folder}`,
    ...entry.removed.map((name) => `  ${name}`),
    ...(entry.reportPath === null || purge ? [] : [`  report: ${entry.reportPath}`]),
    ...(unscored ? ['  it was not scored and has no report; down --report scores first'] : []),
  ];
}
