import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../../lab/telemetry/open.ts';

const CLI = path.join(import.meta.dirname, '..', '..', 'lab', 'cli.ts');
let home: string;
let child: ChildProcess | null = null;

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'lab-serve-command-'));
});

afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

/** Starts the command; resolves with what it says up to the line that ends with `until`, or its end. */
async function started(words: readonly string[], more: Record<string, string> = {}) {
  const { CLICKHOUSE_URL: _, LAB_SERVE_TOKEN: __, ...env } = process.env;
  const process_ = spawn(process.execPath, [CLI, 'serve', ...words], {
    env: { ...env, LAB_HOME: home, ...more },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child = process_;
  const closed = once(process_, 'close');
  let said = '';
  for await (const chunk of process_.stderr) {
    said += String(chunk);
    if (said.includes('Ctrl-C ends it')) return { said, process: process_, closed };
  }
  await closed;
  return { said, process: process_, closed };
}

test('lab serve shows a password of its own, answers with it alone, and leaves nothing behind', async () => {
  const store = await openStore(path.join(home, 'runs', 'r-1', 'telemetry'), null);
  const vote = { run: 'r-1', ts: '2026-01-15 12:00:00', peer: 'p', tx: 't', token: 'x' };
  await store.insert('lab.votes', [{ ...vote, verdict: 'commit' }]);
  await store.close();
  const { said, process: serving, closed } = await started(['--listen', '127.0.0.1:0']);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
  const password = /password {2}(\S{32,})$/m.exec(said)?.[1] ?? '';
  const ask = (given: string) =>
    fetch(`${url}/?query=${encodeURIComponent('SELECT run FROM lab.votes')}`, {
      headers: { authorization: `Basic ${btoa(`reader:${given}`)}` },
    });
  expect(await (await ask(password)).text()).toBe('r-1\n');
  expect((await ask('')).status).toBe(403);
  expect(readdirSync(path.join(home, 'serve'))).toEqual([String(serving.pid)]);
  serving.kill('SIGINT');
  expect(await closed).toEqual([0, null]);
  expect(readdirSync(path.join(home, 'serve'))).toEqual([]);
  await expect(ask(password)).rejects.toThrow();
}, 120_000);

test('lab serve refuses a weak token, and to offer rows that are elsewhere', async () => {
  const weak = await started([], { LAB_SERVE_TOKEN: 'secret' });
  expect(weak.said).toMatch(/fewer than 32 characters/);
  const elsewhere = await started([], { CLICKHOUSE_URL: 'http://127.0.0.1:1' });
  expect(elsewhere.said).toMatch(/runs are stored at http:\/\/127\.0\.0\.1:1/);
  expect([weak, elsewhere].map(({ process: ended }) => ended.exitCode)).toEqual([2, 2]);
  expect(existsSync(path.join(home, 'serve'))).toBe(false);
}, 120_000);
