/**
 * Sixty members through the docker driver against the bare engine that creates and starts the same
 * containers at the same concurrency, in the same run; and what an idle member holds in memory.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { DEFAULT_PARAMETERS } from '../node/parameters.ts';
import { engine } from '../lab/drivers/docker-engine.ts';
import {
  memberContainer,
  memberStateDirectory,
  prepareState,
} from '../lab/drivers/docker-member.ts';
import { prepareNetworks } from '../lab/drivers/docker-networks.ts';
import { dockerAvailable, dockerDriver } from '../lab/drivers/docker.ts';
import type { AddressPlan, Driver, DriverContext, LaunchSpec } from '../lab/drivers/driver.ts';
import { peerImage } from '../lab/image/image.ts';
import { concurrently } from '../lab/supervisor/concurrently.ts';
import type { Benchmark } from './run.ts';

const MEMBERS = 60;
const CONCURRENCY = 8;
/** First engine that keeps count when containers leave a network at the same time (docker-remove.ts). */
const COUNTING_ENGINE = 28;
/** Rounds of each side, alternating: the page cache warms up in the first of both. */
const ROUNDS = 2;
const SETTLE_MS = 5_000;

/** Over all members. */
interface Memory {
  readonly totalMiB: number;
  readonly privateMiB: number;
  readonly mostPrivateMiB: number;
}

interface Round {
  readonly launchMs: number;
  readonly removeMs: number;
  readonly memory?: Memory;
}

export const benchmark: Benchmark = {
  name: 'launch',
  description: `${MEMBERS} members in containers, against the bare engine`,
  async run() {
    const { ok, reason } = await dockerAvailable();
    if (!ok) return { skipped: reason };
    const image = await peerImage();
    const { Version } = await engine().version();
    const removals = Number.parseInt(Version, 10) >= COUNTING_ENGINE ? CONCURRENCY : 1;
    const ours: Round[] = [];
    const bare: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(await inContext((context) => bareRound(context, image, removals)));
      ours.push(await inContext(driverRound));
    }
    const best = (rounds: readonly Round[], field: 'launchMs' | 'removeMs') =>
      Math.min(...rounds.map((round) => round[field]));
    return {
      members: MEMBERS,
      concurrency: CONCURRENCY,
      launchMs: best(ours, 'launchMs'),
      engineLaunchMs: best(bare, 'launchMs'),
      launchRatio: ratio(best(ours, 'launchMs'), best(bare, 'launchMs')),
      removeMs: best(ours, 'removeMs'),
      engineRemoveMs: best(bare, 'removeMs'),
      removeRatio: ratio(best(ours, 'removeMs'), best(bare, 'removeMs')),
      engineRemovalsAtOnce: removals,
      idleMember: ours.at(-1)?.memory ?? null,
    };
  },
};

async function inContext(work: (context: DriverContext) => Promise<Round>): Promise<Round> {
  const runDirectory = await mkdtemp(path.join(tmpdir(), 'lab-bench-'));
  const context: DriverContext = {
    run: `bench-${randomBytes(4).toString('hex')}`,
    testnet: 'bench',
    runDirectory,
    regions: ['one', 'two', 'three'],
    journal: () => undefined,
    log: () => undefined,
  };
  try {
    return await work(context);
  } finally {
    await dockerDriver(context).remove([]);
    await rm(runDirectory, { recursive: true, force: true });
  }
}

async function driverRound(context: DriverContext): Promise<Round> {
  const driver = dockerDriver(context);
  const started = performance.now();
  const plan = await driver.prepare();
  const members = specs(context, plan);
  await concurrently(members, CONCURRENCY, (spec) => driver.launch(spec));
  const launchMs = performance.now() - started;
  await sleep(SETTLE_MS);
  const memory = memoryOver(await Promise.all(members.map(({ seat }) => driver.memory(seat.name))));
  const removal = performance.now();
  await driver.remove([]);
  const removeMs = performance.now() - removal;
  return { launchMs: Math.round(launchMs), removeMs: Math.round(removeMs), memory };
}

function memoryOver(uses: readonly Awaited<ReturnType<Driver['memory']>>[]): Memory {
  const all = uses.flatMap((use) => use ?? []);
  if (all.length < MEMBERS) throw new Error('the members do not stay up: see their logs');
  const mib = (bytes: number) => Math.round((10 * bytes) / 1024 ** 2) / 10;
  const mean = (values: number[]) => mib(values.reduce((sum, value) => sum + value, 0) / MEMBERS);
  return {
    totalMiB: mean(all.map(({ totalBytes }) => totalBytes)),
    privateMiB: mean(all.map(({ privateBytes }) => privateBytes)),
    mostPrivateMiB: mib(Math.max(...all.map(({ privateBytes }) => privateBytes))),
  };
}

/**
 * The engine's own calls and nothing else: networks, create, connect, start; then removal, `removals`
 * at once: older engines would keep the networks for ever after several.
 */
async function bareRound(context: DriverContext, image: string, removals: number): Promise<Round> {
  const started = performance.now();
  const { plan, dataName, controlName } = await prepareNetworks(context);
  const containers: Docker.Container[] = [];
  await concurrently(specs(context, plan), CONCURRENCY, async (spec) => {
    const user = await prepareState(memberStateDirectory(context, spec.seat.name));
    const options = memberContainer(context, spec, image, dataName, user);
    const container = await engine().createContainer(options);
    containers.push(container);
    await engine().getNetwork(controlName).connect({ Container: container.id });
    await container.start();
  });
  const launchMs = Math.round(performance.now() - started);
  await sleep(SETTLE_MS);
  const removal = performance.now();
  await concurrently(containers, removals, async (container) => {
    await container.remove({ force: true, v: true });
  });
  for (const name of [dataName, controlName]) await engine().getNetwork(name).remove();
  return { launchMs, removeMs: Math.round(performance.now() - removal) };
}

function specs({ run }: DriverContext, plan: AddressPlan): LaunchSpec[] {
  const regions = Object.keys(plan.subnets);
  return Array.from({ length: MEMBERS }, (_, index) => {
    const region = regions[index % regions.length] ?? '';
    const name = `peer-${String(index).padStart(2, '0')}`;
    return {
      group: 'idle',
      image: 'peer',
      seat: {
        run,
        name,
        kind: 'peer',
        region,
        network: '00'.repeat(32),
        parameters: DEFAULT_PARAMETERS,
        bind: plan.endpoint(region, Math.floor(index / regions.length)),
        stateDirectory: '/state',
        // Nobody listens there: an idle member keeps redialling.
        control: { url: `ws://${plan.labHost}:9`, token: 'none' },
        telemetry: { url: `http://${plan.labHost}:9`, user: 'none', password: 'none' },
        probeKey: '00'.repeat(32),
      },
    };
  });
}

function ratio(ours: number, theirs: number): number {
  return Math.round((100 * ours) / theirs) / 100;
}
