/** Processes that carry runs out side by side. One that dies takes its run along, and no other. */
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type { Task } from './carry-out.ts';
import type { CampaignRun, Outcome } from './rows.ts';

const WORKER = path.join(import.meta.dirname, 'worker.ts');
/** A run that lasts longer does not end: seconds to minutes are usual. */
const MAX_RUN_MS = 2 * 3600 * 1000;
/** Of what a dying worker said. */
const MAX_WORDS = 4000;

export interface WorkersOptions {
  readonly jobs: number;
  taskOf(this: void, run: CampaignRun): Task;
  started(this: void, run: CampaignRun): void;
  ended(this: void, run: CampaignRun, outcome: Outcome): void;
}

export class Workers {
  readonly #options: WorkersOptions;
  readonly #children = new Set<ChildProcess>();
  #isStopped = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  /** Until every run has ended, or `stop` was called. Throws what `ended` threw. */
  async carryOut(runs: readonly CampaignRun[]): Promise<void> {
    const waiting = runs.toReversed();
    const lanes = Math.min(this.#options.jobs, runs.length);
    await Promise.all(Array.from({ length: lanes }, () => this.#lane(waiting)));
  }

  /** No further runs; those under way are lost. */
  stop(): void {
    this.#isStopped = true;
    for (const child of this.#children) child.kill('SIGTERM');
  }

  /** One worker after the other, each until it dies. */
  async #lane(waiting: CampaignRun[]): Promise<void> {
    let child: ChildProcess | null = null;
    for (;;) {
      const run = this.#isStopped ? undefined : waiting.pop();
      if (run === undefined) break;
      if (child === null || !child.connected) child = this.#begin();
      this.#options.started(run);
      const outcome = await outcomeOf(child, this.#options.taskOf(run));
      if (this.#isStopped) break;
      this.#options.ended(run, outcome);
    }
    if (child?.connected === true) child.disconnect();
  }

  #begin(): ChildProcess {
    const child = fork(WORKER, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }
}

/** What a worker answers, or how it died instead. */
function outcomeOf(child: ChildProcess, task: Task): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let words = '';
  const onWords = (text: Buffer): void => {
    words = (words + text.toString()).slice(-MAX_WORDS);
  };
  const onExit = (code: number | null, signal: string | null): void => {
    const how = signal === null ? `exit code ${code ?? '–'}` : signal;
    resolve({ state: 'broke', error: `its worker ended with ${how}\n${words}`.trim() });
  };
  // Sent by the worker of this same package.
  const onMessage = (outcome: Outcome): void => resolve(outcome);
  const limit = setTimeout(() => child.kill('SIGKILL'), MAX_RUN_MS);
  child.stderr?.on('data', onWords);
  child.once('exit', onExit);
  child.once('message', onMessage);
  child.send(task);
  return promise.finally(() => {
    clearTimeout(limit);
    child.stderr?.off('data', onWords);
    child.off('exit', onExit);
    child.off('message', onMessage);
  });
}
