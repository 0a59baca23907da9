/** A store with the sample run's rows in it, and the run's result. One per test file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { RunResult } from '../../lab/analysis/result.ts';
import { score, type RunFacts } from '../../lab/analysis/score.ts';
import { openStore } from '../../lab/telemetry/open.ts';
import type { TelemetryStore } from '../../lab/telemetry/store.ts';
import { RUN, sampleRows, sampleTestnet, START, type SampleRows } from './sample-run.ts';

export const FACTS: RunFacts = {
  run: RUN,
  testnet: sampleTestnet(),
  driver: 'process',
  shaping: 'userspace',
  shapingOk: true,
  links: [],
  fidelityReasons: [],
  seed: 7,
  version: 'test',
  loadStartedAtMs: START,
  loadEndedAtMs: START + 10_000,
  wallMs: 12_000,
  attacks: [
    { id: 'a1', name: 'colluding-liars', startedAtMs: START + 6000, members: ['l1', 'l2', 'l3'] },
  ],
  reportPath: null,
  secondsPerAttempt: 0.5,
};

export interface Scoring {
  readonly store: TelemetryStore;
  /** The result of the sample run, with whatever `change` does to its rows. */
  scored(change?: (rows: SampleRows) => void): Promise<RunResult>;
}

/** Opens the store before the tests of a file, empties it before each, closes it after them. */
export function sampleScoring(): Scoring {
  let directory: string;
  let store: TelemetryStore;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'lab-score-'));
    store = await openStore(path.join(directory, 'store'), null);
  });
  afterAll(async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    for (const table of Object.keys(sampleRows())) await store.query(`TRUNCATE TABLE ${table}`);
  });
  return {
    get store() {
      return store;
    },
    async scored(change = () => undefined) {
      const rows = sampleRows();
      change(rows);
      for (const [table, entries] of Object.entries(rows)) await store.insert(table, entries);
      return score(store, FACTS);
    },
  };
}
