/**
 * How commands reach a run's supervisor: HTTP over the run's unix socket. A supervisor that died is
 * started again from the journal by whoever asks next.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { EXIT, LabError } from '../errors.ts';
import { labHome, runDirectoryOf } from '../home.ts';
import type { RunEvent, RunPhase, RunPlan, RunStatus } from './api.ts';
import { RUN_FILES } from './api.ts';
import { readJournal } from './journal.ts';
import { lockOwner, startTicksOf } from './lock.ts';
import { socketPath } from './socket-path.ts';

/** A supervisor opens its store (chDB) before it listens; on a busy machine that takes seconds. */
const START_TIMEOUT_MS = 60_000;
const START_POLL_MS = 100;
/** Removing a thousand containers takes a minute or two; every other answer comes sooner. */
const ANSWER_TIMEOUT_MS = 300_000;
/** A supervisor's answer is for one screen or one result; a runaway query is cut off. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

const planSchema = z.object({
  run: z.string(),
  manifest: z.string(),
  driver: z.enum(['docker', 'process', 'sim']),
  driverReason: z.string(),
  seed: z.number(),
  honest: z.boolean().default(false),
  mode: z.enum(['up', 'run']),
  version: z.string(),
  cryptography: z.enum(['real', 'ideal']).optional(),
  settings: z.array(z.string()).readonly().optional(),
  pace: z.number().positive().optional(),
});

/** A run as its folder shows it, whether or not anything of it lives. */
export interface RunSummary {
  readonly run: string;
  readonly directory: string;
  readonly plan: RunPlan;
  readonly phase: RunPhase | null;
  /** ISO time of its first journal line, null before that. */
  readonly since: string | null;
  readonly supervisorPid: number | null;
  /** Members launched so far. */
  readonly launched: number;
  /** Newcomers that were let in so far. */
  readonly joined: number;
}

/** The plan of a run's folder, or null if the folder is none (or half made). */
export function readPlan(directory: string): RunPlan | null {
  try {
    const text = readFileSync(path.join(directory, RUN_FILES.plan), 'utf8');
    return planSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Every run under LAB_HOME, oldest first. */
export function listRuns(): RunSummary[] {
  const root = path.join(labHome(), 'runs');
  if (!existsSync(root)) return [];
  const runs = readdirSync(root).flatMap((run) => {
    const directory = path.join(root, run);
    const plan = readPlan(directory);
    return plan === null ? [] : [summarise(run, directory, plan)];
  });
  return runs.toSorted((a, b) => (a.since ?? '~').localeCompare(b.since ?? '~'));
}

function summarise(run: string, directory: string, plan: RunPlan): RunSummary {
  const { phase, sinceMs, launched, joined } = readJournal(directory);
  return {
    run,
    directory,
    plan,
    phase,
    since: sinceMs === null ? null : new Date(sinceMs).toISOString(),
    supervisorPid: lockOwner(directory)?.pid ?? null,
    launched: launched.size,
    joined: joined.size,
  };
}

/** Whether a run is carried out by the command that began it: nobody else can ask it anything. */
export function isWithinCommand({ driver, pace }: RunPlan): boolean {
  return driver === 'sim' && pace === undefined;
}

/** Whether a run may still own live objects. */
export function isAlive(run: RunSummary): boolean {
  const maybe = !isWithinCommand(run.plan) && run.phase !== 'ended';
  return run.supervisorPid !== null || maybe;
}

/** A failure that the supervisor reported in its own words. */
function refusal(status: number, text: string): LabError {
  const shape = z.object({
    error: z.string(),
    remedy: z.string().optional(),
    exitCode: z.number().optional(),
  });
  let parsed: z.infer<typeof shape> = { error: text.trim() || `HTTP status ${status}` };
  try {
    parsed = shape.parse(JSON.parse(text));
  } catch {
    // Not its usual form: the text is all there is to say.
  }
  const { error, remedy, exitCode = EXIT.broke } = parsed;
  return new LabError(error, { exitCode, ...(remedy === undefined ? {} : { remedy }) });
}

/** A connection to one run's supervisor. */
export class RunClient {
  readonly run: string;
  readonly directory: string;
  private readonly socket: string;
  private readonly token: string;

  constructor(run: string, directory: string) {
    this.run = run;
    this.directory = directory;
    this.socket = socketPath(directory);
    this.token = readFileSync(path.join(directory, RUN_FILES.token), 'utf8').trim();
  }

  status(): Promise<RunStatus> {
    return this.json<RunStatus>('GET', '/status');
  }

  /** Sends a request and takes the JSON answer, whose form api.ts fixes. Throws LabError. */
  async json<T>(method: 'GET' | 'POST' | 'DELETE', route: string, body?: object): Promise<T> {
    return JSON.parse(await this.text(method, route, body));
  }

  async text(method: 'GET' | 'POST' | 'DELETE', route: string, body?: object): Promise<string> {
    const response = await this.request(method, route, body, ANSWER_TIMEOUT_MS);
    let text = '';
    response.setEncoding('utf8');
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > MAX_ANSWER_BYTES) {
        throw new LabError('the answer is larger than 256 MiB', {
          exitCode: EXIT.badUse,
          remedy: 'ask for less: add a LIMIT',
        });
      }
    }
    if ((response.statusCode ?? 500) >= 300) throw refusal(response.statusCode ?? 500, text);
    return text;
  }

  /**
   * Events from number `since` on, until the run ends or the supervisor goes away. Throws what
   * `signal` was aborted with, or a LabError.
   */
  async *events(since: number, signal?: AbortSignal): AsyncGenerator<RunEvent> {
    const response = await this.request('GET', `/events?since=${since}`, undefined, 0, signal);
    if (response.statusCode !== 200) {
      throw refusal(response.statusCode ?? 500, '');
    }
    try {
      for await (const line of createInterface({ input: response })) {
        if (line !== '') yield JSON.parse(line);
      }
    } finally {
      // Whoever stops listening early must not be kept alive by the stream.
      response.destroy();
    }
  }

  private request(
    method: string,
    route: string,
    body: object | undefined,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<http.IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const headers = {
      authorization: `Bearer ${this.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const options = {
      socketPath: this.socket,
      method,
      path: route,
      headers,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    };
    const request = http.request(options, resolve);
    request.setTimeout(timeoutMs, () => request.destroy(new Error('no answer in time')));
    request.on('error', (cause) => {
      reject(
        new LabError(`the supervisor of ${this.run} does not answer (${cause.message})`, {
          exitCode: EXIT.broke,
          remedy: `see ${path.join(this.directory, RUN_FILES.supervisorLog)}`,
          cause,
        }),
      );
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }
}

/** Starts a supervisor that outlives this command; its output goes to supervisor.log. */
function spawnSupervisor(directory: string): void {
  const log = openSync(path.join(directory, RUN_FILES.supervisorLog), 'a', 0o600);
  const main = path.join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, [main, directory], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, LAB_HOME: labHome() },
  });
  child.unref();
  closeSync(log);
}

/** Starts the first supervisor of a run whose folder is ready, and waits for its answer. */
export async function startRun(run: string): Promise<RunClient> {
  const directory = runDirectoryOf(run);
  spawnSupervisor(directory);
  return waitForAnswer(new RunClient(run, directory));
}

/** The client of a run; a dead supervisor is started again. Throws LabError if it cannot be. */
export async function openRun(run: string): Promise<RunClient> {
  const directory = runDirectoryOf(run);
  const plan = readPlan(directory);
  if (plan !== null && isWithinCommand(plan)) {
    throw new LabError(`${run} is simulated: there is nobody to ask before it has ended`, {
      exitCode: EXIT.badUse,
      remedy: 'report, query and evidence work on ended runs',
    });
  }
  const client = new RunClient(run, directory);
  if (lockOwner(directory) === null) {
    if (readJournal(directory).phase === 'ended') {
      throw new LabError(`${run} has ended; nothing of it runs`, {
        exitCode: EXIT.badUse,
        remedy: 'npx lab ps shows what runs; report and query work on ended runs too',
      });
    }
    spawnSupervisor(directory);
  }
  return waitForAnswer(client);
}

/** Until the supervisor that holds the run's lock now, if any, is gone. */
export async function waitForExit(directory: string, timeoutMs: number): Promise<void> {
  const owner = lockOwner(directory);
  if (owner === null) return;
  const deadline = performance.now() + timeoutMs;
  while (startTicksOf(owner.pid) === owner.startTicks && performance.now() < deadline) {
    await delay(START_POLL_MS);
  }
}

async function waitForAnswer(client: RunClient): Promise<RunClient> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  // Between the spawn and the taking of the lock nobody owns the run.
  let ownerless = 0;
  for (;;) {
    try {
      await client.status();
      return client;
    } catch (error) {
      ownerless = lockOwner(client.directory) === null ? ownerless + START_POLL_MS : 0;
      const ended = readJournal(client.directory).exitCode !== null;
      const gone = ownerless > (ended ? 0 : START_TIMEOUT_MS / 4);
      if (gone || performance.now() > deadline) throw error;
    }
    await delay(START_POLL_MS);
  }
}
