/**
 * `node lab/supervisor/main.ts RUNDIR`: the detached process that owns one run. Ended by a signal it
 * leaves the network as it is; the next command starts it again from the journal.
 */
import { existsSync, readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { constants, setPriority } from 'node:os';
import path from 'node:path';
import { liveFigures } from '../analysis/live.ts';
import { score } from '../analysis/score.ts';
import { dockerDriver } from '../drivers/docker.ts';
import { processDriver } from '../drivers/process.ts';
import { EXIT, LabError } from '../errors.ts';
import { classesFor } from '../links/classes.ts';
import { loadTestnet } from '../manifest/load.ts';
import { writeReport } from '../report/write.ts';
import { TelemetryEndpoint } from '../telemetry/endpoint.ts';
import { openStore } from '../telemetry/open.ts';
import { RUN_FILES } from './api.ts';
import { readPlan } from './client.ts';
import { pause } from './concurrently.ts';
import { ControlSocket } from './control-socket.ts';
import { takeLock } from './lock.ts';
import { routesOf } from './routes.ts';
import type { Parts } from './run-context.ts';
import { writePrivateFile } from './secrets.ts';
import { socketPath } from './socket-path.ts';
import { Supervisor } from './supervisor.ts';

/** A client that asked for the end reads the answer before the socket goes. */
const FAREWELL_MS = 300;

const PARTS: Parts = {
  loadTestnet,
  makeDriver: (name, context) =>
    name === 'docker' ? dockerDriver(context) : processDriver(context),
  openStore: (directory) => openStore(directory),
  makeTelemetry: (store, authorise, run) =>
    new TelemetryEndpoint(store, authorise, { run, now: Date.now }),
  classesFor,
  score,
  liveFigures,
  writeReport,
};

function log(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}

/** The token that opens the control socket; made by who made the run, else here. */
function ownerToken(runDirectory: string): string {
  const file = path.join(runDirectory, RUN_FILES.token);
  if (!existsSync(file)) writePrivateFile(file, randomBytes(32).toString('hex'));
  return readFileSync(file, 'utf8').trim();
}

/**
 * Before containers: each has a share of what the engine has as one, so a busy thread of ours would
 * take as much as all of them together. Threads made later (the store's) inherit it; so would
 * members that are processes of ours, who would then stand behind everybody else on the host.
 */
function stepBack(): void {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
}

async function main(runDirectory: string): Promise<void> {
  const plan = readPlan(runDirectory);
  if (plan === null) {
    throw new LabError(`${runDirectory} is no run: it has no readable ${RUN_FILES.plan}`, {
      exitCode: EXIT.badUse,
    });
  }
  if (plan.driver === 'sim') {
    const { servePaced } = await import('../simulator/paced-main.ts');
    return servePaced(runDirectory, { plan, token: ownerToken(runDirectory), log });
  }
  if (plan.driver === 'docker') stepBack();
  // Held to the very end: who finds it free finds nothing of this process either.
  process.on('exit', takeLock(runDirectory));
  const supervisor = new Supervisor({ plan, runDirectory, parts: PARTS, log });
  if (supervisor.journal.state.exitCode !== null) {
    // Asked for when the one before had died, but `lab down` came first: a socket here would be one
    // that nobody removes before that command has said that nothing is left.
    log('the run has ended: nothing to supervise');
    return;
  }
  const token = ownerToken(runDirectory);
  const routes = routesOf(supervisor);
  const socket = new ControlSocket(socketPath(runDirectory), token, supervisor.events, routes);
  await socket.listen();
  const detach = (): void => void supervisor.detach();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, detach);
  await supervisor.carryOut();
  await supervisor.detach();
  await pause(FAREWELL_MS);
  await socket.close();
}

const [runDirectory] = process.argv.slice(2);
if (runDirectory === undefined) {
  process.stderr.write('usage: node lab/supervisor/main.ts RUNDIR\n');
  process.exit(EXIT.badUse);
}
try {
  await main(path.resolve(runDirectory));
  process.exit(EXIT.fine);
} catch (error) {
  log(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(error instanceof LabError ? error.exitCode : EXIT.broke);
}
