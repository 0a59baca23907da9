/**
 * A driver whose members run a small script instead of the peer: they answer at their address,
 * send where they are told and write to their state, so that the driver is tested without the protocol.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Seat } from '../../node/control.ts';
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import { dockerAvailable, dockerDriver } from '../../lab/drivers/docker.ts';
import type { AddressPlan, CreatedObject, Driver } from '../../lab/drivers/driver.ts';
import { build, NODE_IN_IMAGE, nodeImage } from '../../lab/image/base.ts';
import { contentHash } from '../../lab/image/files.ts';

const SCRIPT = `
const seat = JSON.parse(process.env.PEER_SEAT);
require('node:fs').appendFileSync(seat.stateDirectory + '/starts', 'x');
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (bytes, from) => {
  const [word, count, ip, port] = bytes.toString().split(' ');
  for (let n = 0; word === 'send' && n < Number(count); n++) socket.send('sent', Number(port), ip);
  if (word !== 'sent') socket.send(bytes, from.port, from.address);
});
socket.bind(seat.bind.port, seat.bind.ip, () => console.log('up', seat.name));
process.on('SIGTERM', () => process.exit(0));
`;

/** Null when containers can run here, else why not. */
export async function containersMissing(): Promise<string | null> {
  const { ok, reason } = await dockerAvailable();
  return ok ? null : reason;
}

/** The tag of an image that runs the script. */
export async function scriptImage(): Promise<string> {
  const dockerfile =
    `FROM ${await nodeImage()}\nCOPY script.cjs /script.cjs\n` +
    `ENTRYPOINT ${JSON.stringify([NODE_IN_IMAGE, '--max-semi-space-size=2', '/script.cjs'])}\n`;
  const tag = `lab-test:${await contentHash([], dockerfile + SCRIPT)}`;
  return build('test', tag, dockerfile, (context) =>
    writeFile(path.join(context, 'script.cjs'), SCRIPT),
  );
}

export interface TestRun {
  readonly run: string;
  readonly driver: Driver;
  readonly plan: AddressPlan;
  readonly journal: CreatedObject[];
  readonly directory: string;
  launch(name: string, region: string, index: number): Promise<void>;
}

export async function testRun(regions: readonly string[]): Promise<TestRun> {
  const run = `test-${randomBytes(4).toString('hex')}`;
  const directory = await mkdtemp(path.join(tmpdir(), 'lab-containers-'));
  const journal: CreatedObject[] = [];
  const driver = dockerDriver(
    {
      run,
      testnet: 'test',
      runDirectory: directory,
      regions,
      journal: (object) => journal.push(object),
      log: () => undefined,
    },
    { peer: scriptImage, adversary: scriptImage },
  );
  const plan = await driver.prepare();
  const launch = (name: string, region: string, index: number) =>
    driver.launch({
      seat: seat(run, name, region, plan.endpoint(region, index), directory),
      group: 'honest',
      image: 'peer',
    });
  return { run, driver, plan, journal, directory, launch };
}

function seat(
  run: string,
  name: string,
  region: string,
  bind: Seat['bind'],
  directory: string,
): Seat {
  return {
    run,
    name,
    kind: 'peer',
    region,
    network: '00'.repeat(32),
    parameters: DEFAULT_PARAMETERS,
    bind,
    stateDirectory: directory,
    control: { url: 'ws://127.0.0.1:1', token: '' },
    telemetry: { url: 'http://127.0.0.1:1', user: '', password: '' },
    probeKey: '00'.repeat(32),
  };
}
