import { render } from 'ink-testing-library';
import { createElement as h } from 'react';
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { test } from 'vitest';
import { App } from '../../lab/tui/app.ts';
import type { Backend } from '../../lab/tui/backend.ts';
import { lookOf } from '../../lab/tui/look.ts';
import { Session } from '../../lab/tui/session.ts';
import { hashOf } from './fixture.ts';
import { stageBackend, StageRun } from './stage.ts';

const DOWN = '\u001b[B';
const UP = '\u001b[A';
const RIGHT = '\u001b[C';
const ESCAPE = '\u001b';
const ENTER = '\r';
/** Until an Escape is known to be no other key's begin, and new models were handed on. */
const SETTLE_MS = 100;

/** A person at a terminal of 80 by 24. */
async function sitDown({
  attached = true,
  backend = {},
}: {
  attached?: boolean;
  backend?: Partial<Backend>;
} = {}) {
  const run = new StageRun();
  const launched: unknown[] = [];
  const look = lookOf(false, false);
  const session = new Session(
    { ...stageBackend(run, launched), ...backend },
    look,
    { driver: 'auto', seed: null, cryptography: 'real' },
    { drawingMs: 10, modelMs: 10 },
  );
  const app = render(h(App, { session, look, size: { columns: 80, rows: 24 } }));
  session.refresh();
  if (attached) session.begin({ type: 'attach', run: run.run });
  await delay(SETTLE_MS);
  return {
    run,
    launched,
    session,
    screen: () => stripVTControlCharacters(app.lastFrame() ?? ''),
    press: async (...keys: readonly string[]) => {
      for (const key of keys) {
        app.stdin.write(key);
        await delay(key === ESCAPE ? SETTLE_MS : 5);
      }
      await delay(SETTLE_MS);
    },
    leave: () => {
      session.close();
      app.unmount();
    },
  };
}

test.concurrent('from the start screen one attaches to a run, or launches a testnet with a driver and a seed', async ({
  expect,
}) => {
  const { press, screen, launched, leave } = await sitDown({ attached: false });
  expect(screen()).toContain('demo-3f9a2c');
  expect(screen()).toContain('demo.yaml');
  await press(DOWN, ENTER);
  expect(screen()).toContain('Launch testnets/demo.yaml');
  // From auto over docker and process to the simulation; then the seed, one digit of it wrong.
  await press(RIGHT, RIGHT, RIGHT, DOWN, '4', '2', 'x', ENTER);
  expect(launched).toEqual([]);
  expect(screen()).toContain('seed: allowed: a whole number');
  await press('\u007f', ENTER);
  expect(launched).toEqual([
    { file: 'testnets/demo.yaml', driver: 'sim', seed: 42, cryptography: 'real' },
  ]);
  expect(screen()).toContain('[1 overview]');
  leave();
});

test.concurrent('numbers and Tab go through the panes, and what the footer says works there', async ({
  expect,
}) => {
  const { press, screen, run, leave } = await sitDown();
  await press('2');
  expect(screen()).toContain('[2 peers]');
  expect(screen()).toContain('o order');
  await press('o');
  expect(screen()).toContain('by name');
  await press('\u001b[H', DOWN, ENTER);
  expect(run.asked).toContainEqual(['peer', 'honest-02']);
  expect(screen()).toContain('endpoint');
  await press(ESCAPE, '\t');
  expect(screen()).toContain('[3 events]');
  await press('\u001b[Z');
  expect(screen()).toContain('[2 peers]');
  await press('4', 'm');
  expect(run.asked).toContainEqual(['measureLinks']);
  expect(screen()).toContain('10 of 10 links as asked');
  await press('?');
  expect(screen()).toContain('Shift-Tab');
  leave();
});

test.concurrent('an attack is started with its knobs, paused, changed mid-flight and stopped', async ({
  expect,
}) => {
  const { press, screen, run, leave } = await sitDown();
  await press('5', DOWN, ENTER);
  expect(screen()).toContain('✗ nobody here plays eclipse');
  await press(UP, '1');
  await press('5', ENTER);
  expect(screen()).toContain('Start colluding-liars');
  // A value out of range is refused in words; nothing is started.
  await press(DOWN, DOWN, DOWN, '0', ENTER);
  expect(run.asked).toEqual([]);
  expect(screen()).toMatch(/✗ .*allowed: a whole number from 1/);
  await press('\u0015', '3', ENTER);
  expect(run.asked[0]?.slice(0, 2)).toEqual(['attack', 'colluding-liars']);
  expect(run.asked[0]?.[2]).toMatchObject({ victims: 3 });
  expect(screen()).toContain('✓ colluding-liars-1 started');
  expect(screen()).toContain('◆ colluding-liars-1');
  await press('p');
  expect(run.asked[1]).toEqual(['steer', 'colluding-liars-1', 'pause', {}]);
  await press('p');
  expect(run.asked[2]).toEqual(['steer', 'colluding-liars-1', 'resume', {}]);
  // Only what was changed is sent.
  await press('e', DOWN, DOWN, DOWN, '5', ENTER);
  expect(run.asked[3]).toEqual(['steer', 'colluding-liars-1', 'set', { victims: 5 }]);
  await press('s');
  expect(run.asked[4]).toEqual(['steer', 'colluding-liars-1', 'stop', {}]);
  leave();
});

test.concurrent('a region is cut off from all others and healed; a refusal is shown with what to do', async ({
  expect,
}) => {
  const { press, screen, run, leave } = await sitDown();
  await press('6', ENTER, ENTER);
  expect(run.asked.map(([what]) => what)).toEqual(['fault', 'fault', 'fault', 'fault']);
  expect(run.asked[0]?.[1]).toMatchObject({ kind: 'partition', direction: 'both' });
  expect(screen()).toContain('4 active');
  await press('x');
  expect(run.asked.filter(([what]) => what === 'clearFault')).toHaveLength(4);
  expect(screen()).toContain('nothing is broken');
  run.refuse = 'the network is not there yet: wait';
  await press(ENTER, ENTER);
  expect(screen()).toContain('✗ the network is not there yet: wait');
  leave();
});

test.concurrent('a fault on members takes groups and completes names, and refuses who is not there', async ({
  expect,
}) => {
  const { press, screen, run, leave } = await sitDown();
  await press('6', DOWN, DOWN, DOWN, ENTER);
  expect(screen()).toContain('Fault: kill');
  await press('\u0015', 'liars-9', ENTER);
  expect(screen()).toContain('there is no liars-9');
  await press('\u0015', 'lia', RIGHT, DOWN, '9000', ENTER);
  const members = ['liars-01', 'liars-02', 'liars-03', 'liars-04'];
  expect(run.asked).toEqual([['fault', { kind: 'kill', members }, 9000]]);
  leave();
});

test.concurrent('the feed is filtered by kind and text, stands still while one looks, and opens what it tells of', async ({
  expect,
}) => {
  const { press, screen, run, leave } = await sitDown();
  await press('3', RIGHT);
  expect(screen()).toContain('[notable]');
  expect(screen()).not.toMatch(/ commit {5}/);
  await press('/', 'evidence', ENTER);
  expect(screen()).not.toMatch(/ ban {5}/);
  await press(UP);
  expect(screen()).toContain('standing still');
  const before = screen();
  run.tick();
  await delay(SETTLE_MS);
  expect(screen().split('\n').slice(5, 20)).toEqual(before.split('\n').slice(5, 20));
  await press(ENTER);
  const opened = run.asked.find(([what]) => what === 'evidence');
  expect(opened).toBeDefined();
  expect(screen()).toContain('accuses');
  // From the package to whom it accuses.
  await press(DOWN, ENTER);
  expect(run.asked).toContainEqual(['peer', 'liars-01']);
  await press(ESCAPE, ESCAPE, ESCAPE);
  expect(screen()).toContain('[3 events]');
  leave();
});

test.concurrent('a ban in the feed opens the peer that its address belongs to', async ({
  expect,
}) => {
  const { press, run, leave } = await sitDown();
  expect(run.model.ring.map(({ address }) => address)).toContain(hashOf('liars-01'));
  await press('3', '/', 'ban', ENTER, ENTER);
  expect(run.asked).toContainEqual(['peer', 'liars-01']);
  leave();
});

test.concurrent('quitting asks: leave the network running, remove it, or stay', async ({
  expect,
}) => {
  const staying = await sitDown();
  await staying.press('q', ESCAPE);
  expect(staying.screen()).toContain('[1 overview]');
  await staying.press('q', 'l');
  expect((await staying.session.ended).lines.join(' ')).toContain('npx lab tui demo-3f9a2c');
  expect(staying.run.asked).toEqual([]);
  expect(staying.run.isClosed).toBe(true);

  const removing = await sitDown();
  await removing.press('q', 'r');
  expect((await removing.session.ended).lines.join(' ')).toContain('was removed unscored');
  expect(removing.run.asked).toEqual([['down']]);

  const scoring = await sitDown();
  await scoring.press('q', ENTER);
  expect((await scoring.session.ended).lines.join(' ')).toContain('npx lab report demo-3f9a2c');
  expect(scoring.run.asked).toEqual([['score'], ['down']]);

  const failing = await sitDown();
  failing.run.refuse = 'a container does not stop';
  await failing.press('q', 'r');
  expect(failing.screen()).toContain('✗ a container does not stop');
  failing.leave();
});

test.concurrent('before its load began a run is not offered to be scored', async ({ expect }) => {
  const { press, run, screen, session } = await sitDown();
  run.show({ ...run.model, status: { ...run.model.status, phase: 'meshing', elapsedMs: null } });
  await press();
  await press('q');
  expect(screen()).toContain('remove it unscored');
  expect(screen()).not.toContain('end it');
  await press(ENTER);
  expect((await session.ended).lines.join(' ')).toContain('demo-3f9a2c goes on');
  expect(run.asked).toEqual([]);
});

test.concurrent('keys pressed while attaching are kept for the run; quitting is heard at once', async ({
  expect,
}) => {
  const answer = Promise.withResolvers<StageRun>();
  const { press, run, screen, leave } = await sitDown({
    attached: false,
    backend: { open: () => answer.promise },
  });
  await press(ENTER, '2', 'o');
  expect(screen()).toContain('… attaching to demo-3f9a2c');
  answer.resolve(run);
  await press();
  expect(screen()).toContain('[2 peers]');
  expect(screen()).toContain('by name');
  leave();

  const never = await sitDown({
    attached: false,
    backend: { open: () => new Promise(() => undefined) },
  });
  await never.press(ENTER, '2', 'q');
  expect((await never.session.ended).lines).toEqual([]);
});

test.concurrent('a launch is left at once, with what becomes of it', async ({ expect }) => {
  const launch = async (begins: boolean) => {
    const signals: AbortSignal[] = [];
    const sitting = await sitDown({
      attached: false,
      backend: {
        launch: (_choice, { begun, signal }) => {
          signals.push(signal);
          if (begins) begun('demo-77aa01');
          return new Promise(() => undefined);
        },
      },
    });
    await sitting.press(DOWN, ENTER, ENTER, '\u0003');
    const { lines } = await sitting.session.ended;
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    return lines.join(' ');
  };
  expect(await launch(true)).toContain('demo-77aa01 goes on being launched');
  expect(await launch(false)).toBe('nothing was launched');
});

test.concurrent('keys work while an action takes its time, and its state is shown until it ends', async ({
  expect,
}) => {
  const { press, screen, run, leave } = await sitDown();
  const slow = Promise.withResolvers<string>();
  Object.defineProperty(run, 'attack', { value: () => slow.promise });
  await press('5', ENTER, ENTER);
  expect(screen()).toContain('… starting colluding-liars');
  await press('2');
  expect(screen()).toContain('[2 peers]');
  slow.resolve('colluding-liars-1');
  await press();
  expect(screen()).toContain('✓ colluding-liars-1 started');
  leave();
});
