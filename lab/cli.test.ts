import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

let home = '';
beforeAll(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'lab-cli-'));
});
afterAll(() => rmSync(home, { recursive: true }));

function lab(...args: string[]) {
  const { status, stdout, stderr } = spawnSync('lab/bin.sh', args, {
    encoding: 'utf8',
    env: { ...process.env, LAB_HOME: home, NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

test('help names every command of ours and none that is not there yet', () => {
  const { status, stdout } = lab('--help');
  expect(status).toBe(0);
  const listed = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1]);
  const ours =
    'doctor demo tui run campaign calibrate audit up down stop start attacks attack fault ps logs links report query serve detect evidence claims';
  expect(listed).toEqual([...ours.split(' '), 'vectors', 'schema', 'help']);
});

test('an unknown command is bad use and suggests the near one', () => {
  const { status, stdout, stderr } = lab('dow');
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain('Did you mean down?');
});

test.each([
  ['run'],
  ['run', 'testnets/demo.yaml', '--driver', 'ship'],
  ['run', 'testnets/demo.yaml', '--seed', '-1'],
  ['run', 'no-such-file.yaml'],
  ['attack', 'no-such-attack'],
  ['attack', 'stop'],
  ['fault', 'flood'],
  ['fault', 'partition', '--between', 'a'],
  ['fault', 'clear'],
  ['down', 'no-such-run'],
  ['logs', 'no-such-run'],
  ['campaign', 'x.yaml'],
])('lab %s %s %s %s is bad use: exit 2, a reason, nothing on standard output', (...args) => {
  const { status, stdout, stderr } = lab(...args);
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr.length).toBeGreaterThan(10);
  // No stack trace.
  expect(stderr).not.toContain('\n    at ');
});

test('a bad manifest starts nothing and names file, line and what to do', () => {
  const file = path.join(home, 'bad.yaml');
  writeFileSync(file, 'name: bad\nduratonMs: 5\n');
  const { status, stderr } = lab('run', file);
  expect(status).toBe(2);
  expect(stderr).toContain(`${file}:2:1: duratonMs: unknown key`);
  expect(stderr).toContain('what to do:');
  expect(readdirSync(home)).not.toContain('runs');
});

test('ps without runs is fine and, with --json, one document', () => {
  expect(lab('ps').status).toBe(0);
  const { status, stdout } = lab('ps', '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ runs: [] });
});

test('removing when nothing runs is fine', () => {
  expect(lab('down').status).toBe(0);
  expect(lab('down', '--all').status).toBe(0);
});

test('schema prints a JSON Schema that closes every object', () => {
  const schema: unknown = JSON.parse(lab('schema').stdout);
  expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
});

test('attacks --json is one document', () => {
  const { status, stdout } = lab('attacks', '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toHaveProperty('attacks');
});

test('a run whose supervisor died before it did anything is listed, and can be removed', () => {
  const run = path.join(home, 'runs', 'quick-abcdef');
  mkdirSync(run, { recursive: true });
  const manifest = path.join(run, 'testnet.yaml');
  writeFileSync(
    manifest,
    'name: quick\ndurationMs: 1000\nregions: [{name: a}]\npeers: [{group: p, count: 8}]\n',
  );
  writeFileSync(
    path.join(run, 'plan.json'),
    JSON.stringify({
      run: 'quick-abcdef',
      manifest,
      driver: 'process',
      driverReason: 'asked for',
      seed: 1,
      mode: 'up',
      version: '0',
    }),
  );
  writeFileSync(path.join(run, 'token'), 'secret');
  expect(JSON.parse(lab('ps', '--json').stdout)).toMatchObject({
    runs: [{ run: 'quick-abcdef', testnet: 'quick', state: 'preparing (no supervisor)', peers: 0 }],
  });
  const { status, stderr } = lab('down', 'quick', '--purge');
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(readdirSync(path.join(home, 'runs'))).toEqual([]);
});
