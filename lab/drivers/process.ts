/**
 * Members as plain processes on loopback addresses, for machines without a container engine.
 *
 * A member's directory `runs/RUN/members/NAME/` (state, log, launch file) is journalled before it is
 * made; the process that then starts in it carries that directory on its command line, so `remove`
 * finds it (process-table.ts) even if the lab died before journalling its pid.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { EXIT, LabError } from '../errors.ts';
import { buildPeerFiles } from '../image/build.ts';
import { PEER_NODE_FLAGS } from '../image/flags.ts';
import { RUN_FILES } from '../supervisor/api.ts';
import type {
  AddressPlan,
  CreatedObject,
  Driver,
  DriverContext,
  LaunchSpec,
  MemberState,
} from './driver.ts';
import { claimSlot, freeSlot, slotEndpoint } from './process-slot.ts';
import {
  findProcesses,
  gone,
  MEMBER_MARKER,
  readStat,
  signal,
  type FoundProcess,
} from './process-table.ts';

/** A stopping peer flushes telemetry for up to 3 s; after this it is ended by force. */
const STOP_TIMEOUT_MS = 8000;
const KILL_TIMEOUT_MS = 5000;
/** Tail of a log that is read for `logs`. */
const MAX_TAIL_BYTES = 1024 * 1024;
const LOG_FILE = 'log.ndjson';
const STATE_FOLDER = 'state';
/** What `start` needs to bring a member back; holds tokens, so only its owner may read it. */
const LAUNCH_FILE = 'launch.json';

/** What a member is started with. */
interface Launch {
  readonly entry: string;
  readonly environment: Readonly<Record<string, string>>;
}

type Build = (image: LaunchSpec['image']) => Promise<{ readonly entry: string }>;

/** `build` says what a member runs; tests put a stand-in there. */
export function processDriver(context: DriverContext, build: Build = buildPeerFiles): Driver {
  return new ProcessDriver(context, build);
}

class ProcessDriver implements Driver {
  readonly name = 'process';
  readonly shaping = 'userspace';
  readonly #context: DriverContext;
  readonly #build: Build;
  readonly #members: string;
  #plan: AddressPlan | null = null;

  constructor(context: DriverContext, build: Build) {
    this.#context = context;
    this.#build = build;
    this.#members = path.resolve(context.runDirectory, RUN_FILES.members);
  }

  async prepare(): Promise<AddressPlan> {
    if (this.#plan !== null) return this.#plan;
    const { regions, runDirectory } = this.#context;
    await mkdir(runDirectory, { recursive: true });
    const { slot } = await claimSlot(path.resolve(runDirectory), regions.length);
    this.#context.journal({ type: 'directory', path: this.#members });
    await mkdir(this.#members, { recursive: true, mode: 0o700 });
    this.#plan = {
      subnets: Object.fromEntries(
        regions.map((region, index) => [region, `127.${slot}.${index + 1}.0/24`]),
      ),
      labHost: '127.0.0.1',
      endpoint: (region, index) => slotEndpoint(slot, regionIndex(regions, region), index),
    };
    return this.#plan;
  }

  async launch({ seat, image, adversary }: LaunchSpec): Promise<void> {
    const directory = path.join(this.#members, seat.name);
    const { entry } = await this.#build(image);
    this.#context.journal({ type: 'directory', path: directory });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const own = { ...seat, stateDirectory: path.join(directory, STATE_FOLDER) };
    const launch: Launch = {
      entry,
      environment: {
        PEER_SEAT: JSON.stringify(own),
        ...(adversary === undefined
          ? {}
          : {
              LAB_ADVERSARY: adversary.name,
              LAB_ADVERSARY_PART: JSON.stringify(adversary.part),
            }),
      },
    };
    writeFileSync(path.join(directory, LAUNCH_FILE), JSON.stringify(launch), { mode: 0o600 });
    this.#spawn(seat.name, launch);
  }

  async stop(name: string): Promise<void> {
    for (const found of this.#find(name)) {
      signal(found, 'SIGTERM');
      // A paused process takes the signal only once it runs.
      signal(found, 'SIGCONT');
      if (!(await gone(found, STOP_TIMEOUT_MS))) await this.#end(found);
    }
  }

  async start(name: string): Promise<void> {
    if (this.#find(name).length > 0) return;
    const file = path.join(this.#members, name, LAUNCH_FILE);
    if (!existsSync(file)) {
      throw new LabError(`${name} was never launched`, { exitCode: EXIT.broke });
    }
    const launch: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!isLaunch(launch)) {
      throw new LabError(`${file} is damaged`, { exitCode: EXIT.broke });
    }
    this.#spawn(name, launch);
  }

  async kill(name: string): Promise<void> {
    for (const found of this.#find(name)) await this.#end(found);
  }

  async pause(name: string): Promise<void> {
    for (const found of this.#find(name)) signal(found, 'SIGSTOP');
  }

  async resume(name: string): Promise<void> {
    for (const found of this.#find(name)) signal(found, 'SIGCONT');
  }

  async states(): Promise<ReadonlyMap<string, MemberState>> {
    const states = new Map<string, MemberState>();
    if (!existsSync(this.#members)) return states;
    for (const name of await readdir(this.#members)) states.set(name, 'exited');
    for (const { name, paused } of findProcesses(this.#members)) {
      states.set(name, paused ? 'paused' : 'running');
    }
    return states;
  }

  async shape(): Promise<void> {
    throw new LabError('processes shape their own sockets', { exitCode: EXIT.broke });
  }

  async logs(name: string, lines: number): Promise<string> {
    const file = path.join(this.#members, name, LOG_FILE);
    if (!existsSync(file)) return '';
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      const length = Math.min(size, MAX_TAIL_BYTES);
      const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
      const all = buffer.toString('utf8').trimEnd().split('\n');
      return lines <= 0 ? '' : all.slice(-lines).join('\n');
    } finally {
      await handle.close();
    }
  }

  async memory(name: string): ReturnType<Driver['memory']> {
    const [found] = this.#find(name);
    if (found === undefined) return null;
    try {
      return memoryOf(readFileSync(`/proc/${found.pid}/smaps_rollup`, 'utf8'));
    } catch {
      return null;
    }
  }

  async remove(objects: readonly CreatedObject[]): Promise<readonly string[]> {
    const ours = new Map<number, Pick<FoundProcess, 'pid' | 'startTicks'>>();
    for (const object of objects) if (object.type === 'process') ours.set(object.pid, object);
    for (const found of findProcesses(this.#members)) ours.set(found.pid, found);
    const removed = await killAll([...ours.values()]);
    if (existsSync(this.#members)) {
      await rm(this.#members, { recursive: true, force: true });
      removed.push(`directory ${this.#members}`);
    }
    // One that a killed supervisor had just forked showed its marker only after the first look.
    removed.push(...(await killAll(findProcesses(this.#members))));
    await rm(this.#members, { recursive: true, force: true });
    freeSlot(this.#context.runDirectory);
    return removed;
  }

  #find(name: string): FoundProcess[] {
    return findProcesses(this.#members).filter((found) => found.name === name);
  }

  async #end(found: FoundProcess): Promise<void> {
    signal(found, 'SIGKILL');
    await gone(found, KILL_TIMEOUT_MS);
  }

  #spawn(name: string, { entry, environment }: Launch): void {
    const directory = path.join(this.#members, name);
    const log = openSync(path.join(directory, LOG_FILE), 'a', 0o600);
    try {
      const child = spawn(
        process.execPath,
        [
          ...PEER_NODE_FLAGS,
          entry,
          `lab.run=${this.#context.run}`,
          `lab.peer=${name}`,
          `${MEMBER_MARKER}${directory}`,
        ],
        {
          cwd: directory,
          detached: true,
          stdio: ['ignore', log, log],
          env: environment,
        },
      );
      child.on('error', (error) => this.#context.log(`${name} did not start: ${error.message}`));
      child.unref();
      const stat = child.pid === undefined ? null : readStat(child.pid);
      if (child.pid !== undefined && stat !== null) {
        const { startTicks } = stat;
        this.#context.journal({ type: 'process', pid: child.pid, startTicks });
      }
    } finally {
      closeSync(log);
    }
  }
}

async function killAll(
  processes: readonly Pick<FoundProcess, 'pid' | 'startTicks'>[],
): Promise<string[]> {
  const ending = processes.filter((found) => signal(found, 'SIGKILL'));
  for (const found of ending) await gone(found, KILL_TIMEOUT_MS);
  return ending.map((found) => `process ${found.pid}`);
}

function regionIndex(regions: readonly string[], region: string): number {
  const index = regions.indexOf(region);
  if (index < 0) throw new LabError(`no region ${region}`, { exitCode: EXIT.broke });
  return index;
}

function isLaunch(value: unknown): value is Launch {
  if (typeof value !== 'object' || value === null) return false;
  if (!('entry' in value) || !('environment' in value)) return false;
  const { entry, environment } = value;
  if (typeof entry !== 'string' || typeof environment !== 'object' || environment === null) {
    return false;
  }
  return Object.values(environment).every((item) => typeof item === 'string');
}

function memoryOf(rollup: string): { totalBytes: number; privateBytes: number } {
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? 0) * 1024;
  return {
    totalBytes: bytes('Rss'),
    privateBytes: bytes('Private_Clean') + bytes('Private_Dirty'),
  };
}
