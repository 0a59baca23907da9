/**
 * How long a campaign's report with 10,030 transactions takes to open in Chromium, against an empty page
 * in the same browser.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { score } from '../lab/analysis/score.ts';
import { writeCampaignReport } from '../lab/report/write.ts';
import { openStore } from '../lab/telemetry/open.ts';
import { launch, MISSING } from '../test/report/browser.ts';
import { sampleCampaign } from '../test/report/sample-campaign.ts';
import { sampleRows } from '../test/report/sample-run.ts';
import { FACTS } from '../test/report/scoring.ts';
import type { Benchmark } from './run.ts';

const REPETITIONS = 5;
const EMPTY_PAGE = '<!doctype html><html lang="en"><title>empty</title><p>nothing</p></html>';

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** From the call until the page is laid out and painted, ms. */
async function opened(browser: Browser, file: string): Promise<number> {
  const times: number[] = [];
  for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const startedMs = performance.now();
    await page.goto(`file://${file}`);
    // Two frames: the first is asked for when the document is laid out, the second when that one was painted.
    await page.evaluate(
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
    );
    times.push(performance.now() - startedMs);
    await page.close();
  }
  return median(times);
}

async function run(): Promise<Readonly<Record<string, unknown>>> {
  if (MISSING !== null) throw new Error(`this bench needs ${MISSING}`);
  const directory = await mkdtemp(path.join(tmpdir(), 'lab-bench-report-'));
  try {
    const store = await openStore(path.join(directory, 'store'), null);
    for (const [table, rows] of Object.entries(sampleRows())) await store.insert(table, rows);
    const result = await score(store, FACTS);
    await store.close();
    const campaign = sampleCampaign(result, 'as it is');
    const [file, empty] = [path.join(directory, 'report.html'), path.join(directory, 'empty.html')];
    await writeFile(empty, EMPTY_PAGE);
    // The first one loads the chart library.
    await writeCampaignReport(file, campaign);
    const startedMs = performance.now();
    await writeCampaignReport(file, campaign);
    const writingMs = performance.now() - startedMs;
    const browser = await launch();
    const emptyMs = await opened(browser, empty);
    const reportMs = await opened(browser, file);
    await browser.close();
    return {
      transactions: campaign.rows.reduce(
        (sum, row) => sum + (row.state === 'done' ? row.result.transactions.submitted : 0),
        0,
      ),
      sizeBytes: (await stat(file)).size,
      openingMs: Math.round(reportMs),
      emptyPageMs: Math.round(emptyMs),
      overEmptyPage: Number((reportMs / emptyMs).toFixed(2)),
      writingMs: Math.round(writingMs),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export const benchmark: Benchmark = {
  name: 'report',
  description:
    'opening a campaign’s report of 10,000 transactions against an empty page, in Chromium',
  run,
};
