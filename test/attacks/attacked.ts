/** A testnet with an attack, simulated with ideal cryptography, scored and judged from the truth. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AttackResult, RunResult } from '../../lab/analysis/result.ts';
import { parseTestnet } from '../../lab/manifest/load.ts';
import { NO_COSTS } from '../../lab/simulator/costs.ts';
import { simulate } from '../../lab/simulator/run.ts';
import type { TelemetryStore } from '../../lab/telemetry/store.ts';

export interface Attacked {
  readonly attack: AttackResult;
  readonly result: RunResult;
}

/**
 * `settings` as `--set` takes them. The testnet's first attack is the one that is judged. `look` sees the
 * telemetry of the run, named `attacked`.
 */
export async function attacked(
  text: string,
  settings: readonly string[] = [],
  look: (store: TelemetryStore) => Promise<void> = async () => {},
): Promise<Attacked> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'lab-attacked-'));
  const file = 'attacked.yaml';
  const testnet = parseTestnet(text, file, { settings });
  try {
    const result = await simulate(testnet, {
      plan: {
        run: 'attacked',
        manifest: file,
        driver: 'sim',
        driverReason: 'a test',
        seed: testnet.seed,
        honest: false,
        mode: 'run',
        version: 'test',
        cryptography: 'ideal',
      },
      directory,
      costs: NO_COSTS,
      scoresOnly: true,
      onScored: look,
    });
    const [attack] = result.attacks;
    if (attack === undefined) throw new Error('the testnet plans no attack');
    return { attack, result };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Nine peers, and four newcomers that were minted next to one of them and show themselves to it. */
export const ECLIPSERS = `name: eclipse
durationMs: 14000
protocol: {k: 5, leaseHours: 240, pow: {memoryKiB: 8, passes: 1, bits: 4}}
regions: [{name: here}]
links: [{default: {delayMs: 20}}]
peers:
  - {group: honest, count: 9, regions: even}
  - {group: eclipsers, count: 4, regions: even, adversary: eclipse, active: false, joinAtMs: 500}
clients: {count: 1, regions: even, queryRatePerSecond: 0.5}
load: {transactionsPerSecond: 0.5}
attacks: [{name: eclipse, atMs: 200, knobs: {waitMs: 4000}}]
`;
