/** `lab report RUN`: writes the run's HTML report again from what is stored. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import type { RunResult } from '../analysis/result.ts';
import { EXIT, LabError } from '../errors.ts';
import { loadTestnet } from '../manifest/load.ts';
import { RUN_FILES } from '../supervisor/api.ts';
import { isAlive, openRun } from '../supervisor/client.ts';
import type { RunSummary } from '../supervisor/client.ts';
import { RunEvents } from '../supervisor/events.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { findRun, jsonOption } from './common.ts';

export function reportCommand(): Command {
  return new Command('report')
    .description('write one self-contained HTML file')
    .argument('[run]', 'run, by name or unique prefix')
    .addOption(jsonOption())
    .action(async (word: string | undefined, options: { readonly json?: boolean }) => {
      const run = findRun(word, false);
      // A living run's store belongs to its supervisor, which scores and writes what there is so far.
      const reportPath = isAlive(run) ? await liveReport(run) : await storedReport(run);
      if (options.json === true) printJson({ run: run.run, reportPath });
      else printLines([reportPath]);
    });
}

async function liveReport(run: RunSummary): Promise<string> {
  const client = await openRun(run.run);
  const result = await client.json<RunResult>('POST', '/result', {});
  if (result.reportPath === null) {
    throw new LabError(`${run.run} has no report yet`, {
      exitCode: EXIT.broke,
      remedy: `npx lab logs ${run.run}`,
    });
  }
  return result.reportPath;
}

async function storedReport(run: RunSummary): Promise<string> {
  const stored = path.join(run.directory, RUN_FILES.result);
  if (!existsSync(stored)) {
    throw new LabError(`${run.run} ended without a result`, {
      exitCode: EXIT.badUse,
      remedy: `npx lab logs ${run.run} shows why`,
    });
  }
  const [{ openStore }, { writeReport }] = await Promise.all([
    import('../telemetry/open.ts'),
    import('../report/write.ts'),
  ]);
  // Written by the supervisor of this same package.
  const result: RunResult = JSON.parse(readFileSync(stored, 'utf8'));
  const events: Parameters<Parameters<RunEvents['follow']>[1]>[0][] = [];
  new RunEvents(run.directory).follow(0, (event) => events.push(event))();
  const store = await openStore(path.join(run.directory, RUN_FILES.telemetry));
  try {
    const reportPath = path.join(run.directory, RUN_FILES.report);
    const testnet = loadTestnet(run.plan.manifest, run.plan);
    await writeReport(reportPath, { result, testnet, store, events });
    return reportPath;
  } finally {
    await store.close();
  }
}
