import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { score } from '../../lab/analysis/score.ts';
import { writeReport } from '../../lab/report/write.ts';
import { openStore } from '../../lab/telemetry/open.ts';
import type { TelemetryStore } from '../../lab/telemetry/store.ts';
import { needs } from '../support/machine.ts';
import { id, RUN, sampleRows, sampleTestnet, START, at } from './sample-run.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const HOSTILE = '<img src=x onerror=alert(1)></title></style><script>alert(1)</script>"\'';
const MAX_REPORT_BYTES = 200_000;

let directory: string;
let file: string;
let store: TelemetryStore;
let browser: Browser | null = null;

/** The sample, with enough traffic for the charts to show something. */
async function fill(): Promise<void> {
  const rows = sampleRows();
  const [client, , h1, h2] = rows['lab.transactions'] ?? [];
  for (let i = 0; i < 300; i++) {
    const submitted = 100 + i * 30;
    const wait = 90 + ((i * 37) % 83) + (i % 40 === 0 ? 160 : 0) + (submitted > 6000 ? 25 : 0);
    const name = { tx: id(`many-${i}`), tokens: [id(`m-${i}`)], previous: ['0'.repeat(64)] };
    rows['lab.transactions']?.push(
      { ...client, ...name, submitted_at: at(submitted) },
      { ...h1, ...name, kept: name.tokens, committed_at: at(submitted + wait - 20) },
      { ...h2, ...name, kept: name.tokens, committed_at: at(submitted + wait) },
    );
  }
  for (const [table, entries] of Object.entries(rows)) await store.insert(table, entries);
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lab-report-'));
  file = path.join(directory, 'report.html');
  store = await openStore(path.join(directory, 'store'), null);
  await fill();
  const testnet = { ...sampleTestnet(), name: `demo ${HOSTILE}`, source: HOSTILE.repeat(30) };
  const link = { askedLoss: 0.001, measuredLoss: 0, n: 40 };
  const result = await score(store, {
    run: RUN,
    testnet,
    driver: 'process',
    shaping: 'userspace',
    shapingOk: true,
    links: [
      { ...link, from: 'virginia', to: 'frankfurt', askedRttMs: 88, measuredRttMs: 89.2, ok: true },
      {
        ...link,
        from: 'virginia',
        to: 'a-region-with-a-very-long-name',
        askedRttMs: 196,
        measuredRttMs: null,
        ok: false,
      },
    ],
    fidelityReasons: [],
    seed: 7,
    version: '0.1.0',
    loadStartedAtMs: START,
    loadEndedAtMs: START + 10_000,
    wallMs: 12_000,
    attacks: [
      { id: 'a1', name: 'colluding-liars', startedAtMs: START + 6000, members: ['l1', 'l2', 'l3'] },
    ],
    reportPath: file,
  });
  const events = [{ n: 0, atMs: 0, type: 'note', level: 'info', text: HOSTILE }] as const;
  await writeReport(file, { result, testnet, store, events });
  if (existsSync(CHROMIUM)) {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  }
});

afterAll(async () => {
  await browser?.close();
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

test('the report is one small file in which hostile text stays text', async () => {
  const text = await readFile(file, 'utf8');
  expect(text.length).toBeLessThan(MAX_REPORT_BYTES);
  expect(text).not.toMatch(/<script|<img|https?:/i);
  expect(text).toContain('&#60;script&#62;');
  expect(text).toContain('Failed.');
  expect(text).toContain('npx lab run sample.yaml --driver process --seed 7');
});

test.for([
  [360, 'light'],
  [360, 'dark'],
  [768, 'light'],
  [1440, 'light'],
  [1440, 'dark'],
] as const)(
  'at %i px, %s, nothing is asked of the network, nothing overflows, nothing complains',
  async ([width, colorScheme], context) => {
    needs(context, browser === null ? `Chromium (apt-get install chromium; ${CHROMIUM})` : null);
    if (browser === null) return;
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const requests: string[] = [];
    const complaints: string[] = [];
    await page.route('**', (route) => {
      requests.push(route.request().url());
      return route.request().url().startsWith('file:') ? route.continue() : route.abort();
    });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => {
      complaints.push('a dialog opened');
      void dialog.dismiss();
    });
    await page.goto(`file://${file}`);
    for (const summary of await page.locator('summary').all()) await summary.click();
    // Evaluated in the page, as text: the page's DOM is no part of this program's types.
    const overflow: unknown = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBe(0);
    expect(await page.locator('svg circle').count()).toBeGreaterThan(300);
    expect(requests).toEqual([`file://${file}`]);
    expect(complaints).toEqual([]);
    const shots = process.env['REPORT_SCREENSHOTS'];
    if (shots !== undefined) {
      await page.screenshot({
        path: path.join(shots, `${width}-${colorScheme}.png`),
        fullPage: true,
      });
    }
    await page.close();
  },
);
