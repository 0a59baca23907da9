import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shareBetween } from '../../attacks/kit/capture.ts';
import type { Seat } from '../../node/control.ts';
import { storedAttempts, storedIdentity } from '../../node/identity/stored.ts';
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import { SqliteStore } from '../../node/runtime/store.ts';
import { TestLab, until } from './lab.ts';

const MAIN = path.join(import.meta.dirname, '../../node/runtime/main.ts');
const ADVERSARY = path.join(import.meta.dirname, '../../attacks/main.ts');

let state = '';
let lab: TestLab;
let child: ChildProcess | null = null;
beforeEach(async () => {
  state = mkdtempSync(path.join(tmpdir(), 'minting-'));
  lab = await TestLab.open();
});
afterEach(() => {
  child?.kill('SIGKILL');
  lab.close();
  rmSync(state, { recursive: true, force: true });
});

/** `plays`: what its launch tells the process of an adversary. */
function start(bits: number, memoryKiB: number, plays: Record<string, string> = {}): ChildProcess {
  const seat: Seat = {
    run: 'one',
    name: 'miner',
    kind: 'peer',
    region: 'a',
    network: '11'.repeat(32),
    parameters: { ...DEFAULT_PARAMETERS, pow: { memoryKiB, passes: 1, bits } },
    bind: { ip: '127.0.0.1', port: 0 },
    stateDirectory: state,
    control: { url: `ws://127.0.0.1:${lab.port}/control`, token: 'secret' },
    telemetry: { url: 'http://127.0.0.1:1', user: 'miner', password: 'x' },
    probeKey: '22'.repeat(32),
  };
  child = spawn(process.execPath, ['LAB_ADVERSARY' in plays ? ADVERSARY : MAIN], {
    env: { ...process.env, PEER_SEAT: JSON.stringify(seat), ...plays },
    stdio: 'inherit',
  });
  return child;
}

test('while it mints it answers its lab, says how far it is, and ends at a signal with its count kept', async () => {
  // More bits than anyone lives to see.
  const running = start(60, 1024);
  await until('it says so', () => lab.minting.has('miner'));
  expect(lab.minting.get('miner')).toMatchObject({ type: 'minting', expected: 2 ** 60 });
  expect((await lab.ask('miner', { method: 'flush' }))['error']).toMatch(/mints/);
  running.kill('SIGTERM');
  expect(await once(running, 'exit')).toEqual([0, null]);
  const store = new SqliteStore(state);
  const first = storedAttempts(store);
  expect(first).toBeGreaterThan(10);
  store.close();
  const again = start(60, 1024);
  await until('it goes on', () => Number(lab.minting.get('miner')?.['attempts']) > first);
  await lab.ask('miner', { method: 'stop' });
  expect(await once(again, 'exit')).toEqual([0, null]);
});

test('what took longer than a moment ends in a hello, and the identity says what it cost', {
  retry: 3,
  timeout: 150_000,
}, async () => {
  // Once in sixteen it is found at once, with nothing to say.
  const running = start(10, 8192);
  await until('minting', () => lab.minting.has('miner'));
  await until('hello', () => lab.hellos.has('miner'), 120_000);
  running.kill('SIGTERM');
  await once(running, 'exit');
  const store = new SqliteStore(state);
  const identity = storedIdentity(store);
  store.close();
  expect(identity?.address).toBe(lab.hellos.get('miner')?.at(-1)?.['address']);
  expect(identity?.attempts).toBeGreaterThan(Number(lab.minting.get('miner')?.['attempts']));
});

test('an adversary’s process mints on until it lies where its module wants it', async () => {
  const target = 'c'.repeat(64);
  // One address in a hundred.
  const knobs = { target, reach: 0.005, captured: 2, backdate: false };
  const running = start(1, 8, {
    LAB_ADVERSARY: 'sybil-positioning',
    LAB_ADVERSARY_PART: JSON.stringify({ knobs, index: 0, members: 2 }),
  });
  await until('hello', () => lab.hellos.has('miner'), 60_000);
  running.kill('SIGTERM');
  await once(running, 'exit');
  const address = String(lab.hellos.get('miner')?.at(-1)?.['address']);
  expect(shareBetween(address, target)).toBeLessThanOrEqual(0.005);
});
