import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Journal, readJournal } from '../../lab/supervisor/journal.ts';
import type { JournalEntry } from '../../lab/supervisor/journal-entry.ts';
import { lockOwner, takeLock } from '../../lab/supervisor/lock.ts';

function newDirectory(): string {
  return mkdtempSync(path.join(os.tmpdir(), 'lab-journal-'));
}

const ENTRIES: readonly JournalEntry[] = [
  { entry: 'phase', atMs: 10, phase: 'preparing' },
  { entry: 'created', object: { type: 'network', name: 'n1' } },
  { entry: 'created', object: { type: 'process', pid: 7, startTicks: 70 } },
  { entry: 'load-started', atMs: 100 },
  { entry: 'halted', atMs: 150 },
  { entry: 'resumed', atMs: 250 },
  { entry: 'fault-started', atMs: 260, id: 'kill-1', fault: '{}', forMs: 5, planned: 'fault 0' },
];

test('a journal cut at any byte reads as the lines that were complete, and can be written on', () => {
  const whole = newDirectory();
  const journal = new Journal(whole);
  for (const entry of ENTRIES) journal.write(entry);
  journal.close();
  const file = path.join(whole, 'journal.ndjson');
  const text = readFileSync(file, 'utf8');
  const directory = newDirectory();
  const copy = path.join(directory, 'journal.ndjson');
  for (let cut = 0; cut <= text.length; cut += 1) {
    writeFileSync(copy, text.slice(0, cut));
    const lines = text.slice(0, cut).split('\n').length - 1;
    const created = ENTRIES.slice(0, lines).filter((e) => e.entry === 'created').length;
    expect(readJournal(directory)).toMatchObject({ damagedLines: 0 });
    expect(readJournal(directory).created).toHaveLength(created);
    const again = new Journal(directory);
    again.write({ entry: 'created', object: { type: 'volume', name: 'after' } });
    again.close();
    expect(readJournal(directory).created).toHaveLength(created + 1);
    expect(readJournal(directory).damagedLines).toBe(0);
  }
});

test('time halted is not network time, and the end of a fault is found', () => {
  const directory = newDirectory();
  const journal = new Journal(directory);
  for (const entry of ENTRIES) journal.write(entry);
  expect(journal.state).toMatchObject({ loadStartedAtMs: 100, haltedMs: 100, haltedAtMs: null });
  expect(journal.state.faults.get('kill-1')?.endedAtMs).toBeNull();
  journal.write({ entry: 'fault-ended', atMs: 300, id: 'kill-1' });
  expect(journal.state.faults.get('kill-1')?.endedAtMs).toBe(300);
  journal.close();
});

test('the line that says how a run ended says that it has ended: no kill leaves it half ended', () => {
  const directory = newDirectory();
  const journal = new Journal(directory);
  journal.write({ entry: 'phase', atMs: 10, phase: 'removing' });
  expect(readJournal(directory)).toMatchObject({ phase: 'removing', exitCode: null });
  journal.write({ entry: 'ended', atMs: 20, exitCode: 5 });
  journal.close();
  expect(readJournal(directory)).toMatchObject({ phase: 'ended', exitCode: 5 });
});

test('a damaged line in the middle is counted and hides nothing else', () => {
  const directory = newDirectory();
  const journal = new Journal(directory);
  journal.write({ entry: 'port', port: 1 });
  journal.close();
  appendFileSync(path.join(directory, 'journal.ndjson'), '{"entry":"port","po\n');
  const again = new Journal(directory);
  again.write({ entry: 'created', object: { type: 'network', name: 'n' } });
  again.close();
  expect(readJournal(directory)).toMatchObject({ port: 1, damagedLines: 1 });
  expect(readJournal(directory).created).toHaveLength(1);
});

test('a link that was off once keeps the run off, however it measures later', () => {
  const directory = newDirectory();
  const journal = new Journal(directory);
  const row = { from: 'a', to: 'b', askedRttMs: 1, measuredRttMs: 9, askedLoss: 0 };
  const measured = { ...row, measuredLoss: 0, n: 20 };
  journal.write({ entry: 'links', measurements: [{ ...measured, ok: false }] });
  journal.write({ entry: 'links', measurements: [{ ...measured, measuredRttMs: 1, ok: true }] });
  expect(journal.state.shapingOk).toBe(false);
  expect(journal.state.links).toHaveLength(1);
  journal.close();
});

test('a run has one supervisor: the lock of a living one holds, that of a killed one is taken over', async () => {
  const directory = newDirectory();
  const release = takeLock(directory);
  expect(lockOwner(directory)?.pid).toBe(process.pid);
  expect(() => takeLock(directory)).toThrow(/has a supervisor already/);
  release();
  expect(lockOwner(directory)).toBeNull();

  const lock = new URL('../../lab/supervisor/lock.ts', import.meta.url).href;
  const script = `import { takeLock } from '${lock}';
    takeLock(${JSON.stringify(directory)}); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script]);
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  expect(lockOwner(directory)?.pid).toBe(holder.pid);
  expect(() => takeLock(directory)).toThrow(/has a supervisor already/);
  const ended = new Promise((resolve) => holder.once('exit', resolve));
  holder.kill('SIGKILL');
  await ended;
  expect(lockOwner(directory)).toBeNull();
  takeLock(directory)();
});
