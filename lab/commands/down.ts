/** `lab down [RUN…|--all]`: removes what runs, also what a crash left. */
import { rmSync } from 'node:fs';
import { Command, Option } from 'commander';
import { EXIT, LabError } from '../errors.ts';
import type { Driver, DriverContext } from '../drivers/driver.ts';
import { loadTestnet } from '../manifest/load.ts';
import { isAlive, listRuns, RunClient } from '../supervisor/client.ts';
import type { RunSummary } from '../supervisor/client.ts';
import { readJournal } from '../supervisor/journal.ts';
import { lockOwner, takeLock } from '../supervisor/lock.ts';
import { printJson, printLines, remark } from '../terminal/output.ts';
import { findRun, jsonOption } from './common.ts';

interface Options {
  readonly all?: boolean;
  readonly purge?: boolean;
  readonly json?: boolean;
}

export function downCommand(): Command {
  return new Command('down')
    .description('remove runs: their peers, networks and processes; results stay')
    .argument('[run...]', 'runs, by name or unique prefix')
    .addOption(new Option('--all', 'every run'))
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
  if (words.length === 0 && living.length === 0 && !purge) {
    if (json) printJson({ runs: [] });
    else printLines(['nothing to remove']);
    return;
  }
  const runs = all
    ? listRuns().filter((run) => purge || isAlive(run))
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
  if (json) printJson({ runs: removed });
  else printLines(removed.flatMap((entry) => describe(entry, purge)));
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

/** Through the supervisor where one answers, else with the driver and the journal alone. */
async function removeRun(run: RunSummary): Promise<readonly string[]> {
  const owner = lockOwner(run.directory);
  if (owner !== null) {
    try {
      const client = new RunClient(run.run, run.directory);
      const answer = await client.json<{ removed: string[] }>('POST', '/down', {});
      return answer.removed;
    } catch (error) {
      remark(`${run.run}: ${error instanceof Error ? error.message : String(error)}`);
      remark(`${run.run}: ending its supervisor (pid ${owner.pid}) and removing without it`);
      await endSupervisor(run.directory, owner.pid);
    }
  }
  // Nobody else may act on the run while its objects go.
  const release = takeLock(run.directory);
  try {
    const driver = await makeDriver(run);
    return await driver.remove(readJournal(run.directory).created);
  } finally {
    release();
  }
}

const KILL_WAIT_MS = 5000;
const KILL_POLL_MS = 50;

async function endSupervisor(directory: string, pid: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (lockOwner(directory)?.pid !== pid) return;
    process.kill(pid, signal);
    const deadline = performance.now() + KILL_WAIT_MS;
    while (lockOwner(directory)?.pid === pid && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, KILL_POLL_MS));
    }
  }
}

async function makeDriver(run: RunSummary): Promise<Driver> {
  const { name, regions } = loadTestnet(run.plan.manifest);
  const { created } = readJournal(run.directory);
  const context: DriverContext = {
    run: run.run,
    testnet: name,
    runDirectory: run.directory,
    regions,
    // What removing needs for itself is gone again when it returns, and journalled already if not.
    journal: () => undefined,
    log: (line) => remark(`${run.run}: ${line}`),
  };
  if (run.plan.driver === 'docker' && created.length > 0) {
    return (await import('../drivers/docker.ts')).dockerDriver(context);
  }
  return (await import('../drivers/process.ts')).processDriver(context);
}
