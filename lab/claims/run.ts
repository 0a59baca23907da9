/** Runs the experiments of rows and judges them. */
import type { Claim, ExperimentOptions, JudgedClaim } from './claim.ts';
import { judge } from './judge.ts';

export interface LedgerOptions extends ExperimentOptions {
  /** Of the lab. */
  readonly version: string;
}

/** One row: its experiment, then its verdict. What an experiment throws is a bug in it. */
export async function examine(claim: Claim, options: LedgerOptions): Promise<JudgedClaim> {
  const { seed, quick, version } = options;
  const experiment = await claim.experiment();
  const startedMs = performance.now();
  const measured = await experiment(options);
  const measuredOn = new Date().toISOString().slice(0, 10);
  const wallMs = Math.round(performance.now() - startedMs);
  const run = again(claim.id, options);
  return judge(claim, measured, { seed, quick, version, measuredOn, wallMs, run });
}

function again(id: string, { seed, quick }: ExperimentOptions): string {
  return `npx lab claims ${id} --seed ${seed}${quick ? ' --quick' : ''}`;
}
