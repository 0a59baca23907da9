/** Removes one run, through its supervisor where one answers, else with the driver and the journal alone. */
import { existsSync, rmSync } from 'node:fs';
import type { Driver, DriverContext } from '../drivers/driver.ts';
import { EXIT, LabError } from '../errors.ts';
import { loadTestnet } from '../manifest/load.ts';
import { isAlive, isWithinCommand, RunClient, waitForExit } from '../supervisor/client.ts';
import type { RunSummary } from '../supervisor/client.ts';
import { RunEvents } from '../supervisor/events.ts';
import { Journal } from '../supervisor/journal.ts';
import { isLocked, lockOwner, takeLock } from '../supervisor/lock.ts';
import { socketPath } from '../supervisor/socket-path.ts';
import { remark } from '../terminal/output.ts';

type Removable = Pick<RunSummary, 'run' | 'directory' | 'plan'>;

/** A supervisor that was starting may take the lock just before us; the next try goes through it. */
const MAX_TRIES = 3;
const KILL_WAIT_MS = 5000;
/** After its answer a supervisor only closes its sockets. */
const FAREWELL_WAIT_MS = 5000;

/** What was removed. When this returns, neither member nor supervisor nor socket is left. */
export async function removeRun(run: Removable): Promise<readonly string[]> {
  if (isWithinCommand(run.plan)) return endSimulation(run);
  for (let tries = 1; ; tries += 1) {
    const owner = lockOwner(run.directory);
    if (owner !== null) {
      const removed = await throughSupervisor(run, owner.pid);
      if (removed !== null) return removed;
    }
    try {
      return await withoutSupervisor(run);
    } catch (error) {
      if (tries === MAX_TRIES || lockOwner(run.directory) === null) throw error;
    }
  }
}

/** Whether `removeRun` has anything to do: a supervisor killed at its very end leaves its files. */
export function hasRemains(run: RunSummary): boolean {
  return isAlive(run) || isLocked(run.directory) || existsSync(socketPath(run.directory));
}

/** A simulated run is one process, which removes its folder itself when it is asked to end. */
async function endSimulation(run: Removable): Promise<readonly string[]> {
  const owner = lockOwner(run.directory);
  if (owner === null) return [];
  await endSupervisor(run.directory, owner.pid);
  return [`simulation (pid ${owner.pid})`];
}

/** Null when it did not answer and was ended. */
async function throughSupervisor(run: Removable, pid: number): Promise<readonly string[] | null> {
  try {
    const client = new RunClient(run.run, run.directory);
    const { removed } = await client.json<{ removed: string[] }>('POST', '/down', {});
    await waitForExit(run.directory, FAREWELL_WAIT_MS);
    return removed;
  } catch (error) {
    remark(`${run.run}: ${error instanceof Error ? error.message : String(error)}`);
    remark(`${run.run}: ending its supervisor (pid ${pid}) and removing without it`);
    await endSupervisor(run.directory, pid);
    return null;
  }
}

async function endSupervisor(directory: string, pid: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (lockOwner(directory)?.pid !== pid) return;
    process.kill(pid, signal);
    await waitForExit(directory, KILL_WAIT_MS);
  }
}

async function withoutSupervisor(run: Removable): Promise<readonly string[]> {
  // Nobody else may act on the run while its objects go.
  const release = takeLock(run.directory);
  try {
    const journal = new Journal(run.directory);
    const ended = journal.state.exitCode !== null;
    const driver = await makeDriver(run, journal);
    const removed = await driver.remove(journal.state.created);
    rmSync(socketPath(run.directory), { force: true });
    if (!ended) {
      const error = 'taken down after its supervisor had died';
      const end = { exitCode: EXIT.broke, resultPath: null, error };
      // Before the journal: who reads there that the run has ended finds here how.
      new RunEvents(run.directory).emit({ type: 'ended', ...end });
      journal.write({ entry: 'ended', atMs: Date.now(), exitCode: EXIT.broke });
    }
    journal.close();
    return removed;
  } finally {
    release();
  }
}

async function makeDriver(run: Removable, { state }: Journal): Promise<Driver> {
  const context: DriverContext = {
    run: run.run,
    ...labelsOf(run),
    runDirectory: run.directory,
    // What removing needs for itself is gone again when it returns, and journalled already if not.
    journal: () => undefined,
    log: (line) => remark(`${run.run}: ${line}`),
  };
  if (run.plan.driver === 'docker' && state.created.length > 0) {
    return (await import('../drivers/docker.ts')).dockerDriver(context);
  }
  return (await import('../drivers/process.ts')).processDriver(context);
}

/** A damaged testnet file must not keep anything alive: removal needs only labels from it. */
function labelsOf(run: Removable): Pick<DriverContext, 'testnet' | 'regions'> {
  try {
    const { name, regions } = loadTestnet(run.plan.manifest, run.plan);
    return { testnet: name, regions };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return { testnet: run.run, regions: [] };
  }
}
