import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SpeakerFile } from '../../node/minefield/conflict.ts';
import { assemble, encodePackage } from '../../node/minefield/evidence.ts';
import { idOf, NETWORK, POW, Speaker } from '../../node/minefield/speaker.fixture.ts';
import { judgeFile, parseEvidenceFile } from './evidence-file.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'lab-evidence-'));
afterAll(() => rmSync(folder, { recursive: true }));

function twoOfOneNumber(): Uint8Array {
  const speaker = new Speaker();
  const first = speaker.say(idOf(1));
  const file = new SpeakerFile();
  file.add(first);
  const conflict = file.add(speaker.say(idOf(2), { sequence: first.sequence }));
  if (conflict === null) throw new Error('no conflict');
  const { address, record } = speaker.identity;
  return encodePackage(assemble(conflict, { network: NETWORK, address, record }));
}

const bytes = twoOfOneNumber();
const good = {
  kind: 'minefield-evidence',
  network: NETWORK,
  pow: POW,
  conflictRule: 'chain',
  timeScale: 3600,
  package: bytes.toHex(),
};

function written(name: string, content: unknown): string {
  const file = path.join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function lab(...args: string[]) {
  const env = { ...process.env, LAB_HOME: folder, NO_COLOR: '1' };
  return spawnSync('lab/bin.sh', args, { encoding: 'utf8', env });
}

test('a file that proves it: guilty, exit 0, one JSON document', () => {
  const file = written('good.json', good);
  const out = execFileSync('lab/bin.sh', ['evidence', 'verify', file, '--json'], {
    encoding: 'utf8',
  });
  expect(JSON.parse(out)).toMatchObject({
    guilty: true,
    reason: '',
    rule: 'same-sequence',
    type: 'inconsistent mapping',
    accused: new Speaker().identity.address,
  });
});

test('a file that proves nothing: the reason, exit 1', () => {
  // Behind the last signature stand three empty parts of a byte each.
  const spoilt = bytes.with(bytes.length - 4, (bytes.at(-4) ?? 0) ^ 1);
  const file = written('spoilt.json', { ...good, package: spoilt.toHex() });
  const { status, stdout } = lab('evidence', 'verify', file);
  expect([status, stdout.split('\n')[0]]).toEqual([
    1,
    'not guilty: statement 2 proves nothing: its signature is false',
  ]);
});

test('no evidence file at all: bad use, exit 2', () => {
  for (const content of ['{', '[]', { ...good, more: 1 }, { ...good, package: 'ABC' }]) {
    const parsed = parseEvidenceFile(
      typeof content === 'string' ? content : JSON.stringify(content),
    );
    expect(parsed).toMatchObject({ ok: false });
  }
  const { status, stdout, stderr } = lab('evidence', 'verify', written('bad.json', '{'));
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain('it is not JSON');
});

test('another network, other work or another package: not guilty, with the reason', () => {
  const judge = (change: object) => {
    const parsed = parseEvidenceFile(JSON.stringify({ ...good, ...change }));
    if (!parsed.ok) throw new Error(parsed.reason);
    return judgeFile(parsed.value);
  };
  expect(judge({})).toMatchObject({ guilty: true });
  const elsewhere = judge({ network: idOf(9) });
  expect(elsewhere).toMatchObject({ guilty: false, reason: 'the package is for another network' });
  const harder = judge({ pow: { ...POW, memoryKiB: 16 } });
  expect(harder).toMatchObject({
    guilty: false,
    reason: 'the identity record is of another address',
  });
  expect(judge({ package: '00' })).toMatchObject({
    guilty: false,
    reason: 'no package: cut short',
    rule: null,
  });
});
