/** Simulated runs for experiments: carried out side by side by the workers of campaigns. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Outcome } from '../campaign/rows.ts';
import { Workers } from '../campaign/workers.ts';
import { runAgain } from '../terminal/shell.ts';
import type { ExperimentOptions } from './claim.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** One testnet under some settings, at several seeds. */
export interface Cell {
  /** From the root of the package. */
  readonly testnet: string;
  /** `PATH=VALUE`, as for `lab run --set`. */
  readonly settings: readonly string[];
  readonly seeds: readonly number[];
}

/** What a run left: its result, and what detectors said. */
export type Run = Extract<Outcome, { state: 'done' }>;

/** What a test may put in its place. */
export type Simulate = (cells: readonly Cell[]) => Promise<readonly (readonly Run[])[]>;

/** `count` seeds from the ledger's own on. */
export function seedsFrom(seed: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => seed + at);
}

/** The command that carries out the first run of a cell, to the same trace hash. */
export function cellCommand({ testnet, settings, seeds: [seed = 1] }: Cell): string {
  const choices = { driver: 'sim', seed, honest: false, cryptography: 'ideal', settings } as const;
  return runAgain(['run', testnet], choices);
}

/** Ideal cryptography. The results of each cell in the order of its seeds; throws when a run breaks. */
export function simulateWith({ remark }: ExperimentOptions): Simulate {
  return async function simulateCells(cells) {
    const working = mkdtempSync(path.join(os.tmpdir(), 'lab-claims-'));
    const found = cells.map(() => new Map<number, Run>());
    const runs = cells.flatMap(({ settings, seeds }, index) =>
      seeds.map((seed) => {
        const id = `c${index}-s${seed}`;
        return { id, part: 'cell' as const, index, seed, settings };
      }),
    );
    let ended = 0;
    const workers = new Workers({
      jobs: os.availableParallelism(),
      taskOf: (run) => {
        const testnet = path.join(ROOT, cells[run.index]?.testnet ?? '');
        const own = path.join(working, run.id);
        mkdirSync(own);
        return {
          run,
          name: run.id,
          driver: 'sim',
          cryptography: 'ideal',
          version: '',
          testnet,
          testnetSource: readFileSync(testnet, 'utf8'),
          keep: false,
          working: own,
        };
      },
      started: () => undefined,
      ended: (run, outcome) => {
        const cell = cells[run.index];
        if (outcome.state === 'broke') {
          const again = cell === undefined ? '' : cellCommand({ ...cell, seeds: [run.seed] });
          throw new Error(`a run broke: ${outcome.error}\nagain: ${again}`);
        }
        found[run.index]?.set(run.seed, outcome);
        ended += 1;
        remark(`  ${ended} of ${runs.length} runs`);
      },
    });
    try {
      await workers.carryOut(runs);
    } finally {
      workers.stop();
      rmSync(working, { recursive: true, force: true });
    }
    return cells.map(({ seeds }, index) => seeds.flatMap((seed) => found[index]?.get(seed) ?? []));
  };
}
