/**
 * What it is like to sit at the terminal UI with 200 peers: from a key to the screen that it makes,
 * and how much of a core the UI takes. Of a run that is made up (test/tui/stage.ts) with nothing new
 * to show and with models as fast as they can come; and attached to a paced simulation of 200 peers
 * with ideal cryptography, which takes a core beside it. The real program in a pseudo-terminal of 200
 * by 50; beside it, in a pseudo-terminal alike, the yardstick: a key's echo by the terminal itself.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark } from './run.ts';

const STAGE = path.join(import.meta.dirname, '..', 'test', 'tui', 'stage.ts');
const CLI = path.join(import.meta.dirname, '..', 'lab', 'cli.ts');
const PEERS = 200;
/** Light, so that two cores play it in step with the clock; long leases, as in the demo. */
const TESTNET = `name: two-hundred
durationMs: 60000
protocol: {leaseHours: 240}
regions: [{name: virginia}, {name: oregon}, {name: frankfurt}, {name: tokyo}, {name: singapore}]
links:
  - default: {delayMs: 40}
peers:
  - {group: honest, count: ${PEERS}, regions: even}
clients: {count: 5, regions: even, queryRatePerSecond: 0.5}
load: {transactionsPerSecond: 1}
`;
const KEYS = 40;
/** Apart, so that each key finds the screen at rest, and no rhythm with the drawing. */
const PAUSE_MS = 230;
/** lab/live/open.ts hands models on this often at most. */
const LOADED_MS = 100;
const NEVER_MS = 2 ** 30;
const CPU_MS = 8000;
const WAIT_MS = 30_000;
/** Of /proc/PID/stat, in Linux on every platform that Node runs on. */
const TICK_MS = 10;

export const benchmark: Benchmark = {
  name: 'tui',
  description: 'key to screen and share of a core with 200 peers, against the echo of a terminal',
  async run() {
    const echo = await echoMs();
    return {
      peers: PEERS,
      echo,
      idle: await sitting(staged(NEVER_MS), echo.p50Ms),
      loaded: await sitting(staged(LOADED_MS), echo.p50Ms),
      simulated: await besideSimulation(echo.p50Ms),
    };
  },
};

/** A program in a pseudo-terminal of its own, by util-linux's `script`. */
class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  #text = '';
  #look: () => void = () => undefined;

  constructor(command: string) {
    const { CI: _ci, ...env } = process.env;
    const inside = `stty rows 50 cols 200; exec ${command}`;
    this.#child = spawn('script', ['-qfc', inside, '/dev/null'], {
      env: { ...env, TERM: 'xterm-256color', LANG: 'C.UTF-8', SHELL: '/bin/sh' },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.#text += chunk;
      this.#look();
    });
  }

  /** Ms until the terminal has been sent `text`; what came before counts no more. */
  async press(key: string, text: string): Promise<number> {
    this.#text = '';
    const beganMs = performance.now();
    const shown = Promise.withResolvers<number>();
    this.#look = () => {
      if (this.#text.includes(text)) shown.resolve(performance.now() - beganMs);
    };
    const timeout = setTimeout(() => {
      shown.reject(new Error(`the terminal never showed ${text}`));
    }, WAIT_MS);
    if (key !== '') this.#child.stdin.write(key);
    try {
      return await shown.promise;
    } finally {
      clearTimeout(timeout);
    }
  }

  /** Process id of what runs inside. */
  inner(): number {
    const text = execFileSync('pgrep', ['-P', String(this.#child.pid)], { encoding: 'utf8' });
    return Number(text.trim());
  }

  close(): void {
    this.#child.kill();
  }
}

async function echoMs() {
  const terminal = new Terminal('cat');
  await delay(500);
  const measured: number[] = [];
  for (let at = 0; at < KEYS; at++) {
    const key = String.fromCharCode(97 + (at % 26));
    measured.push(await terminal.press(key, key));
    await delay(PAUSE_MS / 10);
  }
  terminal.close();
  return quantiles(measured);
}

/** The command that sits down at a run that is made up, with a new model every so often. */
function staged(everyMs: number): string {
  return `'${process.execPath}' '${STAGE}' --attached --peers ${PEERS} --every ${everyMs}`;
}

/** At a run that `lab up` launches: its own supervisor, its own control socket. */
async function besideSimulation(echoP50Ms: number) {
  const home = mkdtempSync(path.join(tmpdir(), 'bench-tui-'));
  const env = { ...process.env, LAB_HOME: home };
  const lab = (...words: readonly string[]): string =>
    execFileSync(process.execPath, [CLI, ...words], { env, encoding: 'utf8' });
  const file = path.join(home, 'testnet.yaml');
  writeFileSync(file, TESTNET);
  try {
    lab('up', file, '--driver', 'sim', '--cryptography', 'ideal', '--quiet');
    const command = `env LAB_HOME='${home}' '${process.execPath}' '${CLI}' tui two-hundred`;
    return await sitting(command, echoP50Ms);
  } finally {
    lab('down', 'two-hundred', '--purge');
    rmSync(home, { recursive: true, force: true });
  }
}

async function sitting(command: string, echoP50Ms: number) {
  const terminal = new Terminal(command);
  await terminal.press('', '[1 overview]');
  const pid = terminal.inner();
  await delay(2000);
  const began = { cpuMs: cpuMs(pid), atMs: performance.now() };
  await delay(CPU_MS);
  const untouched = (cpuMs(pid) - began.cpuMs) / (performance.now() - began.atMs);
  const measured: number[] = [];
  const before = cpuMs(pid);
  for (let at = 0; at < KEYS; at++) {
    measured.push(
      at % 2 === 0
        ? await terminal.press('2', '[2 peers]')
        : await terminal.press('1', '[1 overview]'),
    );
    await delay(PAUSE_MS);
  }
  const cpuPerKeyMs = (cpuMs(pid) - before) / KEYS;
  terminal.close();
  const keys = quantiles(measured);
  return {
    ...keys,
    timesEcho: round(keys.p50Ms / echoP50Ms),
    shareOfCore: round(untouched, 3),
    /** With what new models take meanwhile. */
    cpuPerKeyMs: round(cpuPerKeyMs),
  };
}

/** User and system time of a process so far. */
function cpuMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function quantiles(measured: readonly number[]) {
  const sorted = measured.toSorted((a, b) => a - b);
  const at = (share: number) =>
    round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN);
  return { p50Ms: at(0.5), p90Ms: at(0.9), maxMs: at(1) };
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
