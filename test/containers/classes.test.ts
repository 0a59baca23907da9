/**
 * In real containers, on any kernel with HTB: packets to region X count in class X. The program is the
 * one that shapes, without its leaves, applied by the helper.
 */
import { rm } from 'node:fs/promises';
import { createSocket } from 'node:dgram';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LinkClass, UNSHAPED } from '../../node/control.ts';
import { engine } from '../../lab/drivers/docker-engine.ts';
import { runHelper } from '../../lab/drivers/docker-helper.ts';
import { memberContainerName } from '../../lab/drivers/docker-member.ts';
import { dockerAvailable } from '../../lab/drivers/docker.ts';
import { regionClassId, tcProgram } from '../../lab/links/tc.ts';
import { needs } from '../support/machine.ts';
import { testRun, type TestRun } from './members.ts';

const available = await dockerAvailable();
const missing = available.ok ? null : available.reason;
const REGIONS = ['virginia', 'frankfurt', 'tokyo'];
/** Datagrams sent to each region: different numbers, so that an exchange shows. */
const SENT = [20, 50, 90];
let lab: TestRun;

beforeAll(async () => {
  if (missing !== null) return;
  lab = await testRun(REGIONS);
  for (const [index, region] of REGIONS.entries()) await lab.launch(`m-${index}`, region, 0);
  await lab.launch('m-3', 'virginia', 1);
});

afterAll(async () => {
  if (missing !== null) return;
  await lab.driver.remove(lab.journal);
  await rm(lab.directory, { recursive: true, force: true });
});

function classes(): LinkClass[] {
  return REGIONS.map((region) => ({
    region,
    subnet: lab.plan.subnets[region] ?? '',
    ...UNSHAPED,
    delayMs: 40,
    cut: false,
  }));
}

/** The helper's answer for the first member. */
async function helper(
  lines: readonly string[],
  command: 'apply' | 'show' | 'clear',
): Promise<string[]> {
  const { State } = await engine().getContainer(memberContainerName(lab.run, 'm-0')).inspect();
  const section = {
    netns: `/proc/${State.Pid}/ns/net`,
    ip: lab.plan.endpoint('virginia', 0).ip,
    lines,
  };
  return runHelper(command, [section], lab.run, (name) =>
    lab.journal.push({ type: 'container', name }),
  );
}

async function packetsPerClass(): Promise<number[]> {
  const shown = (await helper([], 'show')).map((line) => line.split(' '));
  return REGIONS.map((_, index) => {
    const row = shown.find(([word, , id]) => word === 'class' && id === regionClassId(index));
    return Number(row?.[3]);
  });
}

/** Packets that the first member's classes count while it sends to each region as often as SENT says. */
async function traffic(): Promise<number[]> {
  const before = await packetsPerClass();
  const sender = lab.plan.endpoint('virginia', 0);
  for (const [index, region] of REGIONS.entries()) {
    // What a member sends to itself never meets its interface: its own region has a second member.
    const target = lab.plan.endpoint(region, region === 'virginia' ? 1 : 0);
    await order(sender.ip, sender.port, `send ${SENT[index]} ${target.ip} ${target.port}`);
  }
  const after = await packetsPerClass();
  return after.map((count, index) => count - (before[index] ?? 0));
}

/** Sends one order to a member's script and waits for its answer. */
async function order(ip: string, port: number, text: string): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const done = await new Promise<boolean>((resolve) => {
      const socket = createSocket('udp4');
      const timer = setTimeout(() => finish(false), 1_000);
      function finish(value: boolean): void {
        clearTimeout(timer);
        socket.close();
        resolve(value);
      }
      socket.on('message', () => finish(true));
      socket.send(text, port, ip);
    });
    if (done) return;
  }
  throw new Error(`${ip} does not answer`);
}

test('packets to a region count in that region’s class', async (context) => {
  needs(context, missing);
  expect(await helper(tcProgram(classes(), { netem: false }), 'apply')).toEqual([
    expect.stringMatching(/^ok /),
  ]);
  expect(await traffic()).toEqual(SENT);
});

test('applying again keeps the classes and their counts', async (context) => {
  needs(context, missing);
  const before = await packetsPerClass();
  expect(before).toEqual(SENT);
  const [answer] = await helper(tcProgram(classes(), { netem: false }), 'apply');
  expect(answer).toMatch(/^ok /);
  expect(await packetsPerClass()).toEqual(before);
});

test('two exchanged filters are seen', async (context) => {
  needs(context, missing);
  const swap = new Map([
    [regionClassId(1), regionClassId(2)],
    [regionClassId(2), regionClassId(1)],
  ]);
  const exchanged = tcProgram(classes(), { netem: false }).map((line) =>
    line.replace(/flowid (\S+)$/, (_, id: string) => `flowid ${swap.get(id) ?? id}`),
  );
  await helper([], 'clear');
  const [answer] = await helper(exchanged, 'apply');
  expect(answer).toMatch(/^ok /);
  expect(await traffic()).toEqual([SENT[0], SENT[2], SENT[1]]);
});

test('clearing leaves no trace of us, and a second time is fine', async (context) => {
  needs(context, missing);
  expect((await helper([], 'clear'))[0]).toMatch(/^ok /);
  expect((await helper([], 'clear'))[0]).toMatch(/^ok /);
  expect((await helper([], 'show'))[0]).not.toContain('htb');
});

test('a section that cannot be applied is an error in words, and the others go on', async (context) => {
  needs(context, missing);
  const { State } = await engine().getContainer(memberContainerName(lab.run, 'm-0')).inspect();
  const netns = `/proc/${State.Pid}/ns/net`;
  const wrong = [
    { netns, ip: '203.0.113.9', lines: [] },
    { netns: '/proc/none', ip: '203.0.113.9', lines: [] },
  ];
  expect(await runHelper('apply', wrong, lab.run, () => undefined)).toEqual([
    `error ${netns} no interface holds 203.0.113.9`,
    'error /proc/none no such namespace',
  ]);
});
