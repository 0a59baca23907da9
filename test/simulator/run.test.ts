/** A simulated run is a function of version, manifest and seed, and goes as a living one does. */
import { expect, test } from 'vitest';
import { played, SMALL } from './playing.ts';

const twin = (rows: readonly object[]): string => JSON.stringify(rows);

test('the same seed gives the same trace and the same rows, another seed others', async () => {
  const [first, again, other] = [
    await played(SMALL),
    await played(SMALL),
    await played(SMALL, { seed: 2 }),
  ];
  expect(first.events).toBeGreaterThan(500);
  expect(again.traceHash).toBe(first.traceHash);
  expect(again.skeleton).toBe(first.skeleton);
  for (const table of ['transactions', 'votes', 'statements', 'messages', 'peers']) {
    expect(first.rows(table).length, table).toBeGreaterThan(0);
    expect(twin(again.rows(table)), table).toBe(twin(first.rows(table)));
  }
  expect(other.traceHash).not.toBe(first.traceHash);
});

test('telemetry, and where the playing pauses, change nothing of a run', async () => {
  const first = await played(SMALL);
  const silent = await played(SMALL, { telemetry: false });
  expect(silent.rows('transactions')).toEqual([]);
  expect(silent.traceHash).toBe(first.traceHash);
  let looks = 0;
  const looked = await played(SMALL, {
    look: (world) => {
      looks += 1;
      // Who only looks leaves no trace.
      for (const member of world.members.values()) void member.health;
    },
  });
  expect(looks).toBeGreaterThan(3);
  expect(looked.traceHash).toBe(first.traceHash);
});

test('a run goes through its phases; clients submit at the rate of the manifest, honest peers commit', async () => {
  const run = await played(SMALL);
  expect(run.announced).toEqual(['launching', 'meshing', 'measuring', 'running', 'draining']);
  expect(run.loadEndedAtMs - run.loadStartedAtMs).toBe(3000);
  const submitted = run.rows('transactions').filter(({ part }) => part === 'client');
  // Six a second for three seconds, drawn.
  const txs = new Set(submitted.map(({ tx }) => tx));
  expect(txs.size).toBeGreaterThan(8);
  expect(txs.size).toBeLessThan(30);
  const committed = new Set(
    run.rows('transactions').flatMap((row) => (row['outcome'] === 'committed' ? [row['tx']] : [])),
  );
  for (const tx of txs) expect(committed).toContain(tx);
});

test('rows carry virtual time, and links measured in it are as asked', async () => {
  const run = await played(SMALL);
  for (const table of ['transactions', 'peers']) {
    for (const { ts } of run.rows(table)) expect(ts).toMatch(/^2026-01-01 00:00:\d\d\.\d{6}$/);
  }
  expect(run.links.map(({ from, to, ok }) => `${from} ${to} ${ok}`).sort()).toEqual([
    'east east true',
    'east west true',
    'west east true',
    'west west true',
  ]);
  const far = run.links.find(({ from, to }) => from === 'east' && to === 'west');
  expect(far?.measuredRttMs).toBeGreaterThan(17);
  expect(far?.measuredRttMs).toBeLessThan(23);
});

test('a network that cannot mesh says who did not, in virtual time', async () => {
  const cut = SMALL.replace('loss: 0.01', 'loss: 1');
  await expect(played(cut)).rejects.toThrow(/did not mesh with their neighbours/);
});
