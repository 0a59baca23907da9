import { expect, test } from 'vitest';
import { VirtualNetwork, virtualEndpoint } from '../../test/support/network.ts';
import { type Incoming, Intake } from './intake.ts';
import {
  INTAKE_SLICE_MS,
  MAX_INBOX_MESSAGES,
  MAX_INBOX_PER_REMOTE,
  MAX_INTAKE,
  MIN_INTAKE,
} from './limits.ts';
import { Link } from './link.ts';
import type { MessageValue } from './shedding.ts';
import { BoxKey } from '../crypto/box.ts';

const KEY = new BoxKey(new Uint8Array(32));

function link(name: number): Link {
  const id = name.toString(16).padStart(64, '0');
  return new Link(
    { id, transportKey: new Uint8Array(32), record: null },
    {
      keys: { seal: KEY, open: KEY },
      nonceRandom: new Uint8Array(8),
      endpoint: virtualEndpoint(name),
      isMember: true,
    },
  );
}

interface Bench {
  readonly network: VirtualNetwork;
  readonly intake: Intake;
  readonly handled: Incoming[];
  readonly shed: Incoming[];
  /** Every timer comes this much too late from now on. */
  readonly late: (ms: number) => void;
}

function bench(): Bench {
  const network = new VirtualNetwork();
  const host = network.host(virtualEndpoint(0));
  const handled: Incoming[] = [];
  const shed: Incoming[] = [];
  let lateMs = 0;
  const busy = { ...host, after: (ms: number, run: () => void) => host.after(ms + lateMs, run) };
  const intake = new Intake(busy, {
    handle: (incoming) => handled.push(incoming),
    shed: (incoming) => shed.push(incoming),
  });
  const late = (ms: number): void => {
    lateMs = ms;
  };
  return { network, intake, handled, shed, late };
}

const offer = (intake: Intake, from: Link, value: MessageValue, count: number): void => {
  for (let i = 0; i < count; i += 1) {
    intake.offer({ link: from, type: `of value ${value}`, value, bytes: new Uint8Array(100) });
  }
};

/** As many remotes as one share each would need, so that shares don't matter. */
const CROWD = Array.from({ length: 16 }, (_, at) => link(at + 1));

test('whoever keeps up handles all at once', () => {
  const { intake, handled } = bench();
  for (const from of CROWD) offer(intake, from, 0, MAX_INTAKE / 2 / CROWD.length);
  expect(handled).toHaveLength(MAX_INTAKE / 2);
});

test('beyond the budget the most valuable pass at once, then wait first, and the least are shed', () => {
  const { network, intake, handled, shed } = bench();
  for (const from of CROWD) offer(intake, from, 0, 150);
  const low = handled.length;
  expect(low).toBe(MAX_INTAKE / 2);
  for (const from of CROWD) offer(intake, from, 4, 60);
  // Floods of questions held up no vote.
  expect(handled.length - low).toBe(16 * 60);
  for (const from of CROWD) offer(intake, from, 4, 60);
  expect(shed.length).toBeGreaterThan(0);
  expect(new Set(shed.map(({ value }) => value))).toEqual(new Set([0]));
  expect(handled.length + shed.length + MAX_INBOX_MESSAGES).toBe(16 * (150 + 60 + 60));
  const before = handled.length;
  network.run(INTAKE_SLICE_MS);
  const values = handled.slice(before).map(({ value }) => value);
  expect(values.length).toBeGreaterThan(0);
  expect(values).toEqual([...values].sort((a, b) => b - a));
});

test('one remote gets neither all of the budget nor all of the inbox', () => {
  const { intake, handled, shed } = bench();
  const [flooder = link(1), other = link(2)] = CROWD;
  offer(intake, flooder, 4, 10_000);
  expect(handled).toHaveLength(MAX_INTAKE / 4);
  expect(shed).toHaveLength(10_000 - MAX_INTAKE / 4 - MAX_INBOX_PER_REMOTE);
  offer(intake, other, 1, 10);
  expect(handled).toHaveLength(MAX_INTAKE / 4 + 10);
});

test('a process that runs late takes less in, down to a floor, and more again when it keeps up', () => {
  const { network, intake, handled, late } = bench();
  const inOneSlice = (): number => {
    const before = handled.length;
    for (const from of CROWD) offer(intake, from, 4, 150);
    const taken = handled.length - before;
    network.run(100 * INTAKE_SLICE_MS);
    return taken;
  };
  const slices = (count: number): void => {
    for (let i = 0; i < count; i += 1) {
      offer(intake, link(99), 4, 1);
      network.run(400);
    }
  };
  expect(inOneSlice()).toBe(MAX_INTAKE);
  late(200);
  slices(10);
  expect(inOneSlice()).toBe(MIN_INTAKE);
  late(0);
  slices(40);
  expect(inOneSlice()).toBe(MAX_INTAKE);
});
