import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AddressPlan, Driver } from '../../lab/drivers/driver.ts';
import { processDriver } from '../../lab/drivers/process.ts';
import type { AttackOrder, ClientLoad, Health } from '../../node/control.ts';
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import { TestLab, until } from './lab.ts';

const PEERS = ['p1', 'p2', 'p3'];
const LIAR = 'liar';
const CLIENT = 'c1';
const ALL = [...PEERS, LIAR, CLIENT];
const LOAD: ClientLoad = {
  transactionsPerSecond: 8,
  queryRatePerSecond: 8,
  tokensPerTransaction: { '1': 1 },
  transferShare: 0.5,
  destroyShare: 0,
  highValueShare: 0,
  popularityZipf: 0.9,
  askPeers: 3,
  seed: 'load',
};
const ORDER: AttackOrder = {
  id: 'a-1',
  name: 'colluding-liars',
  action: 'start',
  knobs: { victims: 1, tokens: 1, accomplices: 1 },
  members: [],
};

const LIARS = {
  name: 'colluding-liars',
  part: { knobs: ORDER.knobs, index: 0, members: 1 },
};

const homeBefore = process.env['LAB_HOME'];
let home = '';
let lab: TestLab;
let driver: Driver;
let plan: AddressPlan;

async function launch(name: string, index: number): Promise<void> {
  await driver.launch({
    seat: {
      run: 'one',
      name,
      kind: name === CLIENT ? 'client' : 'peer',
      region: 'a',
      network: '11'.repeat(32),
      parameters: { ...DEFAULT_PARAMETERS, k: 4, pow: { memoryKiB: 64, passes: 1, bits: 1 } },
      bind: plan.endpoint('a', index),
      stateDirectory: '',
      control: { url: `ws://127.0.0.1:${lab.port}/control`, token: 'secret' },
      telemetry: { url: 'http://127.0.0.1:1', user: name, password: 'x' },
      probeKey: '22'.repeat(32),
    },
    group: 'g',
    ...(name === LIAR ? { image: 'adversary', adversary: LIARS } : { image: 'peer' }),
  });
}

const hello = (name: string) => lab.hellos.get(name)?.at(-1) ?? {};
const hellos = (name: string): number => lab.hellos.get(name)?.length ?? 0;
const health = (name: string): Health | undefined => lab.health.get(name);
const height = (name: string): number => health(name)?.height ?? 0;

beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'peers-'));
  process.env['LAB_HOME'] = home;
  lab = await TestLab.open();
  driver = processDriver({
    run: 'one',
    testnet: 't',
    runDirectory: path.join(home, 'runs', 'one'),
    regions: ['a'],
    journal: () => {},
    log: () => {},
  });
  plan = await driver.prepare();
  await Promise.all(ALL.map(launch));
  await until('hellos', () => ALL.every((name) => hellos(name) === 1), 60_000);
  const members = [...PEERS, LIAR].map((name, index) => ({
    record: String(hello(name)['record']),
    endpoint: plan.endpoint('a', index),
  }));
  for (const name of ALL) {
    expect((await lab.ask(name, { method: 'genesis', members }))['error']).toBeUndefined();
  }
  await until('mesh', () => ALL.every((name) => health(name)?.meshed === true), 30_000);
  await lab.ask(CLIENT, { method: 'load', load: LOAD });
});
afterAll(async () => {
  await driver.remove([]);
  lab.close();
  if (homeBefore === undefined) delete process.env['LAB_HOME'];
  else process.env['LAB_HOME'] = homeBefore;
  rmSync(home, { recursive: true, force: true });
});

test('a killed peer comes back as itself in the next epoch and meshes with no help of the lab', async () => {
  await until('commits', () => PEERS.every((name) => height(name) > 3), 30_000);
  const before = { record: hello('p2')['record'], height: height('p2') };
  // Several times, at whatever moment it is in: what it said before must bind what it says after.
  for (let restart = 1; restart <= 3; restart += 1) {
    await driver.kill('p2');
    lab.health.delete('p2');
    await driver.start('p2');
    await until('hello', () => hellos('p2') === restart + 1);
    expect(hello('p2')).toMatchObject({ record: before.record, founded: true });
    await until('mesh', () => health('p2')?.meshed === true);
    expect(health('p2')?.epoch).toBe(1 + restart);
    expect(health('p2')?.height).toBeGreaterThanOrEqual(before.height);
    const reached = height('p2');
    await until('it commits again', () => height('p2') > reached + 2, 30_000);
  }
  // Nobody holds a proof that it said two things, though all asked it all along.
  for (const name of PEERS) expect(health(name)?.banned).toBe(0);
}, 120_000);

test('an adversary takes orders, an honest image knows no such method', async () => {
  const order = { method: 'attack', attack: ORDER } as const;
  expect((await lab.ask(LIAR, order))['error']).toBeUndefined();
  for (const name of ['p1', CLIENT]) {
    expect((await lab.ask(name, order))['error']).toBe('no such method');
    const heard = { method: 'conspire', from: 'x', message: {} } as const;
    expect((await lab.ask(name, heard))['error']).toBe('no such method');
  }
});

test('a voter killed anywhere between its lock and its datagram never votes for two transactions', () => {
  const moments = ['before-commit', 'before-send', 'after-send', 'never'];
  const vote = (directory: string, digit: number, moment: string): string => {
    const child = path.join(import.meta.dirname, 'votes-and-dies.ts');
    const run = spawnSync(process.execPath, [child, directory, String(digit), moment], {
      encoding: 'utf8',
    });
    expect(run.signal).toBe(moment === 'never' || run.status === 0 ? null : 'SIGKILL');
    return run.stdout;
  };
  for (const moment of moments) {
    const directory = path.join(home, 'voter', moment);
    const sent = [vote(directory, 1, moment), vote(directory, 2, 'never')].join('');
    // Only a lock that never reached the disk leaves the voter free, and then nothing was said.
    const expected =
      moment === 'before-commit' ? 'valid 2\n' : moment === 'before-send' ? '' : 'valid 1\n';
    expect(sent).toBe(expected);
    // The first may be said again after any crash, unless the second was said.
    const again = vote(directory, 1, 'never');
    expect(again).toBe(moment === 'before-commit' ? '' : 'valid 1\n');
  }
});
