import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunResult } from '../../lab/analysis/result.ts';
import type { CampaignReport } from '../../lab/report/campaign-parts.ts';
import { csvCell } from '../../lab/report/campaign-runs.ts';
import { duration } from '../../lab/report/html.ts';
import { positionOf } from '../../lab/report/ring.ts';
import { readRunData } from '../../lab/report/run-data.ts';
import { verdictSection } from '../../lab/report/verdict.ts';
import { writeCampaignReport, writeReport } from '../../lab/report/write.ts';
import { openStore } from '../../lab/telemetry/open.ts';
import type { TelemetryStore } from '../../lab/telemetry/store.ts';
import { needs } from '../support/machine.ts';
import * as look from './browser.ts';
import { sampleCampaign } from './sample-campaign.ts';
import { fillSample, HOSTILE, sampleResult, hostileTestnet } from './sample-report.ts';

/** A phone may hold it in memory, a mail may carry it. */
const MAX_CAMPAIGN_BYTES = 5_000_000;
const MAX_RUN_BYTES = 600_000;
/** Of A4 with the margins of the style sheet, CSS pixels. */
const PAPER_WIDTH = 688;
const KINDS = ['run', 'campaign'] as const;
type Kind = (typeof KINDS)[number];

let directory: string;
let store: TelemetryStore;
let browser: Browser | null = null;
let result: RunResult;
let campaign: CampaignReport;
const fileOf = (kind: Kind): string => path.join(directory, `${kind}.html`);

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lab-report-'));
  store = await openStore(path.join(directory, 'store'), null);
  await fillSample(store);
  result = await sampleResult(store);
  const events = [{ n: 0, atMs: 0, type: 'note', level: 'info', text: HOSTILE }] as const;
  await writeReport(fileOf('run'), { result, testnet: hostileTestnet(), store, events });
  campaign = sampleCampaign(result, HOSTILE);
  await writeCampaignReport(fileOf('campaign'), campaign);
  if (look.MISSING === null) browser = await look.launch();
});

afterAll(async () => {
  await browser?.close();
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

/** The page of a report, if there is a browser. */
async function open(
  context: Parameters<typeof needs>[0],
  kind: Kind,
  screen: look.Screen,
): Promise<look.Visit> {
  needs(context, look.MISSING);
  if (browser === null) throw new Error('the test was not skipped');
  return look.visit(browser, fileOf(kind), screen);
}

test('reports are small files without script, in which hostile text stays text', async () => {
  const [run, ofCampaign] = await Promise.all(KINDS.map((kind) => readFile(fileOf(kind), 'utf8')));
  for (const text of [run ?? '', ofCampaign ?? '']) {
    expect(text).not.toMatch(/<script|<img|https?:|\son\w+=(?!&)["']/i);
    expect(text).toContain('&#60;script&#62;');
    expect(text).toContain("default-src 'none'");
  }
  expect(run?.length).toBeLessThan(MAX_RUN_BYTES);
  expect(ofCampaign?.length).toBeLessThan(MAX_CAMPAIGN_BYTES);
});

test.for(KINDS)('a %s says first what came out and what not to trust', async (kind) => {
  const text = await readFile(fileOf(kind), 'utf8');
  const summary = text.slice(text.indexOf('id="summary"'), text.indexOf('</section>'));
  if (kind === 'run') {
    for (const part of [
      '✗ Failed.',
      'Honest identities banned: 1.',
      duration(result.finality.p50),
    ]) {
      expect(summary).toContain(part);
    }
    expect(text).toContain('npx lab run sample.yaml --driver process --seed 7');
    expect(text).toContain('not measured');
  } else {
    for (const part of ['10,030', '1 run broke', 'below 1.0 %']) expect(summary).toContain(part);
    expect(text).toContain('npx lab campaign --resume liars-abc123');
    expect(text).toContain('agreement-exact: area 0.');
  }
});

test.for([
  ['run', 360, 'light'],
  ['run', 360, 'dark'],
  ['run', 1440, 'light'],
  ['run', 1440, 'dark'],
  ['campaign', 360, 'dark'],
  ['campaign', 1440, 'light'],
] as const)(
  'a %s at %i px, %s: asks for nothing, complains of nothing, fits, and can be read',
  async ([kind, width, colorScheme], context) => {
    const { page, requests, complaints } = await open(context, kind, { width, colorScheme });
    await page.evaluate(look.OPEN_ALL);
    expect(await page.evaluate(look.STICKING_OUT)).toEqual([0]);
    expect(await page.evaluate(look.PALE_TEXTS)).toMatchObject({ pale: [] });
    expect(await page.locator('svg').count()).toBeGreaterThan(20);
    expect(requests).toEqual([`file://${fileOf(kind)}`]);
    expect(complaints).toEqual([]);
    const shots = process.env['REPORT_SCREENSHOTS'];
    if (shots !== undefined) {
      const name = `${kind}-${width}-${colorScheme}.png`;
      await page.screenshot({ path: path.join(shots, name), fullPage: true });
    }
    await page.close();
  },
);

test.for(KINDS)('a %s can be read out, and without colours', async (kind, context) => {
  const { page } = await open(context, kind, { width: 1440, colorScheme: 'light' });
  expect(await page.evaluate(look.FAULTS_FOR_READERS)).toEqual([]);
  expect(await page.evaluate(look.BY_COLOUR_ALONE)).toEqual([]);
  await page.close();
});

test.for(KINDS)(
  'nothing in a %s can run, and hostile names are text in its charts',
  async (kind, context) => {
    const { page, complaints } = await open(context, kind, { width: 1440, colorScheme: 'light' });
    expect(await page.evaluate(look.LIVE_PARTS)).toEqual([]);
    expect(await page.locator('h1').textContent()).toContain(HOSTILE);
    if (kind === 'run') {
      const names = await page.locator('svg text').allTextContents();
      expect(names.some((name) => name.startsWith('<img src=x'))).toBe(true);
    }
    expect(complaints).toEqual([]);
    await page.close();
  },
);

test('without a mouse: the skip link comes first, data opens with Enter, what is focused shows', async (context) => {
  const { page } = await open(context, 'run', { width: 1440, colorScheme: 'light' });
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.className')).toBe('skip');
  expect(await page.locator('a.skip').boundingBox()).toMatchObject({ x: 8 });
  expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe(
    'solid',
  );
  await page.keyboard.press('Enter');
  expect(page.url()).toMatch(/#summary$/);
  for (let tabs = 0; tabs < 60; tabs += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate('document.activeElement.tagName')) === 'SUMMARY') break;
  }
  await page.keyboard.press('Enter');
  expect(await page.locator('details[open] table').first().isVisible()).toBe(true);
  await page.close();
});

test.for(KINDS)(
  'a printed %s is black on white, and nothing of it is cut',
  async (kind, context) => {
    const { page } = await open(context, kind, { width: PAPER_WIDTH, colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.evaluate(look.OPEN_ALL);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(
      'rgb(255, 255, 255)',
    );
    expect(await page.evaluate(look.STICKING_OUT)).toEqual([0]);
    expect(await page.evaluate(look.PALE_TEXTS)).toMatchObject({ pale: [] });
    expect(await page.evaluate(look.TOO_HIGH)).toEqual([]);
    const shots = process.env['REPORT_SCREENSHOTS'];
    const pdf = await page.pdf({
      format: 'A4',
      preferCSSPageSize: true,
      ...(shots === undefined ? {} : { path: path.join(shots, `${kind}.pdf`) }),
    });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await page.close();
  },
);

test('every run of a campaign can be downloaded with its command', async (context) => {
  const { page } = await open(context, 'campaign', { width: 1440, colorScheme: 'light' });
  const href = (await page.locator('a[download]').getAttribute('href')) ?? '';
  const csv = Buffer.from(href.slice(href.indexOf(',') + 1), 'base64').toString('utf8');
  const lines = csv.trimEnd().split('\r\n');
  expect(lines).toHaveLength(61);
  expect(lines[1]).toMatch(/^c0-s1,cell 1,1,done,170,169,/);
  await page.close();
});

test('a campaign of many runs with long commands is still a file that a mail can carry', async () => {
  const rows = Array.from({ length: 10 }, () =>
    campaign.rows.map((row) => ({
      ...row,
      command: `npx lab run ${'--set a.b.c=1 '.repeat(600)}`,
    })),
  ).flat();
  const file = path.join(directory, 'long.html');
  await writeCampaignReport(file, { ...campaign, rows });
  const text = await readFile(file, 'utf8');
  expect(rows).toHaveLength(600);
  expect(text.length).toBeLessThan(MAX_CAMPAIGN_BYTES);
  expect(text).toMatch(/CSV, the first \d{3}\)/);
});

test('of a run in which nothing happened there is a report too, without a figure made up', async () => {
  const nothing = await sampleResult(store, 'nothing');
  const file = path.join(directory, 'nothing.html');
  await writeReport(file, { result: nothing, testnet: hostileTestnet(), store, events: [] });
  const text = await readFile(file, 'utf8');
  expect(text).toContain('No transaction became final.');
  expect(text).not.toMatch(/NaN|Infinity|undefined/);
});

test('a void run is void before it is failed; one that ended early is unfinished, not passed', async () => {
  const testnet = hostileTestnet();
  const data = await readRunData({ result, testnet, store, events: [] });
  const fine: RunResult = {
    ...result,
    durationMs: testnet.durationMs,
    shapingOk: true,
    fidelity: { ok: true, reasons: [] },
    telemetry: { ...result.telemetry, dropped: 0 },
    transactions: { ...result.transactions, safetyViolations: 0 },
    detection: { ...result.detection, falseSlashes: 0 },
    expectations: [],
  };
  const verdict = (changed: Partial<RunResult>, allow = testnet.allow): string => {
    const changedData = {
      ...data,
      result: { ...fine, ...changed },
      testnet: { ...testnet, allow },
    };
    return /<strong>(.*?)<\/strong>/.exec(verdictSection(changedData).text)?.[1] ?? '';
  };
  const strict = { shapingOff: false, lowFidelity: false };
  expect(verdict({})).toBe('✓ Passed.');
  expect(verdict({ shapingOk: false }, { ...strict, shapingOff: true })).toBe('! Doubtful.');
  expect(verdict({ ...result, shapingOk: false }, strict)).toBe('✗ Void: not a measurement.');
  const slow = { ok: false, reasons: ['late'] };
  expect(verdict({ fidelity: slow }, strict)).toBe('✗ Void: not a measurement.');
  expect(verdict({ durationMs: testnet.durationMs / 2 })).toBe('! Unfinished.');
});

test('a cell of the download is text, whatever it begins with', () => {
  expect(csvCell('=1+1')).toBe("'=1+1");
  expect(csvCell('a "b", c')).toBe('"a ""b"", c"');
  expect(csvCell(-3)).toBe('-3');
});

test('an address lies on the ring by its first 48 bits', () => {
  expect(positionOf('0'.repeat(64))).toBe(0);
  expect(positionOf(`8${'0'.repeat(63)}`)).toBe(0.5);
  expect(positionOf('f'.repeat(64))).toBeLessThan(1);
});
