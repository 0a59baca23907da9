import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { CommandLine, SMALL } from './command-line.ts';

const lab = new CommandLine();
afterAll(() => lab.close(), 60_000);

const runFile = (name: string, text: string) =>
  lab.start('run', lab.file(name, text), '--driver', 'process', '--json');
const result = z.object({
  run: z.string(),
  shaping: z.string(),
  links: z.array(z.object({ ok: z.boolean() })),
  fidelity: z.object({ ok: z.boolean(), reasons: z.array(z.string()) }),
  transactions: z.object({ committed: z.number() }),
  telemetry: z.object({ rows: z.number(), dropped: z.number() }),
});

/** The newest run's folder, once its members are there. */
async function members(): Promise<{ run: string; pids: number[] }> {
  return vi.waitFor(
    () => {
      const found = lab.runs().flatMap((run) => {
        const pids = lab.processes(run).flatMap((p) => (p.what === 'member' ? [p.pid] : []));
        return pids.length > 0 ? [{ run, pids }] : [];
      });
      if (found[0] === undefined) throw new Error('no members yet');
      return found[0];
    },
    { timeout: 20_000, interval: 20 },
  );
}

const phaseOf = (run: string): string =>
  readFileSync(path.join(lab.directory(run), 'supervisor.log'), 'utf8');

test('0 and 1: every fault of a timeline is begun and cleared; a false expectation is told apart', async () => {
  const faults = `faults:
  - {kind: partition, atMs: 200, forMs: 600, between: [east, west]}
  - {kind: link, atMs: 300, forMs: 600, between: [east, west], change: {delayMs: 20}}
  - {kind: pause, atMs: 400, forMs: 500, members: [honest-01]}
  - {kind: kill, atMs: 500, forMs: 500, members: [honest-02]}
  - {kind: restart, atMs: 600, members: [honest-03]}
  - {kind: restore, atMs: 1400, forMs: 900, members: [honest-03]}
  - {kind: clock, atMs: 700, forMs: 500, members: [honest-04], skewMs: 4000}
`;
  const text = SMALL.replace('durationMs: 2000', 'durationMs: 4000') + faults;
  const { outcome } = runFile('faults.yaml', `${text}expect: ['transactions.committed < 0']\n`);
  const { code, stdout, stderr } = await outcome;
  expect(code, stderr).toBe(1);
  const { run, telemetry, fidelity } = result.parse(JSON.parse(stdout));
  expect(telemetry.dropped).toBe(0);
  // Members that a fault took away did not end by themselves.
  expect(fidelity.reasons.filter((reason) => reason.includes('honest'))).toEqual([]);
  const sql =
    'select kind, groupArray(state) as states from lab.faults group by kind order by kind';
  const asked = await lab.run('query', sql, '--run', run, '--json');
  const { rows } = z.object({ rows: z.array(z.unknown()) }).parse(JSON.parse(asked.stdout));
  expect(rows).toEqual(
    ['clock', 'kill', 'link', 'partition', 'pause', 'restart', 'restore'].map((kind) => ({
      kind,
      states: expect.arrayContaining(['active', 'cleared']),
    })),
  );
  expect(lab.leftovers()).toEqual([]);
}, 90_000);

test('0: a network of which nothing is asked is not shaped, and piped away it ends by itself', async () => {
  const unshaped = SMALL.replace(/links:\n.*\n/, '');
  const { outcome } = runFile(
    'unshaped.yaml',
    `${unshaped}expect: ['transactions.committed >= 1']\n`,
  );
  const { code, stdout, stderr } = await outcome;
  expect(code, stderr).toBe(0);
  expect(result.parse(JSON.parse(stdout))).toMatchObject({ shaping: 'none' });
  expect(lab.leftovers()).toEqual([]);
}, 90_000);

test('2 and 3: what is asked wrongly, or of a machine that cannot, starts nothing', async () => {
  const runs = lab.runs();
  const wrong = await lab.run('run', lab.file('wrong.yaml', 'name: wrong\n'), '--json');
  expect([wrong.code, wrong.stdout]).toEqual([2, '']);
  expect((await lab.run('logs', 'nobody')).code).toBe(2);
  expect((await lab.run('frobnicate')).code).toBe(2);
  const many = SMALL.replace('honest, count: 4', 'honest, count: 30000');
  const tooMany = await lab.run('run', lab.file('many.yaml', many), '--driver', 'process');
  expect([2, 3]).toContain(tooMany.code);
  expect(lab.runs()).toEqual(runs);
});

test('4: a member that ends while it is launched is named, and everything else is removed', async () => {
  const { outcome } = runFile('broken.yaml', SMALL);
  const { pids } = await members();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  const { code, stdout, stderr } = await outcome;
  expect([code, stdout]).toEqual([4, '']);
  expect(stderr).toMatch(/lab: (honest|liars|client)-0\d/);
  expect(lab.leftovers()).toEqual([]);
}, 60_000);

test('5: a member that ends by itself voids the run and is named', async () => {
  const { outcome } = runFile(
    'void.yaml',
    SMALL.replace(', lowFidelity: true', '').replace('2000', '5000'),
  );
  const { run } = await members();
  await vi.waitFor(() => expect(phaseOf(run)).toContain('running'), 30_000);
  const victim = lab.processes(run).find(({ peer }) => peer === 'honest-02');
  process.kill(victim?.pid ?? 0, 'SIGKILL');
  const { code, stdout, stderr } = await outcome;
  expect(code, stderr).toBe(5);
  expect(result.parse(JSON.parse(stdout)).fidelity.reasons).toEqual(
    expect.arrayContaining([expect.stringContaining('honest-02 ended by itself')]),
  );
  expect(lab.leftovers()).toEqual([]);
}, 90_000);

test('130: an interrupt removes everything, whether it comes early or late', async () => {
  for (const phase of ['launching', 'running']) {
    const { child, outcome } = lab.start(
      'run',
      lab.file('long.yaml', SMALL.replace('2000', '60000')),
      '--driver',
      'process',
    );
    const { run } = await members();
    await vi.waitFor(() => expect(phaseOf(run)).toContain(phase), 30_000);
    child.kill('SIGINT');
    const { code, stderr } = await outcome;
    expect([code, lab.leftovers()], stderr).toEqual([130, []]);
    expect(stderr).toContain('everything was removed');
  }
}, 90_000);
