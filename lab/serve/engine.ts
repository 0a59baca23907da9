/** A reading engine in a process of its own: its rights are set where it starts, and its end is ours. */
import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { QUERY_LIMITS, writeEngineFiles } from './engine-files.ts';

/** The engine ends a query itself; one that does not is taken to be stuck. */
const STUCK_MS = (QUERY_LIMITS.maxExecutionSeconds + 15) * 1000;
/** Opening a store takes a fraction of a second, on a busy machine some seconds. */
const START_MS = 60_000;
const MAX_ERROR_LOG_CHARS = 4096;

export interface Query {
  readonly sql: string;
  /** Unless the query itself names one. */
  readonly format: string;
  readonly database: string | null;
  readonly settings: Readonly<Record<string, string>>;
  /** Values of `{name:Type}`, in ClickHouse's escaped text form. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** What goes to the engine's process, and what comes back. */
export type Question = Query & { readonly id: number };
export type Answer =
  | {
      readonly id: number;
      readonly ok: true;
      readonly bytes: Uint8Array;
      readonly elapsed: number;
      readonly rowsRead: number;
      readonly bytesRead: number;
    }
  | { readonly id: number; readonly ok: false; readonly error: string };

/** The engine went away; another one may answer. */
export class EngineGone extends Error {}

export class Engine {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer | EngineGone) => void>();
  readonly #exited: Promise<void>;
  #next = 0;
  #gone = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    child.on('exit', () => {
      this.#gone = true;
      for (const settle of this.#waiting.values()) settle(new EngineGone('the engine ended'));
      this.#waiting.clear();
      resolve();
    });
    child.on('message', (message: Answer | { readonly ready: true }) => {
      if ('ready' in message) return;
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    });
  }

  /** Starts one over a store; `folder` is made for its configuration. */
  static async start(store: string, folder: string): Promise<Engine> {
    writeEngineFiles(folder);
    const child = fork(path.join(import.meta.dirname, 'engine-process.ts'), [store], {
      cwd: folder,
      // The engine's own time zone, of times that name none.
      env: { ...process.env, TZ: 'UTC' },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      if (said.length < MAX_ERROR_LOG_CHARS) said += chunk.toString();
    });
    const ready = Promise.withResolvers<void>();
    const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
    child.once('message', () => ready.resolve());
    child.once('exit', () => ready.reject(new EngineGone(`the engine did not start: ${said}`)));
    child.once('error', (cause) => ready.reject(new EngineGone(cause.message, { cause })));
    const engine = new Engine(child);
    try {
      await ready.promise;
    } finally {
      clearTimeout(timer);
    }
    return engine;
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Throws EngineGone when the process ends first. */
  async ask(query: Query): Promise<Answer> {
    if (this.#gone) throw new EngineGone('the engine ended');
    const id = this.#next;
    this.#next += 1;
    const { promise, resolve } = Promise.withResolvers<Answer | EngineGone>();
    this.#waiting.set(id, resolve);
    const stuck = setTimeout(() => this.#child.kill('SIGKILL'), STUCK_MS);
    try {
      const question: Question = { id, ...query };
      this.#child.send(question);
      const answer = await promise;
      if (answer instanceof EngineGone) throw answer;
      return answer;
    } finally {
      clearTimeout(stuck);
    }
  }

  /** Waits for what is under way, then ends the process. */
  async close(): Promise<void> {
    await Promise.all([...this.#waiting.keys()].map((id) => this.#settled(id)));
    if (!this.#gone) this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #settled(id: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const settle = this.#waiting.get(id);
    if (settle === undefined) return Promise.resolve();
    this.#waiting.set(id, (answer) => {
      settle(answer);
      resolve();
    });
    return promise;
  }
}
