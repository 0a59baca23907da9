/**
 * Finality under light load against the physical floor of the same run (floor.ts): for each
 * transaction, over the one-way delays that the run measured between the regions of its client and
 * its voters.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { finalityThreshold, TRANSACTION_FATES } from '../lab/analysis/queries.ts';
import type { RunResult } from '../lab/analysis/result.ts';
import { RUN_FILES } from '../lab/supervisor/api.ts';
import { openStore } from '../lab/telemetry/open.ts';
import { ask, type NamedQuery } from '../lab/telemetry/queries.ts';
import type { TelemetryStore } from '../lab/telemetry/store.ts';
import { ringDistance } from '../node/id.ts';
import { DEFAULT_PARAMETERS } from '../node/parameters.ts';
import { type Delay, finalityFloorMs } from './floor.ts';
import type { Benchmark } from './run.ts';
import { runNetwork } from './run-network.ts';

const { k, batchWindowMs } = DEFAULT_PARAMETERS;
const MANIFEST = path.join(import.meta.dirname, 'finality.yaml');
/** One datagram within a region and the wake-up that reads it: below it a ratio means nothing. */
const LEAST_FLOOR_MS = 1;

const SUBMISSIONS: NamedQuery<{ tx: string; member: string; tokens: string[] }> = {
  name: 'submissions',
  meaning: 'Who submitted which transaction.',
  columns: { tx: 'transaction', member: 'client', tokens: 'its tokens' },
  sql: `SELECT tx, any(peer) AS member, any(tokens) AS tokens FROM lab.transactions
    WHERE run = {run:String} AND part = 'client' AND outcome = 'submitted' GROUP BY tx`,
};

const PLACES: NamedQuery<{ member: string; kind: string; address: string; region: string }> = {
  name: 'places',
  meaning: 'Where everyone is.',
  columns: { member: 'name', kind: 'peer or client', address: 'address', region: 'region' },
  sql: 'SELECT member, kind, address, region FROM truth.roles WHERE run = {run:String}',
};

const DELAYS: NamedQuery<{ from_region: string; to_region: string; rtt_ms: number }> = {
  name: 'delays',
  meaning: 'Measured round trips.',
  columns: { from_region: 'from', to_region: 'to', rtt_ms: 'round trip, ms' },
  sql: `SELECT from_region, to_region, argMax(measured_rtt_ms, ts) AS rtt_ms FROM lab.links
    WHERE run = {run:String} AND measured_rtt_ms IS NOT NULL GROUP BY from_region, to_region`,
};

export const benchmark: Benchmark = {
  name: 'finality',
  description: 'finality under light load, against the physical floor of the same run (1 minute)',
  async run() {
    const home = await mkdtemp(path.join(tmpdir(), 'lab-bench-'));
    try {
      const result = await runNetwork(MANIFEST, home);
      const store = await openStore(path.join(home, 'runs', result.run, RUN_FILES.telemetry));
      try {
        return {
          driver: result.driver,
          shaping: result.shaping,
          ...(await compare(store, result)),
        };
      } finally {
        await store.close();
      }
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
};

async function compare(
  store: TelemetryStore,
  { run, fidelity }: Pick<RunResult, 'run' | 'fidelity'>,
) {
  const [fates, submissions, places, delays] = await Promise.all([
    ask(store, TRANSACTION_FATES, { run, need: finalityThreshold(k) }),
    ask(store, SUBMISSIONS, { run }),
    ask(store, PLACES, { run }),
    ask(store, DELAYS, { run }),
  ]);
  const oneWay = new Map(
    delays.map((row) => [`${row.from_region} ${row.to_region}`, row.rtt_ms / 2]),
  );
  const delay: Delay = (from, to) => {
    const ms = oneWay.get(`${from} ${to}`) ?? oneWay.get(`${to} ${from}`);
    if (ms === undefined) throw new Error(`no round trip was measured from ${from} to ${to}`);
    return ms;
  };
  const regionOf = new Map(places.map(({ member, region }) => [member, region]));
  const peers = places.filter(({ kind }) => kind === 'peer');
  const nearest = (token: string) =>
    peers
      .map(({ address, region }) => ({ region, distance: ringDistance(token, address) }))
      .sort((a, b) => (a.distance < b.distance ? -1 : 1))
      .slice(0, k)
      .map(({ region }) => region);
  const measured = new Map(fates.map(({ tx, final_ms }) => [tx, final_ms]));
  const pairs = submissions.flatMap(({ tx, member, tokens }) => {
    const finalMs = measured.get(tx);
    const client = regionOf.get(member);
    if (finalMs === null || finalMs === undefined || client === undefined) return [];
    const floorMs = Math.max(LEAST_FLOOR_MS, finalityFloorMs(client, tokens.map(nearest), delay));
    return [{ finalMs, floorMs }];
  });
  const finals = pairs.map(({ finalMs }) => finalMs);
  const floors = pairs.map(({ floorMs }) => floorMs);
  const excess = pairs.map(({ finalMs, floorMs }) => (finalMs - batchWindowMs) / floorMs);
  return {
    fidelity,
    transactions: submissions.length,
    measured: pairs.length,
    batchWindowMs,
    finalityMs: { p50: quantile(finals, 0.5), p99: quantile(finals, 0.99) },
    floorMs: { p50: quantile(floors, 0.5), p99: quantile(floors, 0.99) },
    /** Of the quantiles; the batch window taken off first. Aims: 1.3 and 2.5. */
    ratioP50: round((quantile(finals, 0.5) - batchWindowMs) / quantile(floors, 0.5)),
    ratioP99: round((quantile(finals, 0.99) - batchWindowMs) / quantile(floors, 0.99)),
    /** Per transaction. */
    excess: { p50: quantile(excess, 0.5), p99: quantile(excess, 0.99) },
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return round(sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
