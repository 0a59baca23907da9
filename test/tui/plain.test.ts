import { expect, test } from 'vitest';
import { follow, PlainLines } from '../../lab/tui/plain.ts';
import { fixtureModel } from './fixture.ts';
import { StageRun } from './stage.ts';

test('lines tell each notable event once, and the figures every five seconds', () => {
  const lines = new PlainLines();
  const first = lines.next(fixtureModel());
  expect(first[0]).toMatch(/running: demo-3f9a2c, driver process/);
  expect(first.filter((line) => line.includes('banned')).length).toBeGreaterThan(3);
  expect(first.at(-1)).toContain('88 of 93 committed');
  expect(lines.next(fixtureModel())).toEqual([]);
  const later = lines.next({ ...fixtureModel({ elapsedMs: 43_000 }) });
  expect(later).toHaveLength(1);
});

test('following ends with the run, or when one is asked to stop, and leaves the run alone', async () => {
  const run = new StageRun();
  const written: string[] = [];
  const stop = new AbortController();
  const followed = follow(run, (line) => written.push(line), stop.signal);
  const { model } = run;
  run.show({ ...model, status: { ...model.status, phase: 'ended' }, notice: 'the run has ended' });
  await followed;
  expect(written.at(-1)).toBe('the run has ended');
  const again = new StageRun();
  const stopped = follow(again, () => undefined, stop.signal);
  stop.abort();
  await stopped;
  expect([...run.asked, ...again.asked]).toEqual([]);
});

test('before the load, times count from the first event by the run’s own clock, however far that is from ours', () => {
  const model = fixtureModel({ phase: 'launching', elapsedMs: null });
  const status = { ...model.status, since: '1999-01-01T00:00:00.000Z' };
  for (const line of new PlainLines().next({ ...model, status })) {
    expect(line).toMatch(/^ +\d:\d\d\.\d/);
  }
});
