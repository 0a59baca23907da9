/** The UI on a real terminal: tmux's, with a run that is made up. */
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeEach, describe, test } from 'vitest';

const STAGE = path.join(import.meta.dirname, 'stage.ts');
const SOCKET = `tui-test-${process.pid}`;
const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const WAIT_MS = 20_000;

function tmux(...words: readonly string[]): string {
  return execFileSync('tmux', ['-L', SOCKET, '-f', '/dev/null', ...words], { encoding: 'utf8' });
}

/** A shell in a terminal of its own, and what it shows. */
function openTerminal(name: string, columns: number, rows: number) {
  const shell = 'env -u CI -u NO_COLOR LANG=C.UTF-8 PS1=READY: bash --norc --noprofile';
  tmux('-u', 'new-session', '-d', '-s', name, '-x', String(columns), '-y', String(rows), shell);
  const capture = () => tmux('capture-pane', '-p', '-t', name);
  const shows = async (what: RegExp) => {
    const until = performance.now() + WAIT_MS;
    for (;;) {
      const text = capture();
      if (what.test(text)) return text;
      if (performance.now() > until) throw new Error(`never showed ${String(what)}:\n${text}`);
      await delay(100);
    }
  };
  return {
    capture,
    shows,
    keys: (...keys: readonly string[]) => tmux('send-keys', '-t', name, ...keys),
    resize: (x: number, y: number) =>
      tmux('resize-window', '-t', name, '-x', String(x), '-y', String(y)),
    /** Whether the alternate screen is on, and the cursor shown. */
    modes: () => tmux('display', '-p', '-t', name, '#{alternate_on} #{cursor_flag}').trim(),
    pid: () => tmux('display', '-p', '-t', name, '#{pane_pid}').trim(),
    tty: () => tmux('display', '-p', '-t', name, '#{pane_tty}').trim(),
  };
}

const start = (...flags: readonly string[]) =>
  `'${process.execPath}' '${STAGE}' ${flags.join(' ')}`;

afterAll(() => {
  if (hasTmux) spawnSync('tmux', ['-L', SOCKET, 'kill-server']);
});

beforeEach((context) => context.skip(!hasTmux, 'tmux is not installed'));

describe('in tmux', () => {
  test.concurrent('a session at 80x24, resized and back, leaves the terminal as it was', async ({
    expect,
  }) => {
    const terminal = openTerminal('session', 80, 24);
    await terminal.shows(/READY:/);
    // The program takes a while to end: what is typed meanwhile is the shell's.
    terminal.keys(start('--linger 1500'), 'Enter');
    await terminal.shows(/Testnets to launch/);
    expect(terminal.modes()).toBe('1 0');
    terminal.keys('Enter');
    await terminal.shows(/\[1 overview\]/);
    terminal.resize(200, 50);
    await terminal.shows(/ │ ─ Events/);
    terminal.resize(80, 24);
    const small = await terminal.shows(/Ring[^│]*\n[^│]*\? help {2}q quit/);
    // Nothing of the larger frame is left, and nothing wrapped.
    expect(small.match(/─ Ring/g)).toHaveLength(1);
    expect(small.trimEnd().split('\n')).toHaveLength(24);
    terminal.keys('5');
    await terminal.shows(/4 peers can play it/);
    terminal.keys('Enter');
    await terminal.shows(/Start colluding-liars/);
    terminal.keys('Enter');
    await terminal.shows(/✓ colluding-liars-1 started/);
    terminal.keys('q');
    await terminal.shows(/What is to become of demo-3f9a2c/);
    terminal.keys('l');
    const after = await terminal.shows(/demo-3f9a2c goes on/);
    expect(after).toContain('READY:');
    expect(terminal.modes()).toBe('0 1');
    terminal.keys('stty -a | grep -c " icanon"', 'Enter');
    await terminal.shows(/\n1\n/);
  });

  test.concurrent.for([
    ['an error that nobody caught', '--crash-after 2500', null, /broken on purpose[^]*what to do/],
    [
      'a rejection that nobody handled',
      '--reject-after 2500',
      null,
      /broken on purpose[^]*goes on/,
    ],
    ['SIGTERM', '', 'SIGTERM', /SIGTERM: left[^]*demo-3f9a2c goes on/],
    ['SIGHUP', '', 'SIGHUP', /SIGHUP: left[^]*demo-3f9a2c goes on/],
  ] as const)(
    '%s restores the terminal, then says what happened',
    async ([, flags, signal, says], { expect }) => {
      const name = `end${signal ?? flags.slice(2, 8)}`;
      const terminal = openTerminal(name, 100, 30);
      await terminal.shows(/READY:/);
      terminal.keys(start('--attached', flags), 'Enter');
      await terminal.shows(/\[1 overview\]/);
      if (signal !== null) {
        const [child = ''] = execFileSync('pgrep', ['-P', terminal.pid()], {
          encoding: 'utf8',
        }).split('\n');
        process.kill(Number(child), signal);
      }
      await terminal.shows(says);
      await terminal.shows(/READY:\s*$/);
      expect(terminal.modes()).toBe('0 1');
    },
  );
});
