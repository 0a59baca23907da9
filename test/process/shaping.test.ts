import { mkdtempSync, rmSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AddressPlan, Driver } from '../../lab/drivers/driver.ts';
import { processDriver } from '../../lab/drivers/process.ts';
import { median } from '../../lab/links/measure.ts';
import type { LinkClass } from '../../node/control.ts';
import type { Endpoint } from '../../node/host.ts';
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import { TestLab, until } from './lab.ts';

let home = '';
let lab: TestLab;
let driver: Driver;
let plan: AddressPlan;

beforeEach(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'shaping-'));
  lab = await TestLab.open();
  const runDirectory = path.join(home, 'runs', 'one');
  driver = processDriver(
    {
      run: 'one',
      testnet: 't',
      runDirectory,
      regions: ['a', 'b'],
      journal: () => {},
      log: () => {},
    },
    async () => ({ entry: path.join(import.meta.dirname, 'stand-in.ts') }),
  );
  plan = await driver.prepare();
});
afterEach(async () => {
  await driver.remove([]);
  lab.close();
  rmSync(home, { recursive: true, force: true });
});

const hellos = (name: string): number => lab.hellos.get(name)?.length ?? 0;

async function launch(name: string, region: string): Promise<void> {
  await driver.launch({
    seat: {
      run: 'one',
      name,
      kind: 'peer',
      region,
      network: '11'.repeat(32),
      parameters: DEFAULT_PARAMETERS,
      bind: plan.endpoint(region, 0),
      stateDirectory: '',
      control: { url: `ws://127.0.0.1:${lab.port}/control`, token: 'secret' },
      telemetry: { url: 'http://127.0.0.1:1', user: name, password: 'x' },
      probeKey: '22'.repeat(32),
    },
    group: 'g',
    image: 'peer',
  });
  await until('hello', () => hellos(name) === 1);
}

function linkTo(subnet: string, change: Partial<LinkClass>): LinkClass {
  const none = { jitterMs: 0, correlation: 0, loss: 0, duplicate: 0, reorder: 0 };
  const rest = { distribution: 'uniform', rateBitsPerSecond: 0, cut: false } as const;
  return { region: 'r', subnet, delayMs: 0, ...none, ...rest, ...change };
}

/** Round trips of a bare socket to the member's data socket, which sends back what it gets. */
async function echoesMs(target: Endpoint, count: number): Promise<number[]> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const trips: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const startMs = performance.now();
    socket.send(Uint8Array.of(n), target.port, target.ip);
    await once(socket, 'message');
    trips.push(performance.now() - startMs);
  }
  socket.close();
  return trips;
}

test('a shaped process answers later by what was asked, an unshaped one does not', async () => {
  const target = plan.endpoint('a', 0);
  await launch('p1', 'a');
  const control = median(await echoesMs(target, 20)) ?? Number.NaN;
  await lab.ask('p1', { method: 'links', classes: [linkTo('127.0.0.0/24', { delayMs: 40 })] });
  const shaped = (await echoesMs(target, 20)).toSorted((a, b) => a - b);
  // Half a timer tick early at most; how late depends on the host.
  expect(shaped[0]).toBeGreaterThanOrEqual(39.5);
  expect((median(shaped) ?? 0) - control).toBeGreaterThan(39);
  const elsewhere = [linkTo('127.200.0.0/24', { delayMs: 40 })];
  await lab.ask('p1', { method: 'links', classes: elsewhere });
  expect(Math.min(...(await echoesMs(target, 20)))).toBeLessThan(39);
});

test('a member that is killed comes back shaped as it was, before the lab reaches it', async () => {
  await launch('p1', 'a');
  await launch('p2', 'b');
  const probe = async () => {
    const target = plan.endpoint('b', 0);
    const request = { method: 'probe', target, count: 5, intervalMs: 2, timeoutMs: 300 } as const;
    return (await lab.ask('p1', request))['result'];
  };
  const restart = async () => {
    const before = hellos('p1');
    await driver.kill('p1');
    await driver.start('p1');
    await until('next hello', () => hellos('p1') > before);
  };
  const cut = [linkTo(plan.subnets['b'] ?? '', { cut: true })];
  await lab.ask('p1', { method: 'links', classes: cut });
  await restart();
  expect(await probe()).toMatchObject({ sent: 5, received: 0 });
  // What was asked last holds, also when that is nothing.
  await lab.ask('p1', { method: 'links', classes: [] });
  await restart();
  expect(await probe()).toMatchObject({ sent: 5, received: 5 });
});
