import { expect, test } from 'vitest';
import type { RunResult } from '../analysis/result.ts';
import type { RunEvent } from '../supervisor/api.ts';
import { Progress } from './progress.ts';
import { duration, harmless } from './style.ts';
import { summaryLines } from './summary.ts';

const UNREACHED = { tooFewHonestKeepers: 0, notInTime: 0 };
const QUANTILES = { n: 220, p50: 310, p90: 540, p99: 900, max: 1200 };
const RESULT: RunResult = {
  run: 'demo-3f9a2c',
  testnet: 'demo',
  driver: 'process',
  shaping: 'userspace',
  shapingOk: true,
  fidelity: { ok: true, reasons: [] },
  seed: 1,
  honestControl: false,
  version: '0.1.0',
  traceHash: null,
  cryptography: 'real',
  timeScale: 3600,
  commitRule: 'quorum',
  conflictRule: 'chain',
  durationMs: 45_000,
  wallMs: 80_000,
  peers: { honest: 20, adversarial: 4, clients: 6, newcomers: 0 },
  transactions: {
    submitted: 225,
    committed: 220,
    timedOut: 5,
    conflicting: 0,
    safetyViolations: 0,
  },
  finality: {
    unit: 'ms',
    ...QUANTILES,
    atFirst: QUANTILES,
    atAll: QUANTILES,
    unreached: UNREACHED,
  },
  messages: {
    perCommit: 120.5,
    datagramsPerCommit: 60,
    perPeerPerCommit: 5,
    bytesPerPeerPerSecond: 900,
    byType: {},
  },
  views: { n: 1500, meanOverlap: 1, p10: 1 },
  links: [
    {
      from: 'virginia',
      to: 'tokyo',
      askedRttMs: 146,
      measuredRttMs: 147.2,
      askedLoss: 0.001,
      measuredLoss: 0,
      n: 20,
      ok: true,
    },
  ],
  attacks: [
    {
      id: 'colluding-liars-1',
      name: 'colluding-liars',
      succeeded: false,
      success: { liesTold: 12, unopposedLies: 0 },
      strikeMs: 12_000,
      firstDetectedMs: 13_500,
      timeToDetectMs: 1600,
      timeToSlashMs: 4000,
      timeToBanMs: 1700,
      detectedBy: ['chain'],
      cases: [
        {
          member: 'liars-02',
          lies: 7,
          firstLieMs: 12_400,
          detectedMs: 13_500,
          bannedMs: 13_500,
          slashedMs: null,
        },
      ],
      adversaries: 4,
      offenders: 4,
      detected: 4,
      slashed: 3,
      cost: { attempts: 64, coreSeconds: 0.0123, usd: 1.45e-7 },
    },
  ],
  detection: {
    unit: 'identity',
    observerQueriesPerSecond: 12,
    offenders: 4,
    truePositives: 4,
    falsePositives: 0,
    falseNegatives: 0,
    rate: 1,
    rateInterval: [0.51, 1],
    falseSlashes: 0,
    byLayer: null,
  },
  expectations: [
    { expression: 'finality.p99 < 2000', value: 900, ok: true },
    { expression: 'detection.rate >= 2', value: null, ok: false },
  ],
  reportPath: '/tmp/report.html',
  telemetry: { rows: 1000, dropped: 0 },
};

test('the summary tells the attack in order, the query rate beside the detection rate, and what failed', () => {
  const text = summaryLines(RESULT, 'npx lab demo --seed 1').join('\n');
  expect(text).toContain('24 peers, 4 of them adversarial, 6 clients');
  expect(text).toContain('at 12.0 s; 4 of 4 adversaries lied');
  expect(text).toContain('failed: lies told 12, unopposed lies 0');
  expect(text).toContain('at 13.5 s by chain');
  expect(text).toContain('to evidence 1.6 s, to ban 1.7 s, to slashing 4.0 s (medians)');
  expect(text).toContain('64 Argon2 evaluations, 0.012 core-seconds, 1.4e-7 USD');
  expect(text).toMatch(/liars-02 +7 +12\.4 s +13\.5 s +13\.5 s +–/);
  expect(text).toContain('4 of 4 liars detected, 100 % (95 % interval 51 % to 100 %)');
  expect(text).toContain('asking 12.0 questions a second');
  expect(text).toContain('✓ finality.p99 < 2000');
  expect(text).toContain('✗ detection.rate >= 2, measured nothing');
  expect(text).toContain('npx lab demo --seed 1');
  expect(text).not.toContain('!!');
});

test('an honest control says so, and leaves open what only adversaries could fulfil', () => {
  const expectations = [{ expression: 'detection.rate >= 0.75', value: null, ok: null }];
  const control = { ...RESULT, honestControl: true, attacks: [], expectations };
  const text = summaryLines(control, '').join('\n');
  expect(text).toContain('the honest control: no adversary, no attack');
  expect(text).toContain('– detection.rate >= 0.75 (not judged: nobody is adversarial)');
});

test('links that are off, a busy host and a broken safety come first and loud', () => {
  const bad: RunResult = {
    ...RESULT,
    shapingOk: false,
    fidelity: { ok: false, reasons: ['CPU at 99 %'] },
    transactions: { ...RESULT.transactions, safetyViolations: 2 },
    links: RESULT.links.map((link) => ({ ...link, ok: false })),
  };
  const lines = summaryLines(bad, '');
  const loud = lines.filter((line) => line.startsWith('!!'));
  expect(loud.join('\n')).toMatch(
    /LINKS ARE NOT AS ASKED[^]*NOT TO BE TRUSTED[^]*CPU at 99 %[^]*SAFETY/,
  );
  expect(lines.findIndex((line) => line.startsWith('!!'))).toBeLessThan(2);
});

test('what was not measured is a dash, never a nought', () => {
  const none = { n: 0, p50: null, p90: null, p99: null, max: null };
  const finality = {
    unit: 'ms' as const,
    ...none,
    atFirst: none,
    atAll: none,
    unreached: UNREACHED,
  };
  const text = summaryLines({ ...RESULT, finality }, '').join('\n');
  expect(text).toContain('half within –, 90 % –, 99 % –');
});

const EVENTS: readonly RunEvent[] = [
  { n: 0, atMs: 1000, type: 'phase', phase: 'launching', text: '' },
  { n: 1, atMs: 2000, type: 'progress', phase: 'launching', done: 3, of: 30 },
  { n: 2, atMs: 3000, type: 'phase', phase: 'running', text: '' },
  { n: 3, atMs: 3500, type: 'note', level: 'warning', text: 'slow\u001b[2J' },
];

function shown(isTTY: boolean, quiet: boolean): string {
  let text = '';
  const screen = { isTTY, columns: 60, write: (part: string) => (text += part) };
  const progress = new Progress(screen, quiet);
  for (const event of EVENTS) progress.event(event);
  progress.stop();
  return text;
}

test('away from a terminal there is one line per phase and no escape code', () => {
  expect(shown(false, false).split('\n')).toEqual([
    '   0.0 s · launching peers',
    '   2.0 s · running',
    '   2.5 s ! slow·[2J',
    '',
  ]);
});

test('away from a terminal figures come ever more seldom, each time on one plain line', () => {
  let text = '';
  const screen = { isTTY: false, write: (part: string) => (text += part) };
  const progress = new Progress(screen, false);
  progress.event({ n: 0, atMs: 0, type: 'phase', phase: 'running', text: '' });
  const counts = { statements: 9, evidence: 2, banned: 1, slashed: 1 };
  const figures = { committed: 1234, submitted: 1240, finalityP50Ms: 31, ...counts };
  for (let atMs = 1000; atMs <= 86_400_000; atMs += 1000) {
    progress.event({ n: 0, atMs, type: 'figures', figures });
  }
  const lines = text.trimEnd().split('\n');
  expect(lines[1]).toBe(
    '  10.0 s   1,234 of 1,240 committed, half within 31 ms; 9 statements, 2 evidence, 1 banned, 1 slashed',
  );
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.length).toBeLessThan(30);
  expect(text).not.toContain('\u001b');
});

test('on a terminal every line that was drawn in place is erased in the end', () => {
  const text = shown(true, false);
  const drawn = text.split('\u001b[1A\u001b[0J').length - 1;
  expect(drawn).toBeGreaterThan(2);
  expect(text.endsWith('\u001b[1A\u001b[0J')).toBe(true);
});

test('on a terminal a phase leaves its line when it is over, with the time that it took', () => {
  // oxlint-disable-next-line no-control-regex -- the escape codes are what is looked past
  const text = shown(true, false).replaceAll(/\u001b\[[0-9;]*m/g, '');
  expect(text).toContain('   2.0 s ✓ launching peers, 2.0 s\n');
  expect(text).toContain('   1.0 s › launching peers, 3 of 30\n');
});

test('quiet keeps warnings alone', () => {
  expect(shown(false, true)).toBe('   2.5 s ! slow·[2J\n');
});

test('durations and foreign text are readable and harmless', () => {
  expect([duration(null), duration(0), duration(999), duration(61_000)]).toEqual([
    '–',
    '0 ms',
    '999 ms',
    '1 min 01 s',
  ]);
  expect(harmless('a\u001b[31m\u009bb\n')).toBe('a·[31m·b\n');
});
