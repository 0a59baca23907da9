/** Detectors of the whole network, each blind to Sybils that take the care which it looks for the lack of. */
import { expect, test, vi } from 'vitest';
import { casesOf, type JudgedRun, judgedRun } from '../../lab/analysis/detector-judgement.ts';
import { areaUnder } from '../../lab/analysis/roc.ts';
import { DETECTORS, type DetectorName } from '../../lab/detectors/report.ts';
import { attacked } from './attacked.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Six honest newcomers that come when they like, and four Sybils at once, from one range, near one point. */
const CARELESS = `name: careless
durationMs: 30000
protocol: {k: 4, leaseHours: 240, pow: {memoryKiB: 8, passes: 1, bits: 2}}
regions: [{name: north}, {name: east}, {name: south}, {name: west}]
links: [{default: {delayMs: 20}}]
peers:
  - {group: honest, count: 8, regions: even}
  - {group: late, count: 6, regions: even, joinAtMs: 500, joinOverMs: 27000}
  - {group: sybils, count: 4, regions: [east], adversary: sybil-positioning, active: false, joinAtMs: 9000}
clients: {count: 1, regions: even, queryRatePerSecond: 0.2}
load: {transactionsPerSecond: 0.2}
attacks: [{name: sybil-positioning, atMs: 500, knobs: {captured: 3, reach: 0.03}}]
`;
const PATIENT = ['peers.sybils.joinAtMs=500', 'peers.sybils.joinOverMs=27000'];
const SPREAD = ['peers.sybils.regions=even'];
const APART = ['attacks.0.knobs.apart=true', 'attacks.0.knobs.reach=0.3'];

/** For each detector the chance that a Sybil has a higher score than an honest identity. */
async function areas(settings: readonly string[]): Promise<(name: DetectorName) => number> {
  const runs: JudgedRun[] = [];
  await attacked(CARELESS, settings, async (store) => {
    runs.push(await judgedRun(store, 'attacked'));
  });
  const cases = (name: DetectorName) => runs.flatMap((run) => casesOf(run, name));
  return (name) => areaUnder(cases(name))?.value ?? Number.NaN;
}

test('Sybils that take no care stand out by when they come, where they stand and whence they speak', async () => {
  const area = await areas([]);
  for (const name of ['minting-burst', 'synchronisation-pattern', 'ring-concentration'] as const) {
    expect(area(name), name).toBeGreaterThan(0.8);
  }
  expect(area('address-range')).toBeGreaterThan(0.6);
});

test('patience hides when they came, and not where they stand', async () => {
  const area = await areas(PATIENT);
  expect(area('minting-burst')).toBeLessThan(0.7);
  expect(area('synchronisation-pattern')).toBeLessThan(0.7);
  expect(area('ring-concentration')).toBeGreaterThan(0.8);
});

test('ranges of their own and parts of a wider arc hide where they are, and not when they came', async () => {
  const area = await areas([...SPREAD, ...APART]);
  expect(area('ring-concentration')).toBeLessThan(0.7);
  expect(area('address-range')).toBeLessThan(0.65);
  expect(area('minting-burst')).toBeGreaterThan(0.8);
});

test('who takes every care is told from honest newcomers by no detector', async () => {
  const area = await areas([...PATIENT, ...SPREAD, ...APART]);
  for (const name of DETECTORS) expect(area(name), name).toBeLessThan(0.7);
});
