/**
 * A real run for the dashboards: a small simulated network with an attack, a fault and a newcomer,
 * its telemetry in the real engine. Simulated members have no process, so the resources are those
 * of the test's own process, under the names of the run's members.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { reportResources } from '../../node/runtime/resources.ts';
import { wireRow } from '../../node/runtime/telemetry.ts';
import type { RunResult } from '../../lab/analysis/result.ts';
import { parseTestnet } from '../../lab/manifest/load.ts';
import type { Testnet } from '../../lab/manifest/testnet.ts';
import { NO_COSTS } from '../../lab/simulator/costs.ts';
import { simulate } from '../../lab/simulator/run.ts';
import { RUN_FILES } from '../../lab/supervisor/api.ts';
import { openStore } from '../../lab/telemetry/open.ts';
import type { JsonRow, TelemetryStore } from '../../lab/telemetry/store.ts';

const NETWORK = `name: observed
durationMs: 12000
protocol: {k: 5, pow: {memoryKiB: 8, passes: 1, bits: 1}}
regions: [{name: east}, {name: west}]
links:
  - default: {delayMs: 1}
  - {from: east, to: west, delayMs: 10, jitterMs: 1}
peers:
  - {group: honest, count: 7, regions: even}
  - {group: liars, count: 2, regions: even, adversary: colluding-liars, active: false}
  - {group: late, count: 1, regions: [west], joinAtMs: 500}
clients: {count: 3, regions: even, queryRatePerSecond: 3}
load: {transactionsPerSecond: 5}
attacks: [{name: colluding-liars, atMs: 4000}]
faults: [{kind: partition, atMs: 2500, forMs: 1000, between: [east, west]}]
`;

export const OBSERVED = { run: 'observed-1', testnet: 'observed', peer: 'honest-01' } as const;

export interface Observed {
  readonly store: TelemetryStore;
  readonly result: RunResult;
  readonly testnet: Testnet;
  /** Where the store lies. */
  readonly directory: string;
  /** Around the load, ms since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  close(): Promise<void>;
}

export async function observe(): Promise<Observed> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'lab-dashboards-'));
  const testnet = parseTestnet(NETWORK, 'observed.yaml', { seed: 1 });
  const result = await simulate(testnet, {
    plan: {
      run: OBSERVED.run,
      manifest: 'observed.yaml',
      driver: 'sim',
      driverReason: 'a test',
      seed: 1,
      honest: false,
      mode: 'run',
      version: 'test',
      cryptography: 'ideal',
    },
    directory,
    costs: NO_COSTS,
    scoresOnly: true,
  });
  const store = await openStore(path.join(directory, RUN_FILES.telemetry), null);
  await store.insert('lab.resources', await resourcesOfThisProcess(await reporters(store)));
  const [load] = await store.query<{ from_ms: number; to_ms: number }>(
    `SELECT toUnixTimestamp64Milli(assumeNotNull(max(load_from))) AS from_ms,
      toUnixTimestamp64Milli(assumeNotNull(max(load_to))) AS to_ms FROM lab.runs`,
  );
  if (load === undefined) throw new Error('the run has no row');
  return {
    store,
    result,
    testnet,
    directory: path.join(directory, RUN_FILES.telemetry),
    fromMs: load.from_ms,
    toMs: load.to_ms,
    async close() {
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
}

interface Reporter {
  readonly peer: string;
  readonly ts: string;
}

/** When members reported messages, which is about as often as processes report resources. */
function reporters(store: TelemetryStore): Promise<Reporter[]> {
  return store.query<Reporter>(
    `SELECT DISTINCT peer, toString(ts) AS ts FROM lab.messages ORDER BY ts, peer`,
  );
}

async function resourcesOfThisProcess(all: readonly Reporter[]): Promise<JsonRow[]> {
  const row = await new Promise<JsonRow>((resolve) => {
    const end = reportResources({
      takeLateness: () => 1.5,
      socketDrops: () => 0,
      telemetryDropped: () => 0,
      report: (reported) => {
        end();
        resolve(wireRow(reported));
      },
    });
  });
  return all.map(({ peer, ts }) => ({ run: OBSERVED.run, ts, peer, ...row }));
}
