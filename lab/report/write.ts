/**
 * Writes reports: one HTML file each that needs nothing else, no network and no script. What it shows comes
 * from results and named queries; all text in it is escaped, since a manifest may come from anyone, and
 * a content policy forbids what escaping might have missed.
 */
import { rename, writeFile } from 'node:fs/promises';
import type { CampaignReport } from './campaign-parts.ts';
import type { ReportInput } from './run-data.ts';

/** Replaces the file at `path` as a whole: a reader sees the old one or the new one. */
export async function writeReport(path: string, input: ReportInput): Promise<void> {
  // The chart library is large, and wanted only now.
  const { renderRun } = await import('./render-run.ts');
  await replace(path, await renderRun(input));
}

/** As of a run, of a campaign. */
export async function writeCampaignReport(path: string, report: CampaignReport): Promise<void> {
  const { renderCampaign } = await import('./render-campaign.ts');
  await replace(path, await renderCampaign(report));
}

async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.part`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
