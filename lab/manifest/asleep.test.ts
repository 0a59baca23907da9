/** What a testnet file may say of peers that sleep until they are reached. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { prepareRun } from '../commands/launch.ts';
import { EXIT, LabError } from '../errors.ts';
import { parseTestnet } from './load.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'lab-asleep-'));
afterAll(() => rmSync(directory, { recursive: true }));

function manifest(group: string, rest = ''): string {
  return `name: sleeping
durationMs: 2000
regions: [{name: here}]
peers:
  - {group: awake, count: 30}
  - {group: sleeper, count: 30, asleep: true${group}}
clients: {count: 1}
${rest}`;
}

function refusal(text: string): string {
  try {
    parseTestnet(text, 'sleeping.yaml');
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
}

test('each member knows whether it sleeps; the control without adversaries keeps it so', () => {
  for (const honest of [false, true]) {
    const { members } = parseTestnet(manifest(''), 'sleeping.yaml', { honest });
    const asleep = members.filter((member) => member.asleep === true);
    expect(asleep.map(({ group }) => group)).toEqual(Array.from({ length: 30 }, () => 'sleeper'));
  }
});

test('who sleeps is honest and there from the start, and no fault can mean it', () => {
  expect(refusal(manifest(''))).toBe('');
  expect(refusal(manifest(', adversary: colluding-liars'))).toContain('given with adversary');
  expect(refusal(manifest(', joinAtMs: 500'))).toContain('given with joinAtMs');
  const kill = (whom: string) => `faults: [{atMs: 100, kind: kill, members: [${whom}]}]\n`;
  expect(refusal(manifest('', kill('awake')))).toBe('');
  for (const whom of ['sleeper', 'sleeper-07']) {
    expect(refusal(manifest('', kill(whom)))).toContain(`"${whom}" is asleep`);
  }
});

test('no process sleeps: only the simulator takes such a file', async () => {
  const file = path.join(directory, 'sleeping.yaml');
  writeFileSync(file, manifest(''));
  const prepared = prepareRun({ file, mode: 'run', driver: 'process', remark: () => {} });
  const error: unknown = await prepared.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LabError);
  expect(error instanceof LabError ? error.exitCode : null).toBe(EXIT.badUse);
  expect(error instanceof LabError ? error.message : '').toContain('asleep');
});
