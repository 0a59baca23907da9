import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SMALL } from '../process/command-line.ts';
import { loadCampaign } from '../../lab/campaign/definition.ts';
import { runsOf } from '../../lab/campaign/rows.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'campaign-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const ATTACKED = `${SMALL}attacks: [{name: colluding-liars, atMs: 500}]\n`;
writeFileSync(path.join(folder, 'small.yaml'), ATTACKED);
writeFileSync(path.join(folder, 'honest.yaml'), SMALL.replace(/^.*liars.*$/m, ''));

const load = (text: string, overrides = {}) => {
  const file = path.join(folder, 'campaign.yaml');
  writeFileSync(file, `name: some\n${text}`);
  return loadCampaign(file, overrides);
};
const refusal = (text: string): string => {
  try {
    load(text);
  } catch (error) {
    return error instanceof Error ? error.message.replaceAll(`${folder}/`, '') : String(error);
  }
  return 'accepted';
};

test.each(readdirSync('testnets/campaigns'))('testnets/campaigns/%s is a campaign', (file) => {
  const campaign = loadCampaign(path.join('testnets/campaigns', file));
  expect(`${campaign.name}.yaml`).toBe(file);
  expect(runsOf(campaign).length).toBeGreaterThan(20);
});

test('the grid is every combination, and cells that differ in the attack alone share their control', () => {
  const campaign = load(
    'testnet: small.yaml\nseeds: 2\nset: {durationMs: 3000}\n' +
      'grid: {protocol.k: [3, 4], attacks.0.knobs.victims: [1, 2]}\n',
  );
  expect(campaign.cells.map(({ values, control }) => [values, control])).toEqual([
    [{ k: '3', victims: '1' }, 0],
    [{ k: '3', victims: '2' }, 0],
    [{ k: '4', victims: '1' }, 1],
    [{ k: '4', victims: '2' }, 1],
  ]);
  expect(campaign.controls).toHaveLength(2);
  expect(campaign.cells[3]?.settings).toEqual([
    'durationMs=3000',
    'protocol.k=4',
    'attacks.0.knobs.victims=2',
  ]);
  const runs = runsOf(campaign);
  expect(runs.map(({ id }) => id).slice(0, 7)).toEqual([
    'c0-s1',
    'c1-s1',
    'c2-s1',
    'c3-s1',
    'h0-s1',
    'h1-s1',
    'c0-s2',
  ]);
  expect(new Set(runs.map(({ id }) => id)).size).toBe(12);
});

test('an axis may set several values together; a network without adversaries is its own control', () => {
  const grid = 'grid: {load: {low: {load.transactionsPerSecond: 1}, none: {}}}\n';
  const campaign = load(`testnet: honest.yaml\nseeds: [4, 9]\n${grid}`);
  expect(campaign.cells.map(({ values }) => values)).toEqual([{ load: 'low' }, { load: 'none' }]);
  expect(campaign.cells[1]?.settings).toEqual([]);
  expect(campaign.controls).toEqual([]);
  expect(load(`testnet: small.yaml\nseeds: 2\ncontrol: false\n`).controls).toEqual([]);
});

test('other runs, another driver: seeds go on after the last, real peers have real cryptography', () => {
  const text = 'testnet: small.yaml\nseeds: [4, 9]\n';
  expect(load(text, { runs: 1 }).seeds).toEqual([4]);
  expect(load(text, { runs: 4 }).seeds).toEqual([4, 9, 10, 11]);
  expect(load(text).cryptography).toBe('ideal');
  expect(load(text, { driver: 'docker' }).cryptography).toBe('real');
});

test('what is wrong is told at its place in the campaign file', () => {
  const start = 'testnet: small.yaml\nseeds: 2\n';
  expect(refusal(`${start}grid: {protocol.kk: [3]}\n`)).toMatch(
    /^campaign\.yaml:4:22: protocol\.kk: unknown key "kk"; allowed: k,/,
  );
  expect(refusal(`${start}set: {attacks.0.knobs.victims: 0}\n`)).toMatch(
    /^campaign\.yaml:4:\d+: attacks\[0\]\.knobs\.victims: found 0; allowed/,
  );
  expect(refusal(`${start}set: {peers.honest.count: 0}\n`)).toContain('campaign.yaml:4:');
  expect(refusal(`${start}colour: red\n`)).toContain('campaign.yaml:4:1: colour: unknown key');
  expect(refusal('testnet: nowhere.yaml\nseeds: 2\n')).toMatch(
    /^campaign\.yaml:2:10: testnet: cannot read .*nowhere\.yaml; allowed: a testnet file/,
  );
  expect(refusal('testnet: small.yaml\nseeds: [1, 1]\n')).toContain(
    'campaign.yaml:3:8: seeds: a seed twice',
  );
  expect(refusal(`${start}training: 2\n`)).toContain('training: found 2; allowed: below 2');
  expect(refusal(`${start}driver: docker\ncryptography: ideal\n`)).toContain(
    'cryptography: found ideal; allowed: with driver: sim',
  );
  // What only the combination breaks has its place in the testnet file.
  expect(refusal(`${start}set: {protocol.k: 6, peers.honest.count: 3}\n`)).toContain(
    'campaign.yaml:4:',
  );
});

test('a grid of too many cells is refused before any is made', () => {
  const axes = Array.from({ length: 8 }, (_, at) => `a${at}: [${'1, '.repeat(99)}1]`).join(', ');
  expect(refusal(`testnet: small.yaml\nseeds: 2\ngrid: {${axes}}\n`)).toMatch(
    /campaign\.yaml:4:1: grid: 1(0{16}|e\+16) cells of 2 runs; allowed: at most 1000 cells/,
  );
});
