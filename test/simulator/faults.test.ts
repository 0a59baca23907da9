/** Each fault of a manifest does in virtual time what it does to living members. */
import { expect, test } from 'vitest';
import { RECORD_BYTES, readRecord, type TraceEvent } from '../../lab/simulator/trace.ts';
import type { World } from '../../lab/simulator/world.ts';
import { type PlayedTest, played, SMALL } from './playing.ts';

const withFaults = (...faults: string[]): string =>
  `${SMALL}faults:\n${faults.map((fault) => `  - {${fault}}\n`).join('')}`;

const lives = (run: PlayedTest, name: string): unknown[] =>
  run.rows('peers').flatMap(({ peer, event }) => (peer === name ? [event] : []));

/** What `of` said of the world at each look while the load was on. */
function watch<T>(of: (world: World) => T): { seen: Set<T>; look: (world: World) => void } {
  const seen = new Set<T>();
  return { seen, look: (world) => seen.add(of(world)) };
}

const stateOf =
  (name: string) =>
  (world: World): string =>
    world.members.get(name)?.state ?? 'absent';

test('a killed member is down for its time and comes back on its disk', async () => {
  const run = await played(withFaults('kind: kill, atMs: 500, forMs: 800, members: [honest-01]'));
  expect(run.announced).toContain('kill-1 active');
  expect(run.announced).toContain('kill-1 cleared');
  const started = run.rows('peers').filter((row) => {
    return row['peer'] === 'honest-01' && row['event'] === 'started';
  });
  expect(started).toHaveLength(2);
  // The same identity: its disk was there.
  expect(new Set(started.map(({ address }) => address)).size).toBe(1);
  expect(lives(run, 'honest-01')).not.toContain('stopping');
  expect(run.world.members.get('honest-01')?.founded).toBe(true);
});

test('a restarted member leaves in order; a paused one answers nothing and loses nothing', async () => {
  const pausing = watch(stateOf('honest-03'));
  const run = await played(
    withFaults(
      'kind: restart, atMs: 400, members: [honest-02]',
      'kind: pause, atMs: 600, forMs: 900, members: [honest-03]',
    ),
    pausing,
  );
  expect(lives(run, 'honest-02')).toEqual(
    expect.arrayContaining(['started', 'stopping', 'started']),
  );
  expect(lives(run, 'honest-03').filter((event) => event === 'started')).toHaveLength(1);
  const pausedFrom = run.loadStartedAtMs + 600;
  const reported = run.rows('transactions').flatMap(({ peer, ts }) => {
    return peer === 'honest-03' ? [Date.parse(`${String(ts)}Z`)] : [];
  });
  expect(reported.some((at) => at > pausedFrom + 1 && at < pausedFrom + 899)).toBe(false);
  expect(reported.some((at) => at > pausedFrom + 900)).toBe(true);
});

test('a member put back to an old disk is who it was, holds less than one killed then, and convicts nobody', async () => {
  const returning = async (fault: string) => {
    const run = await played(withFaults(`${fault}, members: [honest-04]`));
    const started = run.rows('peers').filter((row) => {
      return row['peer'] === 'honest-04' && row['event'] === 'started';
    });
    expect(new Set(started.map(({ address }) => address)).size).toBe(1);
    expect(started).toHaveLength(2);
    expect(run.rows('slashing')).toEqual([]);
    return Number(started[1]?.['height']);
  };
  const restored = await returning('kind: restore, atMs: 100, forMs: 2400');
  const killed = await returning('kind: kill, atMs: 2500, forMs: 1');
  expect(restored).toBeLessThan(killed);
});

test('a partition cuts its direction for its time', async () => {
  const run = await played(
    withFaults(
      'kind: partition, atMs: 500, forMs: 1000, between: [east, west], direction: forward',
    ),
  );
  const cut = new Map(run.world.network.pairs.map((pair) => [`${pair.from} ${pair.to}`, pair.cut]));
  expect(cut.get('east west')).toBeGreaterThan(0);
  expect(cut.get('west east')).toBe(0);
  // The last transactions come through again.
  expect(run.world.underWay()).toBe(0);
});

test('a link change slows its direction both ways and is undone', async () => {
  const text = withFaults(
    'kind: link, atMs: 0, forMs: 3000, between: [east, west], change: {delayMs: 200}',
  );
  const [slow, fast] = [await played(text), await played(SMALL)];
  const typical = (run: PlayedTest): number =>
    run.world.network.pairs.find(({ from, to }) => from === 'west' && to === 'east')?.delays
      .sumMs ?? 0;
  expect(typical(slow)).toBeGreaterThan(3 * typical(fast));
});

test('a shifted clock shows in what a peer signs, not in the rows of the lab', async () => {
  const run = await played(withFaults('kind: clock, atMs: 0, members: [honest-05], skewMs: 60000'));
  const speaker = run.world.members.get('honest-05')?.address;
  const shifts = run.rows('statements').flatMap((row) => {
    if (row['speaker'] !== speaker) return [];
    return [Date.parse(`${String(row['stated_at'])}Z`) - Date.parse(`${String(row['ts'])}Z`)];
  });
  expect(shifts.length).toBeGreaterThan(0);
  expect(Math.min(...shifts)).toBeGreaterThan(55_000);
  for (const { peer, ts } of run.rows('transactions')) {
    if (peer === 'honest-05') expect(Date.parse(`${String(ts)}Z`)).toBeLessThan(run.world.now);
  }
});

test('a drifting clock gains what its pace says, and is set right at the end', async () => {
  const run = await played(
    withFaults('kind: drift, atMs: 0, forMs: 2000, members: [honest-05], ppm: 100000'),
  );
  const speaker = run.world.members.get('honest-05')?.address;
  const gains = run.rows('statements').flatMap((row) => {
    if (row['speaker'] !== speaker) return [];
    const at = Date.parse(`${String(row['ts'])}Z`) - run.loadStartedAtMs;
    return [[at, Date.parse(`${String(row['stated_at'])}Z`) - run.loadStartedAtMs - at] as const];
  });
  // Whoever hears a statement reports it, mostly at once: the largest gain is the clock's.
  const late = gains.flatMap(([at, gainMs]) => (at > 1000 && at < 2000 ? [gainMs - at / 10] : []));
  expect(Math.abs(Math.max(...late))).toBeLessThan(40);
  const after = gains.flatMap(([at, gainMs]) => (at > 2100 ? [gainMs] : []));
  expect(Math.abs(Math.max(...after))).toBeLessThan(40);
});

test('a clogged path loses nothing: all of it arrives when the clog is over', async () => {
  const events: TraceEvent[] = [];
  const record = (some: Uint8Array): void => {
    for (let at = 0; at < some.length; at += RECORD_BYTES) {
      events.push(readRecord(some.subarray(at, at + RECORD_BYTES)));
    }
  };
  const run = await played(
    withFaults('kind: clog, atMs: 500, forMs: 1000, between: [east, west], direction: forward'),
    { trace: { record } },
  );
  const { endpoints, members, network } = run.world;
  const regions = new Map(
    [...endpoints].map(([name, { ip }]) => [ip, members.get(name)?.member.region]),
  );
  /** Datagrams that arrived between these ms of the load, from that region in the other one. */
  const arrived = (region: string, fromMs: number, untilMs: number): number =>
    events.filter(({ from, member, timeMs }) => {
      const atMs = timeMs - run.loadStartedAtMs;
      if (from === null || atMs < fromMs || atMs >= untilMs) return false;
      return regions.get(from.ip) === region && regions.get(member.ip) !== region;
    }).length;
  // What left before has arrived within 20 ms.
  expect(arrived('east', 520, 1500)).toBe(0);
  expect(arrived('west', 520, 1500)).toBeGreaterThan(0);
  expect(arrived('east', 1500, 1520)).toBeGreaterThan(0);
  const way = network.pairs.find(({ from, to }) => from === 'east' && to === 'west');
  expect(way?.cut).toBe(0);
  // The first that was held waited longest.
  expect(way?.delays.quantile(1)).toBeGreaterThan(700);
  expect(run.world.underWay()).toBe(0);
});

test('a member that dies as it writes is back on the disk before that turn, who it was', async () => {
  const dying = watch(stateOf('honest-06'));
  const run = await played(
    withFaults('kind: torn, atMs: 500, forMs: 1000, members: [honest-06]'),
    dying,
  );
  const started = run.rows('peers').filter((row) => {
    return row['peer'] === 'honest-06' && row['event'] === 'started';
  });
  expect(started).toHaveLength(2);
  expect(new Set(started.map(({ address }) => address)).size).toBe(1);
  expect(lives(run, 'honest-06')).not.toContain('stopping');
  expect(dying.seen).toEqual(new Set(['running', 'exited']));
  expect(run.rows('slashing')).toEqual([]);
});

test('who writes nothing while it would die is spared', async () => {
  const run = await played(
    withFaults(
      'kind: pause, atMs: 400, forMs: 1500, members: [honest-06]',
      'kind: torn, atMs: 500, forMs: 1000, members: [honest-06]',
    ),
  );
  expect(lives(run, 'honest-06').filter((event) => event === 'started')).toHaveLength(1);
});

test('a newcomer is told of the network at its time, and not before', async () => {
  const text = SMALL.replace(
    'clients:',
    '  - {group: late, count: 1, regions: [west], joinAtMs: 1000}\nclients:',
  );
  const known = watch((world) => {
    const late = world.members.get('late-01');
    return `${world.now > 0 ? (late?.founded ?? false) : false}`;
  });
  const run = await played(text, known);
  expect(run.announced).toContain('newcomers join: late-01');
  expect(run.world.members.get('late-01')?.founded).toBe(true);
  expect(known.seen).toContain('false');
  const heard = run.rows('peers').filter(({ peer }) => peer === 'late-01');
  expect(heard[0]?.['event']).toBe('started');
  const later = heard.filter(({ event }) => event !== 'started');
  for (const { ts } of later) {
    expect(Date.parse(`${String(ts)}Z`)).toBeGreaterThanOrEqual(run.loadStartedAtMs + 1000);
  }
});
