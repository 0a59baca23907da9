import { renderToString } from 'ink';
import { createElement as h } from 'react';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { attackDeclaration } from '../../lab/manifest/attacks.ts';
import type { LiveModel } from '../../lab/live/model.ts';
import { Screen } from '../../lab/tui/app.ts';
import { faultForm } from '../../lab/tui/fault-form.ts';
import { launchAttackForm } from '../../lab/tui/knob-form.ts';
import { launchForm } from '../../lab/tui/launch-form.ts';
import type { Size } from '../../lab/tui/layout.ts';
import { lookOf } from '../../lab/tui/look.ts';
import { peerDocument } from '../../lab/tui/peer-document.ts';
import { initialState, TABS, type Overlay, type UiState } from '../../lab/tui/state.ts';
import { fixtureModel } from './fixture.ts';

const PLAIN = lookOf(false, false);
const SIZES: readonly Size[] = [
  { columns: 60, rows: 16 },
  { columns: 80, rows: 24 },
  { columns: 101, rows: 31 },
  { columns: 132, rows: 32 },
  { columns: 200, rows: 50 },
  { columns: 250, rows: 70 },
];

function onRun(change: Partial<UiState> = {}): UiState {
  return {
    ...initialState({ driver: 'auto', seed: null, cryptography: 'real' }),
    screen: 'run',
    peer: 'honest-03',
    ...change,
  };
}

function frame(state: UiState, model: LiveModel | null, size: Size, look = PLAIN): string[] {
  const screen = h(Screen, { snapshot: { state, model }, look, size });
  return stripVTControlCharacters(renderToString(screen, { columns: size.columns })).split('\n');
}

function attackForm() {
  const declaration = attackDeclaration('colluding-liars');
  if (declaration === undefined) throw new Error('colluding-liars is not declared');
  return launchAttackForm(declaration);
}

/** Every kind of screen there is. */
function screens(
  model: LiveModel,
): (readonly [name: string, state: UiState, model: LiveModel | null])[] {
  const page: Overlay = {
    type: 'page',
    subject: { kind: 'peer', id: 'liars-01' },
    selected: 0,
    page: { state: 'loaded', content: () => peerDocument('liars-01', model, null) },
  };
  const overlays: readonly (readonly [string, Overlay])[] = [
    ['help', { type: 'help', selected: 3 }],
    [
      'quit',
      {
        type: 'quit',
        selected: 0,
        choices: [{ key: 'l', text: 'leave it running', effect: { type: 'leave' } }],
      },
    ],
    ['page', page],
    ['knobs', { type: 'form', form: attackForm() }],
    ['fault', { type: 'form', form: faultForm('link', model, 'honest-03') }],
  ];
  const launch: Overlay = {
    type: 'form',
    form: launchForm('testnets/demo.yaml', { driver: 'auto', seed: 7, cryptography: 'real' }),
  };
  return [
    ...TABS.map((tab) => [tab, onRun({ tab }), model] as const),
    ...overlays.map(([name, overlay]) => [name, onRun({ overlays: [overlay] }), model] as const),
    ['list of links', onRun({ tab: 'links', links: { view: 'list', offset: 2 } }), model],
    ['no answer yet', onRun(), null],
    ['start', onRun({ screen: 'start' }), null],
    ['launch form', onRun({ screen: 'start', overlays: [launch] }), null],
  ];
}

test.each(SIZES)(
  'at $columns x $rows every screen fills the terminal and nothing is wider',
  (size) => {
    const long = fixtureModel({ peers: 30 });
    const foreign = 'evil \u001b[2J\r\n\u0007 日本語 e\u0301 '.repeat(20);
    const hostile: LiveModel = {
      ...long,
      notice: foreign,
      feed: long.feed.map((entry) => ({ ...entry, text: foreign, peer: foreign })),
      status: { ...long.status, testnet: 'a-name-as-long-as-a-name-can-be' },
    };
    const wrong: string[] = [];
    for (const model of [long, hostile, fixtureModel({ phase: 'launching', elapsedMs: null })]) {
      for (const [name, state, shown] of screens(model)) {
        const lines = frame(state, shown, size);
        if (lines.length !== size.rows) wrong.push(`${name} has ${lines.length} rows`);
        for (const line of lines) {
          if (line.length > size.columns) wrong.push(`${name}: ${line}`);
          // oxlint-disable-next-line no-control-regex -- none may be left
          if (/[\u0000-\u001f\u007f-\u009f]|日/.test(line))
            wrong.push(`${name} lets through: ${line}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  },
);

test('without colour, marks tell peers, sleepers, adversaries, banned and absent ones apart', () => {
  const model = fixtureModel();
  const first = model.ring.find(({ name }) => name === 'honest-05');
  const ring = model.ring.map((peer) => {
    if (peer.name === 'liars-02') return { ...peer, active: true };
    return peer === first ? { ...peer, state: 'absent' as const } : peer;
  });
  const text = frame(onRun(), { ...model, ring }, { columns: 80, rows: 24 }).join('\n');
  for (const words of [
    '●  15 peer',
    '◇   2 adversary',
    '◆   1 adversary',
    '×   1 banned',
    '○   1 not there',
  ]) {
    expect(text).toContain(words);
  }
  const ascii = frame(onRun(), { ...model, ring }, { columns: 80, rows: 24 }, lookOf(false, true));
  expect(ascii.join('\n')).toMatch(/^[\n\u0020-\u007e]*$/);
  expect(ascii.join('\n')).toContain('x   1 banned');
});

test('every peer is on the map: each has a mark, or shares one that says several', () => {
  const model = fixtureModel({ peers: 40, liars: 0 });
  const size = { columns: 200, rows: 50 };
  const text = frame(onRun({ peer: null }), model, size)
    .slice(4, 28)
    .join('\n');
  const marks = [...text.matchAll(/[●◉×]/g)].length - 1;
  expect(marks).toBeGreaterThan(30);
  expect(text).toContain('40 peer');
});

test('a warning, a fault and an attack that goes on are said at the top', () => {
  const model = fixtureModel();
  const links = model.links.map((link, at) => ({ ...link, ok: at > 1 }));
  const status = {
    ...model.status,
    attacks: [{ id: 'eclipse-1', name: 'eclipse', state: 'running', members: [], knobs: {} }],
    faults: [{ id: 'partition-2', kind: 'partition', state: 'active' }],
  };
  const [, health = ''] = frame(onRun(), { ...model, links, status }, { columns: 132, rows: 32 });
  expect(health).toContain('2 of 10 links not as asked');
  expect(health).toContain('eclipse-1');
  expect(health).toContain('partition-2');
  const lost = { ...model, notice: 'the supervisor does not answer: npx lab logs demo-3f9a2c' };
  expect(frame(onRun(), lost, { columns: 80, rows: 24 })[1]).toContain('npx lab logs demo-3f9a2c');
});

test('the work for a frame follows the size of the screen, not of the network', () => {
  const size = { columns: 80, rows: 24 };
  let read = 0;
  const counting = <T extends object>(peers: readonly T[]): readonly T[] =>
    peers.map((peer) => new Proxy(peer, { get: (of, key) => (read++, Reflect.get(of, key)) }));
  const readFor = (peers: number, tab: UiState['tab']) => {
    const model = fixtureModel({ peers });
    const ring = counting(model.ring);
    read = 0;
    frame(onRun({ tab }), { ...model, ring }, size);
    return read / peers;
  };
  for (const tab of TABS) {
    // A few looks at each peer, however many there are; only the map shows them all.
    expect(readFor(800, tab)).toBeLessThan(tab === 'overview' ? 20 : 9);
  }
});

test('a launch shows how far it is', () => {
  const model = fixtureModel({ phase: 'launching', elapsedMs: null });
  const members = model.status.members.map((member, at) =>
    at < 10 ? member : { ...member, state: 'absent' as const, address: null, health: null },
  );
  const text = frame(
    onRun(),
    { ...model, status: { ...model.status, members } },
    { columns: 80, rows: 24 },
  ).join('\n');
  expect(text).toMatch(/✓ preparing/);
  expect(text).toMatch(/› launching peers/);
  expect(text).toMatch(/started .* 10 of 25/);
});

test('too small a terminal says what it takes', () => {
  const lines = frame(onRun(), fixtureModel(), { columns: 50, rows: 10 });
  expect(lines).toHaveLength(10);
  expect(lines.join(' ')).toContain('60 by 16');
});
