/** Real peers on virtual time: Sybils join a network that honest newcomers join as well. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { casesOf, type JudgedRun } from '../../lab/analysis/detector-judgement.ts';
import { areaUnder } from '../../lab/analysis/roc.ts';
import { runDetectors } from '../../lab/detectors/detect.ts';
import type { DetectorName } from '../../lab/detectors/report.ts';
import { Streams } from '../../lab/simulator/random.ts';
import { openStore } from '../../lab/telemetry/open.ts';
import type { TelemetryStore } from '../../lab/telemetry/store.ts';
import { useCryptography } from '../../node/crypto/cryptography.ts';
import type { Id } from '../../node/id.ts';
import { timestamp } from '../../node/runtime/clock.ts';
import { wireRow } from '../../node/runtime/telemetry.ts';
import { joined } from '../support/joiner.ts';
import { Swarm } from '../support/swarm.ts';

const FOUNDERS = 9;
const NEWCOMERS = 7;
const SYBILS = 4;
const SECONDS = 55;

const STANDING_OUT: readonly DetectorName[] = [
  'minting-burst',
  'synchronisation-pattern',
  'ring-concentration',
  'address-range',
];

let directory: string;
let store: TelemetryStore;

beforeAll(async () => {
  useCryptography('ideal');
  directory = await mkdtemp(path.join(tmpdir(), 'lab-sybils-'));
  store = await openStore(path.join(directory, 'store'), null);
});
afterAll(async () => {
  useCryptography('real');
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

interface Sybils {
  /** One every so many ms. */
  readonly everyMs: number;
  /** Whether each has an address range of its own, as honest newcomers have, or all share one. */
  readonly spread: boolean;
  wants(this: void, address: Id): boolean;
}

/** Founders, honest newcomers that come when they like, and Sybils. */
async function played(run: string, { everyMs, spread, wants }: Sybils): Promise<JudgedRun> {
  const swarm = new Swarm({
    peers: FOUNDERS,
    clients: 0,
    seed: 5,
    parameters: { k: 5, timeScale: 3600, trustHours: 100, leaseHours: 240 },
  });
  swarm.mesh();
  const random = new Streams(run).stream('arrivals');
  const range = (number: number): number => number * 256;
  const arrivals = [
    ...Array.from({ length: NEWCOMERS }, (_, at) => {
      const atMs = Math.floor(random.next() * (SECONDS - 10) * 1000);
      return { atMs, index: range(1 + at), isSybil: false };
    }),
    ...Array.from({ length: SYBILS }, (_, at) => {
      const index = range(40 + (spread ? at : 0)) + at;
      return { atMs: 20_000 + at * everyMs, index, isSybil: true };
    }),
  ].sort((a, b) => a.atMs - b.atMs);
  const startMs = swarm.network.now;
  const guilty = new Map(swarm.peers.map(({ identity }) => [identity.address, false]));
  const newcomers: Id[] = [];
  for (const { atMs, index, isSybil } of arrivals) {
    swarm.network.run(Math.max(0, startMs + atMs - swarm.network.now));
    const { peer } = joined(swarm, index, isSybil ? { wants } : {});
    guilty.set(peer.identity.address, isSybil);
    newcomers.push(peer.identity.address);
  }
  swarm.network.run(startMs + SECONDS * 1000 - swarm.network.now);
  for (const table of ['registrations', 'transactions'] as const) {
    const rows = swarm.network.rows.filter(({ row }) => row.table === table);
    await store.insert(
      `lab.${table}`,
      rows.map(({ endpoint, at, row }) => {
        return { run, ts: timestamp(at), peer: endpoint.ip, ...wireRow(row) };
      }),
    );
  }
  const report = await runDetectors(store, run);
  return { run, report, guilty, newcomers, originMs: startMs, endMs: swarm.network.now };
}

/** The chance that a Sybil has a higher score than an honest identity. */
function areaOf(run: JudgedRun, detector: DetectorName): number {
  return areaUnder(casesOf(run, detector))?.value ?? Number.NaN;
}

test('Sybils that are minted to one place and join in a burst stand out in what their neighbours report', async () => {
  const run = await played('burst', {
    everyMs: 300,
    spread: false,
    wants: (address) => address.startsWith('7'),
  });
  const seen = new Set(run.report.scores.map(({ subject }) => subject));
  expect([...seen].sort()).toEqual([...run.guilty.keys()].sort());
  for (const detector of STANDING_OUT) {
    expect(areaOf(run, detector), detector).toBeGreaterThan(0.8);
  }
}, 60_000);

test('Sybils that take their time, any address and ranges of their own are not told from newcomers', async () => {
  const run = await played('patient', { everyMs: 9000, spread: true, wants: () => true });
  for (const detector of STANDING_OUT) {
    expect(areaOf(run, detector), detector).toBeLessThan(0.7);
  }
}, 60_000);
