/** Runs the lab's own commands as a person does: each in its own process, in a LAB_HOME of the test. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';

const BIN = path.resolve(import.meta.dirname, '../../lab/bin.sh');
/** The first run in containers builds two images. */
const COMMAND_TIMEOUT_MS = 180_000;

/** Two regions, seven small members: what every command has something to do with. */
export const SMALL = `name: small
durationMs: 2000
protocol: {k: 3}
regions: [{name: east}, {name: west}]
links:
  - {from: east, to: west, delayMs: 10}
peers:
  - {group: honest, count: 4, regions: even}
  - {group: liars, count: 2, regions: even, adversary: colluding-liars, active: false}
clients: {count: 1, regions: [east], queryRatePerSecond: 3}
load: {transactionsPerSecond: 4}
allow: {shapingOff: true, lowFidelity: true}
`;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of a run, found by what stands on its command line. */
export interface RunProcess {
  readonly pid: number;
  readonly what: 'supervisor' | 'member';
  readonly peer: string | null;
}

const processesOf = (directory: string): RunProcess[] =>
  readdirSync('/proc').flatMap((entry): RunProcess[] => {
    if (!/^\d+$/.test(entry)) return [];
    let words: string[];
    try {
      words = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
    } catch {
      return [];
    }
    const pid = Number(entry);
    const peer = words.find((word) => word.startsWith('lab.peer='))?.slice('lab.peer='.length);
    if (words.some((word) => word.startsWith(`lab.member=${directory}/`))) {
      return [{ pid, what: 'member', peer: peer ?? null }];
    }
    const supervises = words.includes(directory) && words.some((w) => w.endsWith('/main.ts'));
    return supervises ? [{ pid, what: 'supervisor', peer: null }] : [];
  });

export class CommandLine {
  readonly home = mkdtempSync(path.join(os.tmpdir(), 'lab-home-'));

  /** Writes a testnet file and returns its path. */
  file(name: string, text: string): string {
    const file = path.join(this.home, name);
    writeFileSync(file, text);
    return file;
  }

  /** Starts a command; it leads a process group of its own, as in a terminal. */
  start(...words: string[]): { readonly child: ChildProcess; readonly outcome: Promise<Outcome> } {
    const child = spawn(BIN, words, {
      env: { ...process.env, LAB_HOME: this.home, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: COMMAND_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    const texts = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
    const outcome = new Promise<Outcome>((resolve) => {
      child.on('close', (code) => resolve({ code, ...texts }));
    });
    return { child, outcome };
  }

  run(...words: string[]): Promise<Outcome> {
    return this.start(...words).outcome;
  }

  /** A command's one JSON document. Throws when it failed or printed anything else. */
  async json<T>(shape: z.ZodType<T>, ...words: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...words, '--json');
    if (code !== 0) throw new Error(`lab ${words.join(' ')} ended with ${code}: ${stderr}`);
    return shape.parse(JSON.parse(stdout));
  }

  /** Folders of runs, also of those that are only half made. */
  runs(): string[] {
    const runs = path.join(this.home, 'runs');
    return existsSync(runs) ? readdirSync(runs) : [];
  }

  directory(run: string): string {
    return path.join(this.home, 'runs', run);
  }

  processes(run: string): RunProcess[] {
    return processesOf(this.directory(run));
  }

  /** Everything of any run that should not be there after `lab down`. */
  leftovers(): string[] {
    return this.runs().flatMap((run) => [
      ...this.processes(run).map(({ what, pid }) => `${run}: ${what} ${pid}`),
      ...['members', 'control.sock', 'process-slot', 'supervisor.pid']
        .filter((name) => existsSync(path.join(this.directory(run), name)))
        .map((name) => `${run}: ${name}`),
    ]);
  }

  /** Ends what a failed test left, and deletes the home. */
  async close(): Promise<void> {
    await this.run('down', '--all');
    rmSync(this.home, { recursive: true, force: true });
  }
}
