/** `lab calibrate` from end to end, with a simulated run passed off as a real one. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Calibration } from '../../lab/analysis/calibration.ts';
import type { RunResult } from '../../lab/analysis/result.ts';
import type { RunPlan } from '../../lab/supervisor/api.ts';

const home = mkdtempSync(path.join(tmpdir(), 'lab-calibrate-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const CLI = path.join(import.meta.dirname, '../../lab/cli.ts');
const TESTNET = `name: small
durationMs: 4000
protocol: {k: 3}
regions: [{name: east}, {name: west}]
links: [{default: {delayMs: 20}}]
peers: [{group: honest, count: 5}]
clients: {count: 2, queryRatePerSecond: 1}
load: {transactionsPerSecond: 8}
`;

function lab(...words: string[]) {
  const env = { ...process.env, LAB_HOME: home };
  return spawnSync(process.execPath, [CLI, ...words], { encoding: 'utf8', env });
}

test('a run is like its own simulation, and one with twice the delay is not', () => {
  const file = path.join(home, 'small.yaml');
  writeFileSync(file, TESTNET);
  const first = lab('run', file, '--driver', 'sim', '--json', '--quiet');
  expect(first.status, first.stderr).toBe(0);
  const { run }: RunResult = JSON.parse(first.stdout);

  // A simulated run is none to calibrate with.
  const refused = lab('calibrate', '--run', run);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain('no real run');

  const planFile = path.join(home, 'runs', run, 'plan.json');
  const plan: RunPlan = JSON.parse(readFileSync(planFile, 'utf8'));
  writeFileSync(planFile, JSON.stringify({ ...plan, driver: 'process' }));
  // What only a supervisor writes. Of costs there is nothing in its telemetry: those of the lab are used.
  const entry = JSON.stringify({ entry: 'load-started', atMs: Date.UTC(2026, 0, 1) });
  appendFileSync(path.join(home, 'runs', run, 'journal.ndjson'), `${entry}\n`);
  const alike = lab('calibrate', '--run', run, '--json', '--quiet');
  expect(alike.status, alike.stderr).toBe(0);
  const calibration: Calibration = JSON.parse(alike.stdout);
  expect(calibration.ok).toBe(true);
  expect(calibration.simulated.run).not.toBe(run);
  expect(calibration.finality?.n.every((n) => n > 10)).toBe(true);
  const kept = readFileSync(path.join(home, 'runs', run, 'calibration.json'), 'utf8');
  expect(JSON.parse(kept).figures).toEqual(calibration.figures);

  const manifest = path.join(home, 'runs', run, 'testnet.yaml');
  writeFileSync(manifest, TESTNET.replace('delayMs: 20', 'delayMs: 40'));
  const slower = lab('calibrate', '--run', run, '--quiet');
  expect(slower.status, slower.stderr).toBe(1);
  expect(slower.stdout).toMatch(/differ by more than their limit: finality p50/);
}, 180_000);

test('without a testnet and without a run there is nothing to do', () => {
  const nothing = lab('calibrate');
  expect(nothing.status).toBe(2);
  expect(nothing.stderr).toContain('--run RUN');
});
