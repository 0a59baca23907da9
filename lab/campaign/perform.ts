/** Makes what is missing of a campaign: its workers make runs, this process alone keeps their rows. */
import path from 'node:path';
import { runAgain } from '../terminal/shell.ts';
import type { Task } from './carry-out.ts';
import type { Campaign } from './definition.ts';
import type { CampaignFolder } from './folder.ts';
import type { CampaignRow, CampaignRun, Outcome } from './rows.ts';
import { runsOf } from './rows.ts';
import { Workers } from './workers.ts';

export interface PerformOptions {
  readonly folder: CampaignFolder;
  readonly version: string;
  readonly jobs: number;
  readonly keep: boolean;
  readonly signal: AbortSignal;
  started(run: CampaignRun): void;
  ended(run: CampaignRun, outcome: Outcome): void;
}

/** Those of which there is no result: what broke is tried again. */
export function missingOf({ campaign, rows }: CampaignFolder): readonly CampaignRun[] {
  return runsOf(campaign).filter(({ id }) => rows.get(id)?.state !== 'done');
}

/** Until all runs were made or the signal is aborted; the rows are in the folder then. */
export async function perform(options: PerformOptions): Promise<void> {
  const { folder, version, keep, signal } = options;
  const { campaign } = folder;
  const workers = new Workers({
    jobs: options.jobs,
    taskOf: (run): Task => ({
      run,
      name: `${folder.name}-${run.id}`,
      driver: campaign.driver,
      cryptography: campaign.cryptography,
      version,
      testnet: folder.testnet,
      testnetSource: campaign.testnetSource,
      keep,
      working: folder.working,
    }),
    started: (run) => options.started(run),
    ended: (run, outcome) => {
      const row: CampaignRow = { ...run, version, command: commandOf(campaign, run), ...outcome };
      folder.write(row);
      options.ended(run, outcome);
    },
  });
  const stop = (): void => workers.stop();
  signal.addEventListener('abort', stop);
  try {
    await workers.carryOut(missingOf(folder));
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The one command that carries this run out again. */
export function commandOf(campaign: Campaign, { seed, part, settings }: CampaignRun): string {
  const file = path.relative(process.cwd(), campaign.testnetFile);
  const { driver, cryptography } = campaign;
  const honest = part === 'control';
  return runAgain(['run', file], { driver, seed, honest, cryptography, settings });
}
