/**
 * What is offered: the rows of all runs and campaigns of LAB_HOME (or of one run) in one engine, as a
 * server would have them. Rows are gathered (gather.ts) into a store of our own when the first query
 * comes, and anew when a run has stored more since; until that is ready, queries see what was there.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ALL_TABLES } from '../telemetry/schema.ts';
import { Engine } from './engine.ts';
import { partsOf } from './parts.ts';

/** A store: its name is that of its run or campaign. */
export interface Source {
  readonly name: string;
  readonly directory: string;
}

/** Supervisors store once a second; dashboards are looked at every five or ten. */
const REFRESH_MS = 5000;
/**
 * Gathering 100 small runs costs 5 s of one core, and a living run changes all the time: a rest of nine
 * times what the last gathering took leaves a tenth of a core for it.
 */
const REST = 9;
const MAX_LOG_CHARS = 4096;

interface Generation {
  readonly engine: Engine;
  readonly directory: string;
  readonly signature: string;
}

export class Offered {
  readonly #sources: () => readonly Source[];
  readonly #home: string;
  readonly #now: () => number;
  #current: Generation | null = null;
  #checkedMs = -Infinity;
  #restMs = REFRESH_MS;
  #renewing: Promise<void> | null = null;

  /** `home`: a folder on the file system of the stores, ours alone; `now`: any clock, in ms. */
  constructor(sources: () => readonly Source[], home: string, now: () => number) {
    this.#sources = sources;
    this.#home = home;
    this.#now = now;
  }

  /** The engine over what there is, at most a little behind. */
  async engine(): Promise<Engine> {
    if (this.#current === null || this.#current.engine.gone) {
      await (this.#renewing ??= this.#renew());
    } else if (this.#now() - this.#checkedMs >= this.#restMs && this.#renewing === null) {
      this.#checkedMs = this.#now();
      if (signatureOf(this.#sources()) !== this.#current.signature) {
        // Whoever asks now is answered from what is there; a failure is told to the next one.
        this.#renewing = this.#renew();
        this.#renewing.catch(() => undefined);
      }
    }
    if (this.#current === null) throw new Error('no engine');
    return this.#current.engine;
  }

  async close(): Promise<void> {
    await this.#renewing?.catch(() => undefined);
    await this.#end(this.#current);
    this.#current = null;
  }

  async #renew(): Promise<void> {
    const directory = mkdtempSync(path.join(this.#home, 'rows-'));
    const beganMs = this.#now();
    try {
      const sources = this.#sources();
      const signature = signatureOf(sources);
      const store = path.join(directory, 'store');
      await gatherApart(
        store,
        sources.map((source) => source.directory),
      );
      const engine = await Engine.start(store, path.join(directory, 'engine'));
      const before = this.#current;
      this.#current = { engine, directory, signature };
      this.#checkedMs = this.#now();
      this.#restMs = Math.max(REFRESH_MS, REST * (this.#checkedMs - beganMs));
      // Its last queries are answered first.
      void this.#end(before);
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    } finally {
      this.#renewing = null;
    }
  }

  async #end(generation: Generation | null): Promise<void> {
    await generation?.engine.close();
    if (generation !== null) rmSync(generation.directory, { recursive: true, force: true });
  }
}

/** Tells whether anything was stored: the parts of every table of every store. */
function signatureOf(sources: readonly Source[]): string {
  return sources
    .map(({ name, directory }) => {
      const tables = ALL_TABLES.map((table) => partsOf(directory, table).toSorted().join(','));
      return `${name}:${tables.join(';')}`;
    })
    .join('\n');
}

/** Carries gather.ts out in a process of its own. */
async function gatherApart(target: string, stores: readonly string[]): Promise<void> {
  const script = path.join(import.meta.dirname, 'gather.ts');
  const child = spawn(process.execPath, [script, target, ...stores], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < MAX_LOG_CHARS) said += chunk.toString();
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.on('error', reject);
  child.on('exit', (code) => {
    if (code === 0) resolve();
    else reject(new Error(`the rows could not be gathered: ${said.trim()}`));
  });
  await promise;
}
