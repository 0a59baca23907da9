/**
 * The connection to the container engine, and which of its answers mean "already so".
 */
import { Agent } from 'node:http';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import Docker from 'dockerode';
import { LabError, EXIT } from '../errors.ts';

/** Calls under way at once: the engine does its own locking, more only queue inside it. */
export const ENGINE_CONCURRENCY = 8;

/** Labels of everything the lab makes in an engine (CONTRACT.md). */
export const LABEL = {
  run: 'lab.run',
  testnet: 'lab.testnet',
  peer: 'lab.peer',
  role: 'lab.role',
  image: 'lab.image',
} as const;

let shared: Docker | undefined;

/** One connection per process, kept alive: a new socket for each call costs more than some calls. */
export function engine(): Docker {
  if (shared !== undefined) return shared;
  const agent = new Agent({ keepAlive: true, maxSockets: 4 * ENGINE_CONCURRENCY });
  const host = process.env['DOCKER_HOST'];
  if (host === undefined || host.startsWith('unix://')) {
    const socketPath = host === undefined ? defaultSocket() : host.slice('unix://'.length);
    // dockerode hands on what its types don't list: the agent reaches every call.
    const options = { socketPath, agent };
    shared = new Docker(options);
  } else {
    shared = new Docker();
  }
  return shared;
}

/** True when containers share this machine's kernel, process ids and addresses. */
export function engineIsLocal(): boolean {
  const host = process.env['DOCKER_HOST'];
  return process.platform === 'linux' && (host === undefined || host.startsWith('unix://'));
}

export async function engineAnswers(): Promise<boolean> {
  return engine()
    .ping()
    .then(
      () => true,
      () => false,
    );
}

function defaultSocket(): string {
  const rootless = path.join(homedir(), '.docker', 'run', 'docker.sock');
  return existsSync(rootless) ? rootless : '/var/run/docker.sock';
}

/** HTTP status of an error that the engine answered with, else null. */
export function engineStatus(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return null;
  return typeof error.statusCode === 'number' ? error.statusCode : null;
}

/** Awaits a call that may find its work done: 304 not modified and 404 gone, or those given. */
export async function tolerate(
  call: Promise<unknown>,
  statuses: readonly number[] = [304, 404],
): Promise<void> {
  try {
    await call;
  } catch (error) {
    const status = engineStatus(error);
    if (status === null || !statuses.includes(status)) throw error;
  }
}

/** What the engine refused, as something the operator can act on. */
export function engineError(what: string, cause: unknown): LabError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LabError(`the container engine could not ${what}: ${reason}`, {
    exitCode: EXIT.broke,
    remedy: 'look at the engine (docker info), or run with --driver process',
    cause,
  });
}
