/** What a person types, sees and finds of simulated runs. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { CommandLine, SMALL } from '../process/command-line.ts';

const lab = new CommandLine();
afterAll(() => lab.close(), 60_000);

const FILE = lab.file('small.yaml', SMALL);
const hashIn = (text: string): string | undefined => /^Trace {4}([0-9a-f]{64})$/m.exec(text)?.[1];
const rows = z.object({ rows: z.array(z.record(z.string(), z.unknown())) });

test('twice in two processes the hash is the same; the summary repeats the run; all tools read it', async () => {
  const [first, second] = [
    await lab.run('run', FILE, '--driver', 'sim', '--seed', '5'),
    await lab.run('run', FILE, '--driver', 'sim', '--seed', '5', '--quiet'),
  ];
  expect(first.code, first.stderr).toBe(0);
  expect(first.stdout).toContain('driver sim, links simulated');
  expect(first.stdout).toContain(`Again    npx lab run ${FILE} --driver sim --seed 5`);
  expect(first.stderr).toContain('letting the last transactions finish');
  expect(second.stderr).toBe('');
  expect(hashIn(first.stdout)).toBeDefined();
  expect(hashIn(second.stdout)).toBe(hashIn(first.stdout));

  const [run = ''] = lab.runs().toSorted();
  const sql = 'select count() as n from lab.transactions';
  const counted = await lab.json(rows, 'query', sql, '--run', run);
  expect(Number(counted.rows[0]?.['n'])).toBeGreaterThan(0);
  const report = await lab.json(z.object({ reportPath: z.string() }), 'report', run);
  expect(readFileSync(report.reportPath, 'utf8')).toContain(hashIn(first.stdout));
  const listed = await lab.run('evidence', 'list', run);
  expect(listed.code, listed.stderr).toBe(0);
  const shown = await lab.json(
    z.object({ runs: z.array(z.object({ state: z.string() })) }),
    'ps',
    '--all',
  );
  expect(shown.runs.map(({ state }) => state)).toEqual(['ended', 'ended']);
  const compared = await lab.run('run', '--compare', run, '--quiet');
  expect(compared.stdout).toContain(`Trace    ${hashIn(first.stdout)}`);
  expect(compared.code).toBe(0);
  const other = await lab.run('run', '--compare', run, '--seed', '6', '--quiet');
  expect(other.stdout).toMatch(/^not the same: \d+ events are, then\n/);
  expect(other.code).toBe(1);
}, 240_000);

test('a fault that only the simulator can carry out is refused for real members before they start', async () => {
  const torn = lab.file(
    'torn.yaml',
    `${SMALL}faults:\n  - {kind: torn, atMs: 100, members: [honest]}\n`,
  );
  const before = lab.runs();
  const refused = await lab.run('run', torn, '--driver', 'process');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('fault torn is for simulated runs alone');
  expect(refused.stderr).toContain('--driver sim');
  const typed = await lab.run('fault', 'clog', '--between', 'east,west', '--for', '100');
  expect(typed.code).toBe(2);
  expect(typed.stderr).toContain('fault clog is for simulated runs alone');
  expect(lab.runs()).toEqual(before);
});

test('one JSON document carries trace hash and cryptography; ideal cryptography has a trace of its own', async () => {
  const shape = z.object({
    driver: z.string(),
    shaping: z.string(),
    traceHash: z.string(),
    cryptography: z.string(),
    fidelity: z.object({ ok: z.boolean() }),
  });
  const words = ['run', FILE, '--driver', 'sim', '--cryptography'];
  const ideal = await lab.json(shape, ...words, 'ideal');
  const real = await lab.json(shape, ...words, 'real');
  expect(ideal).toMatchObject({ driver: 'sim', shaping: 'simulated', cryptography: 'ideal' });
  expect(real).toMatchObject({ cryptography: 'real', fidelity: { ok: true } });
  expect(real.traceHash).not.toBe(ideal.traceHash);
}, 240_000);

test('bad use is told before anything is made: 2', async () => {
  const before = lab.runs().length;
  const outcomes = [
    await lab.run('run'),
    await lab.run('run', FILE, '--cryptography', 'ideal', '--driver', 'process'),
    await lab.run('run', FILE, '--driver', 'simulator'),
    await lab.run('run', '--compare', 'nobody'),
    await lab.run('up', FILE, '--driver', 'sim', '--pace', '0'),
  ];
  for (const { code, stderr } of outcomes) expect(code, stderr).toBe(2);
  expect(lab.runs().length).toBe(before);
}, 120_000);

test('1 and 5 as of any run: an expectation that fails; nothing voids what is simulated', async () => {
  const file = lab.file('false.yaml', `${SMALL}expect: ['transactions.committed < 0']\n`);
  const { code, stdout } = await lab.run('run', file, '--driver', 'sim', '--quiet');
  expect(code).toBe(1);
  expect(stdout).toContain('✗ transactions.committed < 0');
}, 120_000);

test('Ctrl-C, and lab down from elsewhere, end a simulation and leave no folder: 130', async () => {
  const text = SMALL.replace('durationMs: 2000', 'durationMs: 3600000');
  const file = lab.file('long.yaml', text);
  const before = new Set(lab.runs());
  const begun = async () =>
    vi.waitFor(
      () => {
        const run = lab.runs().find((name) => !before.has(name));
        const events = path.join(lab.directory(run ?? 'none'), 'events.ndjson');
        if (run === undefined || !existsSync(events)) throw new Error('not begun');
        if (!readFileSync(events, 'utf8').includes('running')) throw new Error('not running');
        return run;
      },
      { timeout: 30_000, interval: 50 },
    );
  const interrupted = lab.start('run', file, '--driver', 'sim');
  await begun();
  await delay(500);
  interrupted.child.kill('SIGINT');
  const { code, stderr } = await interrupted.outcome;
  expect(code, stderr).toBe(130);
  expect(stderr).toContain('everything was removed');
  expect(lab.runs().filter((run) => !before.has(run))).toEqual([]);

  const other = lab.start('run', file, '--driver', 'sim', '--quiet');
  const run = await begun();
  const asked = await lab.run('query', 'select 1', '--run', run);
  expect(asked.code).toBe(2);
  expect(asked.stderr).toContain('is simulated');
  const down = await lab.run('down', run);
  expect(down.code, down.stderr).toBe(0);
  expect(down.stderr).toBe('');
  expect((await other.outcome).code).toBe(130);
  expect(lab.runs().filter((name) => !before.has(name))).toEqual([]);
}, 240_000);
