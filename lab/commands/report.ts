/** `lab report RUN|CAMPAIGN`: writes the HTML report of either from what is stored. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import type { RunResult } from '../analysis/result.ts';
import type { CampaignFolder } from '../campaign/folder.ts';
import { EXIT, LabError } from '../errors.ts';
import { loadTestnet } from '../manifest/load.ts';
import { RUN_FILES } from '../supervisor/api.ts';
import { isAlive, listRuns, openRun } from '../supervisor/client.ts';
import type { RunSummary } from '../supervisor/client.ts';
import { RunEvents } from '../supervisor/events.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { findRun, jsonOption } from './common.ts';

export function reportCommand(): Command {
  return new Command('report')
    .description('write one self-contained HTML file')
    .argument('[run|campaign]', 'run or campaign, by name or unique prefix')
    .addOption(jsonOption())
    .action(async (word: string | undefined, options: { readonly json?: boolean }) => {
      const campaign = await findCampaign(word);
      const written = campaign === null ? await runReport(word) : await campaignReport(campaign);
      if (options.json === true) printJson(written);
      else printLines([written.reportPath]);
    });
}

async function runReport(word: string | undefined): Promise<{ run: string; reportPath: string }> {
  const run = findRun(word, false);
  // A living run's store belongs to its supervisor, which scores and writes what there is so far.
  const reportPath = isAlive(run) ? await liveReport(run) : await storedReport(run);
  return { run: run.run, reportPath };
}

/**
 * The campaign that `word` names; null when it is rather a run's. A campaign's name is a prefix of those of
 * its runs, so a whole name of either goes first.
 */
async function findCampaign(word: string | undefined): Promise<CampaignFolder | null> {
  const runs = listRuns().filter(({ run }) => run.startsWith(word ?? ''));
  if (word === undefined || runs.some(({ run }) => run === word)) return null;
  const { findNamed } = await import('../campaign/folder.ts');
  try {
    const folder = findNamed(word);
    return folder.name === word || runs.length === 0 ? folder : null;
  } catch (cause) {
    if (!(cause instanceof LabError) || runs.length > 0) return null;
    throw new LabError(`no run is called ${word}, and ${cause.message}`, {
      exitCode: EXIT.badUse,
      remedy: cause.remedy ?? 'npx lab ps lists runs',
      cause,
    });
  }
}

async function campaignReport(
  folder: CampaignFolder,
): Promise<{ campaign: string; reportPath: string }> {
  const [{ summarise }, { readRecord }, { writeCampaignReport }] = await Promise.all([
    import('../campaign/summary.ts'),
    import('../claims/record.ts'),
    import('../report/write.ts'),
  ]);
  const { name, campaign } = folder;
  const rows = [...folder.rows.values()];
  const reportPath = path.join(folder.directory, RUN_FILES.report);
  await writeCampaignReport(reportPath, {
    campaign,
    rows,
    summary: summarise(name, campaign, rows),
    claims: [...readRecord().values()],
    again: `npx lab campaign --resume ${name}`,
  });
  return { campaign: name, reportPath };
}

async function liveReport(run: RunSummary): Promise<string> {
  const client = await openRun(run.run);
  const result = await client.json<RunResult>('POST', '/result', {});
  if (result.reportPath === null) {
    throw new LabError(`${run.run} has no report yet`, {
      exitCode: EXIT.broke,
      remedy: `npx lab logs ${run.run}`,
    });
  }
  return result.reportPath;
}

async function storedReport(run: RunSummary): Promise<string> {
  const stored = path.join(run.directory, RUN_FILES.result);
  if (!existsSync(stored)) {
    throw new LabError(`${run.run} ended without a result`, {
      exitCode: EXIT.badUse,
      remedy: `npx lab logs ${run.run} shows why`,
    });
  }
  const [{ openStore }, { writeReport }] = await Promise.all([
    import('../telemetry/open.ts'),
    import('../report/write.ts'),
  ]);
  // Written by the supervisor of this same package.
  const result: RunResult = JSON.parse(readFileSync(stored, 'utf8'));
  const events: Parameters<Parameters<RunEvents['follow']>[1]>[0][] = [];
  new RunEvents(run.directory).follow(0, (event) => events.push(event))();
  const store = await openStore(path.join(run.directory, RUN_FILES.telemetry));
  try {
    const reportPath = path.join(run.directory, RUN_FILES.report);
    const testnet = loadTestnet(run.plan.manifest, run.plan);
    await writeReport(reportPath, { result, testnet, store, events });
    return reportPath;
  } finally {
    await store.close();
  }
}
