import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { engine, LABEL } from '../../lab/drivers/docker-engine.ts';
import { memberContainerName } from '../../lab/drivers/docker-member.ts';
import { dockerAvailable } from '../../lab/drivers/docker.ts';
import { needs } from '../support/machine.ts';
import { scriptImage, testRun, type TestRun } from './members.ts';

const available = await dockerAvailable();
const missing = available.ok ? null : available.reason;
const MEMBERS = ['honest-01', 'honest-02', 'honest-03'];
let lab: TestRun;

beforeAll(async () => {
  if (missing !== null) return;
  lab = await testRun(['virginia', 'frankfurt', 'tokyo']);
  await lab.launch('honest-01', 'virginia', 0);
  await lab.launch('honest-02', 'frankfurt', 0);
  await lab.launch('honest-03', 'tokyo', 5);
});

afterAll(async () => {
  if (missing !== null) return;
  await lab.driver.remove(lab.journal);
  await rm(lab.directory, { recursive: true, force: true });
});

async function inspect(name: string) {
  return engine().getContainer(memberContainerName(lab.run, name)).inspect();
}

/** Resolves once the member's script listens. */
async function echo(ip: string, port: number): Promise<string> {
  for (let tries = 0; tries < 40; tries++) {
    const answer = await new Promise<string>((resolve) => {
      const socket = createSocket('udp4');
      const timer = setTimeout(() => finish(''), 250);
      function finish(text: string): void {
        clearTimeout(timer);
        socket.close();
        resolve(text);
      }
      socket.on('message', (bytes) => finish(bytes.toString()));
      socket.send('anyone', port, ip);
    });
    if (answer !== '') return answer;
  }
  return '';
}

test('a member answers at the address of its seat, also after a restart', async (context) => {
  needs(context, missing);
  const { ip, port } = lab.plan.endpoint('tokyo', 5);
  expect(await echo(ip, port)).toBe('anyone');
  await lab.driver.stop('honest-03');
  expect((await lab.driver.states()).get('honest-03')).toBe('exited');
  await lab.driver.start('honest-03');
  expect(await echo(ip, port)).toBe('anyone');
  const starts = path.join(lab.directory, 'members', 'honest-03', 'state', 'starts');
  expect(await readFile(starts, 'utf8')).toBe('xx');
});

test('a member runs unprivileged, read-only, without capabilities', async (context) => {
  needs(context, missing);
  const { State, HostConfig, Config } = await inspect('honest-01');
  const status = await readFile(`/proc/${State.Pid}/status`, 'utf8');
  expect(status).toMatch(/^CapEff:\t0+$/m);
  expect(status).toMatch(/^CapBnd:\t0+$/m);
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  expect(status).toMatch(/^Uid:\t65532\t/m);
  expect(HostConfig.ReadonlyRootfs).toBe(true);
  expect(HostConfig.Memory).toBeGreaterThan(0);
  expect(HostConfig.PidsLimit).toBeGreaterThan(0);
  const mounts = await readFile(`/proc/${State.Pid}/mountinfo`, 'utf8');
  expect(mounts).toMatch(/ \/ \/ ro[, ]|^\S+ \S+ \S+ \/ \/ ro/m);
  expect(Config.Labels).toMatchObject({
    [LABEL.run]: lab.run,
    [LABEL.peer]: 'honest-01',
    [LABEL.role]: 'peer',
  });
});

test('the lab’s address is on this machine and reachable only over the control network', async (context) => {
  needs(context, missing);
  const { networkInterfaces } = await import('node:os');
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  expect(own.map(({ address }) => address)).toContain(lab.plan.labHost);
  for (const kind of ['data', 'control']) {
    const network = await engine().getNetwork(`lab-${lab.run}-${kind}`).inspect();
    expect(network.Internal).toBe(true);
  }
});

test('pause, resume, kill and start show in the states; logs and memory are read', async (context) => {
  needs(context, missing);
  const { driver } = lab;
  await driver.pause('honest-02');
  expect((await driver.states()).get('honest-02')).toBe('paused');
  await driver.resume('honest-02');
  expect((await driver.states()).get('honest-02')).toBe('running');
  await driver.kill('honest-02');
  await driver.kill('honest-02');
  expect((await driver.states()).get('honest-02')).toBe('exited');
  expect(await driver.memory('honest-02')).toBeNull();
  await driver.start('honest-02');
  const { ip, port } = lab.plan.endpoint('frankfurt', 0);
  expect(await echo(ip, port)).toBe('anyone');
  expect(await driver.logs('honest-02', 5)).toContain('up honest-02');
  const memory = await driver.memory('honest-02');
  expect(memory?.privateBytes).toBeGreaterThan(1_000_000);
  expect(memory?.totalBytes).toBeGreaterThan(memory?.privateBytes ?? 0);
});

test('everything was announced before it was made, and preparing again changes nothing', async (context) => {
  needs(context, missing);
  const names = lab.journal.flatMap((object) => ('name' in object ? [object.name] : []));
  for (const member of MEMBERS) expect(names).toContain(memberContainerName(lab.run, member));
  expect((await lab.driver.prepare()).subnets).toEqual(lab.plan.subnets);
});

test('removing leaves nothing of the run and touches no stranger', async (context) => {
  needs(context, missing);
  const other = await testRun(['virginia']);
  await other.launch('honest-01', 'virginia', 0);
  const stranger = await engine().createContainer({
    name: `lab-${other.run}-honest-02`,
    Image: await scriptImage(),
  });
  const network = await engine().createNetwork({ Name: `lab-${other.run}-x`, Internal: true });
  try {
    const both = await Promise.all([other.driver.remove(other.journal), other.driver.remove([])]);
    expect(both.flat()).toContain(`lab-${other.run}-honest-01`);
    expect(await other.driver.remove(other.journal)).not.toContain(`lab-${other.run}-honest-01`);
    const filters = { label: [`${LABEL.run}=${other.run}`] };
    expect(await engine().listContainers({ all: true, filters })).toEqual([]);
    expect(await engine().listNetworks({ filters })).toEqual([]);
    expect((await stranger.inspect()).State.Status).toBe('created');
    expect((await network.inspect()).Name).toBe(`lab-${other.run}-x`);
    expect((await inspect('honest-01')).State.Running).toBe(true);
  } finally {
    await stranger.remove({ force: true });
    await network.remove();
    await rm(other.directory, { recursive: true, force: true });
  }
});
