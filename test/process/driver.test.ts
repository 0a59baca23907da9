import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AddressPlan, CreatedObject, Driver } from '../../lab/drivers/driver.ts';
import { processDriver } from '../../lab/drivers/process.ts';
import { readStat } from '../../lab/drivers/process-table.ts';
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import { TestLab, until } from './lab.ts';

let home = '';
let lab: TestLab;
let driver: Driver;
let plan: AddressPlan;
let journal: CreatedObject[] = [];

const open = (run: string): Driver =>
  processDriver(
    {
      run,
      testnet: 't',
      runDirectory: path.join(home, 'runs', run),
      regions: ['a', 'b'],
      journal: (object) => void journal.push(object),
      log: () => {},
    },
    async () => ({ entry: path.join(import.meta.dirname, 'stand-in.ts') }),
  );

beforeEach(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'driver-'));
  journal = [];
  lab = await TestLab.open();
  driver = open('one');
  plan = await driver.prepare();
});
afterEach(async () => {
  await driver.remove([]);
  lab.close();
  rmSync(home, { recursive: true, force: true });
});

const launch = (name: string, region: string): Promise<void> =>
  driver.launch({
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

const hellos = (name: string): number => lab.hellos.get(name)?.length ?? 0;

test('a member is launched, stopped, started with its state, paused, killed and removed', async () => {
  await launch('p1', 'a');
  await until('hello', () => hellos('p1') === 1);
  expect(lab.hellos.get('p1')?.[0]).toMatchObject({
    founded: false,
    endpoint: plan.endpoint('a', 0),
  });
  await lab.ask('p1', { method: 'genesis', members: [] });
  await until('health that means something', () => lab.health.get('p1')?.meshed === true);
  await driver.stop('p1');
  expect((await driver.states()).get('p1')).toBe('exited');
  // Its last rows find no endpoint here, which it may say after it.
  expect(await driver.logs('p1', 5)).toContain('"stopping"');
  await driver.start('p1');
  await until('second hello', () => hellos('p1') === 2);
  expect(lab.hellos.get('p1')?.[1]).toMatchObject({ founded: true });
  await driver.pause('p1');
  // A signal takes effect when the kernel next turns to the process.
  const turnsTo = (state: string) =>
    vi.waitFor(async () => expect((await driver.states()).get('p1')).toBe(state), 5000);
  await turnsTo('paused');
  await driver.resume('p1');
  await turnsTo('running');
  expect((await driver.memory('p1'))?.totalBytes).toBeGreaterThan(10_000_000);
  await driver.kill('p1');
  await driver.start('p1');
  await until('third hello', () => hellos('p1') === 3);
  expect(await driver.logs('p1', 1000)).not.toContain('secret');
  const removed = await driver.remove(journal);
  expect(removed.length).toBe(2);
  expect(existsSync(path.join(home, 'runs/one/members'))).toBe(false);
  expect(await driver.remove(journal)).toEqual([]);
});

test('remove finds a process that was never journalled, and leaves strangers alone', async () => {
  await launch('p1', 'a');
  await until('hello', () => hellos('p1') === 1);
  const stranger = spawn(process.execPath, [
    '-e',
    'setTimeout(() => {}, 60000)',
    `lab.member=${home}/runs/two/members/p1`,
  ]);
  const bystander = spawn('sleep', ['60']);
  const pid = bystander.pid ?? 0;
  const startTicks = (readStat(pid)?.startTicks ?? 0) - 1;
  const removed = await open('one').remove([{ type: 'process', pid, startTicks }]);
  expect(removed.filter((text) => text.startsWith('process')).length).toBe(1);
  for (const alive of [pid, stranger.pid ?? 0]) {
    expect(['R', 'S', 'D']).toContain(readStat(alive)?.state);
  }
  bystander.kill();
  stranger.kill();
});

test('members redial a lab that came back, and refuse what they do not know', async () => {
  await launch('p1', 'a');
  await until('hello', () => hellos('p1') === 1);
  const { port } = lab;
  lab.close();
  lab = await TestLab.open(port);
  await until('redial', () => hellos('p1') === 1);
  const reply = await lab.ask('p1', { method: 'load', load: null });
  expect(reply['error']).toBe('no such method');
});

test('links and probes work between two processes', async () => {
  await launch('p1', 'a');
  await launch('p2', 'b');
  await until('hellos', () => hellos('p1') === 1 && hellos('p2') === 1);
  const probe = () =>
    lab.ask('p1', {
      method: 'probe',
      target: plan.endpoint('b', 0),
      count: 5,
      intervalMs: 5,
      timeoutMs: 300,
    });
  expect((await probe())['result']).toMatchObject({ sent: 5, received: 5 });
  const cut = { region: 'b', subnet: plan.subnets['b'] ?? '', delayMs: 0, jitterMs: 0 };
  const rest = { correlation: 0, loss: 0, duplicate: 0, reorder: 0, rateBitsPerSecond: 0 };
  await lab.ask('p1', {
    method: 'links',
    classes: [{ ...cut, ...rest, distribution: 'uniform', cut: true }],
  });
  expect((await probe())['result']).toMatchObject({ sent: 5, received: 0 });
});

test('two runs get different loopback addresses, a re-attached one keeps its own', async () => {
  expect((await open('two').prepare()).subnets).not.toEqual(plan.subnets);
  expect((await open('one').prepare()).subnets).toEqual(plan.subnets);
});
