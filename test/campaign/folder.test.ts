import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { SMALL } from '../process/command-line.ts';
import { loadCampaign } from '../../lab/campaign/definition.ts';
import { create, findNamed, findSame } from '../../lab/campaign/folder.ts';
import { missingOf } from '../../lab/campaign/perform.ts';
import { type CampaignRow, runsOf } from '../../lab/campaign/rows.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'campaign-home-'));
beforeAll(() => void vi.stubEnv('LAB_HOME', home));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

writeFileSync(path.join(home, 'small.yaml'), SMALL);
const file = path.join(home, 'some.yaml');
writeFileSync(file, 'name: some\ntestnet: small.yaml\nseeds: 3\ncontrol: false\n');
const campaign = loadCampaign(file);
const rowOf = (at: number): CampaignRow => {
  const run = runsOf(campaign)[at];
  if (run === undefined) throw new Error('no such run');
  return { ...run, version: 'v', command: 'c', state: 'broke', error: `run ${at}` };
};

test('rows outlive the process, a line that a crash tore is cut away, and what broke is missing', () => {
  const folder = create(campaign, 'v', {});
  folder.open();
  folder.write(rowOf(0));
  folder.close();
  const rows = path.join(folder.directory, 'results.jsonl');
  appendFileSync(rows, JSON.stringify(rowOf(1)).slice(0, 40));

  const again = findSame(campaign, 'v');
  expect([...(again?.rows.keys() ?? [])]).toEqual(['c0-s1']);
  again?.open();
  again?.write(rowOf(2));
  again?.close();
  expect(readFileSync(rows, 'utf8').trim().split('\n')).toHaveLength(2);
  const third = findNamed('some');
  expect([...third.rows.keys()]).toEqual(['c0-s1', 'c0-s3']);
  expect(missingOf(third).map(({ id }) => id)).toEqual(['c0-s1', 'c0-s2', 'c0-s3']);
  expect(existsSync(third.working)).toBe(false);
});

test('another version, other settings or other seeds are another campaign', () => {
  expect(findSame(campaign, 'w')).toBeNull();
  expect(findSame(loadCampaign(file, { runs: 2 }), 'v')).toBeNull();
  expect(
    findSame({ ...campaign, testnetSource: `${campaign.testnetSource}# more\n` }, 'v'),
  ).toBeNull();
  expect(findSame(campaign, 'v')?.name).toMatch(/^some-[0-9a-f]{6}$/);
});

test('two processes do not carry out one campaign', () => {
  const folder = findNamed('some');
  folder.open();
  expect(() => findNamed('some').open()).toThrow('is being carried out by another process');
  folder.close();
  expect(() => findNamed('nothing')).toThrow('no campaign is called nothing');
});
