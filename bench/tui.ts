/**
 * What it is like to sit at the terminal UI with 200 peers: from a key to the screen that it makes,
 * and how much of a core the UI takes, with nothing new to show and with models as fast as they can
 * come. The real program in a pseudo-terminal of 200 by 50; beside it, in a pseudo-terminal alike, the
 * yardstick: a key's echo by the terminal itself.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark } from './run.ts';

const STAGE = path.join(import.meta.dirname, '..', 'test', 'tui', 'stage.ts');
const PEERS = 200;
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
      idle: await sitting(NEVER_MS, echo.p50Ms),
      loaded: await sitting(LOADED_MS, echo.p50Ms),
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

async function sitting(everyMs: number, echoP50Ms: number) {
  const command = `'${process.execPath}' '${STAGE}' --attached --peers ${PEERS} --every ${everyMs}`;
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
  const cpuPerKeyMs = everyMs === NEVER_MS ? (cpuMs(pid) - before) / KEYS : null;
  terminal.close();
  const keys = quantiles(measured);
  return {
    ...keys,
    timesEcho: round(keys.p50Ms / echoP50Ms),
    shareOfCore: round(untouched, 3),
    cpuPerKeyMs: cpuPerKeyMs === null ? null : round(cpuPerKeyMs),
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
