/** What a person types, sees and finds of campaigns. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { CommandLine, SMALL } from '../process/command-line.ts';

const lab = new CommandLine();
afterAll(() => lab.close(), 60_000);

lab.file('small.yaml', `${SMALL}attacks: [{name: colluding-liars, atMs: 500}]\n`);

const rowShape = z.object({
  id: z.string(),
  state: z.enum(['done', 'broke']),
  command: z.string(),
  error: z.string().optional(),
  result: z.object({ traceHash: z.string(), honestControl: z.boolean() }).optional(),
});
type Row = z.infer<typeof rowShape>;

const folders = (): string[] => {
  const root = path.join(lab.home, 'campaigns');
  return existsSync(root) ? readdirSync(root).map((name) => path.join(root, name)) : [];
};

/** Rows of the campaign whose name begins so; lines that are whole. */
const rowsOf = (name: string): Row[] => {
  const folder = folders().find((candidate) => path.basename(candidate).startsWith(name));
  const file = path.join(folder ?? '', 'results.jsonl');
  if (folder === undefined || !existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => rowShape.parse(JSON.parse(line)));
};

/** Workers of a campaign of this test. */
const workers = (): number[] =>
  readdirSync('/proc').flatMap((entry) => {
    try {
      const words = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      const home = readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0');
      const isOurs = home.includes(`LAB_HOME=${lab.home}`);
      return isOurs && words.some((word) => word.endsWith('/worker.ts')) ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(20);
}

test('cells and their shared control become a table; each row repeats its run, hash and all', async () => {
  const file = lab.file(
    'plain.yaml',
    'name: plain\ntestnet: small.yaml\nseeds: [7]\ngrid: {attacks.0.knobs.victims: [1, 2]}\n',
  );
  const first = await lab.run('campaign', file);
  expect(first.code, first.stderr).toBe(0);
  expect(first.stdout).toContain('3 of 3 runs; 1 seeds, driver sim, ideal cryptography');
  expect(first.stdout).toMatch(/^ {2}victims 1 +1 /m);
  expect(first.stdout).toMatch(/^ {2}honest control +6 +0, below 39 %/m);
  expect(first.stdout.split('\n').filter(({ length }) => length > 100)).toEqual([]);
  expect(first.stderr).toMatch(/\[3 of 3\] .*, seed 7: .*committed/);
  expect(first.stderr).toMatch(/about .* left/);

  const rows = rowsOf('plain');
  expect(rows.map(({ id }) => id).sort()).toEqual(['c0-s7', 'c1-s7', 'h0-s7']);
  for (const { id, command, result } of rows.filter(({ id: name }) => name !== 'c0-s7')) {
    const words = command.split(' ').slice(2);
    const again = await lab.run(...words, '--quiet');
    expect(again.stdout, `${id}: ${command}`).toContain(`Trace    ${result?.traceHash ?? '?'}`);
    expect(result?.honestControl).toBe(id.startsWith('h'));
  }

  const asked = await lab.json(
    z.object({ rows: z.array(z.object({ trace_hash: z.string() })) }),
    'query',
    'select trace_hash from lab.campaign_runs order by run',
    '--campaign',
    'plain',
  );
  const hashes = rows
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((row) => row.result?.traceHash);
  expect(asked.rows.map((row) => row.trace_hash)).toEqual(hashes);

  const [folder = ''] = folders();
  expect(readdirSync(folder).includes('working')).toBe(false);
  // By name: a commit made meanwhile is another version, whose runs are others.
  const again = await lab.run('campaign', '--resume', 'plain');
  expect(again.stderr).toContain('all 3 runs were made before');
  expect(again.stdout).toBe(first.stdout);
  expect(rowsOf('plain')).toHaveLength(3);
}, 300_000);

test('an interrupted campaign ends with 130, leaves no process, and goes on where it stopped', async () => {
  const file = lab.file('long.yaml', 'name: long\ntestnet: small.yaml\nseeds: 3\ncontrol: false\n');
  const { child, outcome } = lab.start('campaign', file, '--jobs', '1');
  await until(() => rowsOf('long').length > 0);
  child.kill('SIGINT');
  const stopped = await outcome;
  expect(stopped.code, stopped.stderr).toBe(130);
  expect(stopped.stderr).toContain(`Go on: npx lab campaign ${file}`);
  expect(workers()).toEqual([]);
  const before = rowsOf('long');
  expect(before.length).toBeLessThan(3);

  const resumed = await lab.run('campaign', '--resume', 'long', '--json');
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(resumed.stderr).toContain(`3 runs, ${before.length} of them made before`);
  const after = rowsOf('long');
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after.map(({ id }) => id).sort()).toEqual(['c0-s1', 'c0-s2', 'c0-s3']);
  const rate = z.object({ value: z.number().nullable(), n: z.number(), interval: z.unknown() });
  const shape = z.object({
    campaign: z.string().startsWith('long-'),
    cells: z.tuple([
      z.object({
        settings: z.array(z.string()),
        runs: z.literal(3),
        detection: rate,
        falseSlashes: rate,
        success: rate,
        finality: z.object({ p50: rate }),
        cost: z.object({ attempts: rate }),
      }),
    ]),
  });
  shape.parse(JSON.parse(resumed.stdout));
}, 300_000);

test('what breaks one run breaks no other, and says how to see it again', async () => {
  const file = lab.file(
    'broken.yaml',
    'name: broken\ntestnet: small.yaml\nseeds: 1\ncontrol: false\ngrid: {links.0.loss: [1, 0]}\n',
  );
  const { code, stdout, stderr } = await lab.run('campaign', file, '--jobs', '1');
  expect(code, stderr).toBe(4);
  expect(stdout).toContain('1 of 2 runs, 1 broke');
  expect(stdout).toMatch(/npx lab run .*small\.yaml .*--set links\.0\.loss=1\n {4}.*did not mesh/);
  expect(rowsOf('broken').map(({ state }) => state)).toEqual(['broke', 'done']);
}, 200_000);

test('a worker that is killed takes only its own run along', async () => {
  const file = lab.file(
    'killed.yaml',
    'name: killed\ntestnet: small.yaml\nseeds: 2\ncontrol: false\n',
  );
  const { outcome } = lab.start('campaign', file, '--jobs', '1');
  await until(() => workers().length > 0);
  for (const pid of workers()) process.kill(pid, 'SIGKILL');
  const { code, stderr } = await outcome;
  expect(code, stderr).toBe(4);
  const [lost, made] = rowsOf('killed');
  expect(lost?.error).toContain('its worker ended with SIGKILL');
  expect(made?.state).toBe('done');
  const again = await lab.run('campaign', '--resume', 'killed');
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).toContain('2 of 2 runs;');
}, 200_000);

test('a file that is wrong starts nothing, and says where', async () => {
  const file = lab.file(
    'wrong.yaml',
    'name: wrong\ntestnet: small.yaml\nseeds: 2\ngrid: {protocol.k: [3, x]}\n',
  );
  const { code, stderr } = await lab.run('campaign', file);
  expect(code).toBe(2);
  expect(stderr).toMatch(/wrong\.yaml:4:24: protocol\.k: found "x"; allowed: a number/);
  expect(stderr).toContain('nothing was started');
  expect(rowsOf('wrong')).toEqual([]);
}, 60_000);
