import { expect, test } from 'vitest';
import { nextState } from '../../lab/supervisor/attacks.ts';
import { readFault } from '../../lab/supervisor/faults.ts';
import { busyShare, fidelityReasons, parseCpuTimes } from '../../lab/supervisor/fidelity.ts';
import { cutsOf, profilesWith } from '../../lab/supervisor/link-control.ts';
import { parsePeerMessage } from '../../lab/supervisor/peer-message.ts';
import { dueSteps, elapsedMs, timelineOf } from '../../lab/supervisor/timeline.ts';
import { link, testnet } from './fake-network.ts';

test('steps come in the order of their times, and none that was begun comes again', () => {
  const steps = timelineOf(
    testnet({
      attacks: [{ name: 'liars', atMs: 200, knobs: {} }],
      faults: [
        { kind: 'pause', members: ['honest-1'], atMs: 300 },
        { kind: 'kill', members: ['honest-2'], atMs: 100 },
      ],
    }),
  );
  expect(steps.map((step) => step.key)).toEqual(['fault 1', 'attack 0', 'fault 0']);
  expect(dueSteps(steps, new Set(['fault 1']), 250).map((step) => step.key)).toEqual(['attack 0']);
});

test('an adversary that is active from the start is ordered at 0, planned or not', () => {
  const members = testnet().members.map((m) => ({ ...m, active: m.adversary !== undefined }));
  const unplanned = timelineOf(testnet({ members }));
  expect(unplanned).toMatchObject([{ atMs: 0, attack: { name: 'liars' } }]);
  const attacks = [{ name: 'liars', atMs: 500, knobs: { victims: 2 } }];
  const planned = timelineOf(testnet({ members, attacks }));
  expect(planned).toMatchObject([{ atMs: 0, attack: { knobs: { victims: 2 } } }]);
  const sleepers = testnet().members.flatMap((m) =>
    m.adversary === undefined ? [] : [{ ...m, name: 'liars-2' }],
  );
  const mixed = testnet({ members: [...members, ...sleepers], attacks });
  expect(timelineOf(mixed)).toMatchObject([
    { atMs: 0, members: ['liars-1'] },
    { atMs: 500, members: ['liars-2'] },
  ]);
});

test('network time stands still while the network is halted', () => {
  expect(elapsedMs({ loadStartedAtMs: 100, haltedMs: 50, haltedAtMs: null }, 400)).toBe(250);
  expect(elapsedMs({ loadStartedAtMs: 100, haltedMs: 0, haltedAtMs: 300 }, 900)).toBe(200);
  expect(elapsedMs({ loadStartedAtMs: null, haltedMs: 0, haltedAtMs: null }, 900)).toBeNull();
});

test('a link change holds for both directions of its pair and leaves other pairs', () => {
  const profiles = [link('a', 'b', 1), link('b', 'a', 1), link('a', 'a', 1)];
  const changed = profilesWith(profiles, [
    { kind: 'link', between: ['b', 'a'], change: { delayMs: 9 } },
  ]);
  expect(changed.map((profile) => profile.delayMs)).toEqual([9, 9, 1]);
  const forward = { kind: 'partition', between: ['a', 'b'], direction: 'forward' } as const;
  expect(cutsOf([forward])).toEqual([{ from: 'a', to: 'b' }]);
  expect(cutsOf([forward, { ...forward, direction: 'both' }])).toHaveLength(2);
});

test('a fault with a region, member or field that is not there is refused in words', () => {
  const read = (value: unknown) => readFault(value, testnet());
  expect(() => read({ kind: 'partition', between: ['a', 'mars'] })).toThrow('no region mars');
  expect(() => read({ kind: 'kill', members: ['nobody'] })).toThrow('no member nobody');
  expect(() => read({ kind: 'flood' })).toThrow(/not a fault/);
  expect(() => read({ kind: 'link', between: ['a', 'b'], change: { dalay: 1 } })).toThrow(/dalay/);
  expect(read({ kind: 'partition', between: ['a', 'b'], forMs: 1 })).toMatchObject({
    direction: 'both',
  });
});

test('an attack that was stopped takes no further orders', () => {
  expect(nextState('running', 'pause')).toBe('paused');
  expect(nextState('running', 'resume')).toBeNull();
  expect(nextState('paused', 'set')).toBe('paused');
  expect(nextState('stopped', 'resume')).toBeNull();
});

test('what a member sends that is no message is null, never a throw', () => {
  expect(parsePeerMessage('{')).toBeNull();
  expect(parsePeerMessage('null')).toBeNull();
  expect(parsePeerMessage('{"type":"health","health":{"meshed":1}}')).toBeNull();
  expect(parsePeerMessage('{"type":"reply","id":"1"}')).toBeNull();
  expect(parsePeerMessage('{"type":"reply","id":1,"result":2}')).toMatchObject({ result: 2 });
});

test('a quiet host gives no reason for doubt, each kind of trouble gives one', () => {
  const quiet = {
    cpuSamples: 60,
    saturatedSamples: 12,
    memberSeconds: 600,
    slowMemberSeconds: 30,
    socketDrops: 0,
    telemetryDropped: 0,
    supervisorLoopDelayP99Ms: 10,
  };
  expect(fidelityReasons(quiet)).toEqual([]);
  expect(fidelityReasons({ ...quiet, saturatedSamples: 13 })).toHaveLength(1);
  expect(fidelityReasons({ ...quiet, slowMemberSeconds: 31 })).toHaveLength(1);
  expect(fidelityReasons({ ...quiet, socketDrops: 1, telemetryDropped: 1 })).toHaveLength(2);
  expect(fidelityReasons({ ...quiet, supervisorLoopDelayP99Ms: 300 })).toHaveLength(1);
});

test('waiting for a disk is not being busy', () => {
  const before = parseCpuTimes('cpu  10 0 10 100 50 0 0 0 0 0\ncpu0 1');
  const after = parseCpuTimes('cpu  20 0 20 150 80 0 0 0 0 0\n');
  expect(before && after && busyShare(before, after)).toBeCloseTo(0.2);
  expect(parseCpuTimes('nothing')).toBeNull();
});
