import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { OperatorOrder } from '../manifest/testnet.ts';
import type { Pace } from '../supervisor/api.ts';
import { Pacer, type PacerOptions } from './paced.ts';
import { START_MS, Scheduler } from './scheduler.ts';

/** A world in which every event is told, with its time after the start. */
function worldOf(): {
  scheduler: Scheduler;
  told: string[];
  tell: (atMs: number, what: string) => void;
  order: (order: OperatorOrder) => string;
} {
  const scheduler = new Scheduler();
  const told: string[] = [];
  const since = (): number => scheduler.now - START_MS;
  return {
    scheduler,
    told,
    tell: (atMs, what) => scheduler.at(START_MS + atMs, () => told.push(`${what} ${since()}`)),
    order: ({ order }) => {
      told.push(`${order} ${since()}`);
      return `${order}-1`;
    },
  };
}

function pacerOf(options: Partial<PacerOptions>): {
  pacer: Pacer;
  recorded: number[];
  lags: Pace[];
} {
  const recorded: number[] = [];
  const lags: Pace[] = [];
  const pacer = new Pacer({
    times: 1000,
    staysUp: false,
    replayMs: 0,
    signal: new AbortController().signal,
    recorded: (orders) => recorded.push(orders.at(-1)?.atMs ?? 0),
    began: () => undefined,
    lags: (pace) => lags.push(pace),
    ...options,
  });
  return { pacer, recorded, lags };
}

function load(durationMs: number) {
  const look = (): Promise<void> => Promise.resolve();
  return { startMs: START_MS, endMs: START_MS + durationMs, links: [], look };
}

test('virtual time does not run ahead of wall time, and ends where the load does', async () => {
  const world = worldOf();
  const beganMs = performance.now();
  await pacerOf({ times: 10 }).pacer.conduct(world, load(900));
  // Timers may be a little early.
  expect(performance.now() - beganMs).toBeGreaterThan(85);
  expect(world.scheduler.now).toBe(START_MS + 900);
});

test('an order falls between what is due before its time and what is due then', async () => {
  const world = worldOf();
  const { pacer, recorded } = pacerOf({});
  const played = pacer.conduct(world, load(40));
  const id = pacer.order({ order: 'clear', id: 'kill-1' });
  const later = pacer.order({ order: 'clear', id: 'kill-2' });
  world.tell(1.25, 'before');
  world.tell(1.40625, 'same time');
  world.tell(1.5, 'after');
  await played;
  expect([await id, await later]).toEqual(['clear-1', 'clear-1']);
  expect(world.told).toEqual([
    'before 1.25',
    'clear 1.40625',
    'same time 1.40625',
    'after 1.5',
    'clear 2.40625',
  ]);
  // Written down with the very time, before it is done.
  expect(recorded).toEqual([1.40625, 2.40625]);
});

test('an order that cannot be written down is refused and not carried out', async () => {
  const world = worldOf();
  const { pacer } = pacerOf({
    recorded: () => {
      throw new Error('full');
    },
  });
  const played = pacer.conduct(world, load(20));
  await expect(pacer.order({ order: 'clear', id: 'kill-1' })).rejects.toThrow('full');
  await played;
  expect([world.told, pacer.orders]).toEqual([[], []]);
});

test('while time stands still nothing happens but what is ordered', async () => {
  const world = worldOf();
  world.tell(500, 'far');
  const { pacer } = pacerOf({});
  pacer.halt();
  const played = pacer.conduct(world, load(1000));
  await delay(30);
  expect(world.scheduler.now).toBe(START_MS);
  await pacer.order({ order: 'clear', id: 'kill-1' });
  expect(world.told).toEqual(['clear 1.40625']);
  expect(world.scheduler.now).toBeLessThan(START_MS + 2);
  pacer.resume();
  await played;
  expect(world.told.at(-1)).toBe('far 500');
});

test('what an earlier process played is played at once, with nobody waiting', async () => {
  const world = worldOf();
  const { pacer } = pacerOf({ times: 1, replayMs: 3_600_000 });
  expect(pacer.isReplaying).toBe(true);
  const beganMs = performance.now();
  await pacer.conduct(world, load(3_600_001));
  expect(performance.now() - beganMs).toBeLessThan(60_000);
  expect(pacer.isReplaying).toBe(false);
  expect(world.scheduler.now).toBe(START_MS + 3_600_001);
});

test('a machine that cannot keep up says by how much', async () => {
  const world = worldOf();
  for (let atMs = 10; atMs < 400; atMs += 10) {
    world.scheduler.at(START_MS + atMs, () => {
      const untilMs = performance.now() + 1;
      while (performance.now() < untilMs);
    });
  }
  const { pacer, lags } = pacerOf({ times: 10_000 });
  await pacer.conduct(world, load(400));
  expect(lags.length).toBeGreaterThan(1);
  expect(lags[0]?.lagMs).toBeGreaterThanOrEqual(2000);
  for (const [index, { lagMs }] of lags.entries()) {
    expect(lagMs).toBeGreaterThanOrEqual(2 * (lags[index - 1]?.lagMs ?? 0));
  }
});

test('orders are refused before the load, after it, and when they are too many to be repeated', async () => {
  const { pacer } = pacerOf({});
  const clear = { order: 'clear', id: 'kill-1' } as const;
  expect(() => pacer.order(clear)).toThrow('no load runs');
  const played = pacer.conduct(worldOf(), load(3000));
  const orders = Array.from({ length: 2000 }, () => pacer.order(clear));
  expect(() => pacer.order(clear)).toThrow('2000 orders');
  await played;
  expect(await Promise.all(orders)).toHaveLength(2000);
  expect(() => pacer.order(clear)).toThrow('no load runs');

  const other = pacerOf({}).pacer;
  const short = other.conduct(worldOf(), load(1));
  const refused = other.order(clear);
  await expect(refused).rejects.toThrow('the load has ended');
  await short;
});
