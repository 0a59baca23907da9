import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Endpoint, Host, Store } from '../../node/host.ts';
import { ProcessHost } from '../../node/runtime/process-host.ts';
import type { Row } from '../../node/telemetry.ts';
import { type Network, type Receive, SimHost, type SimHostParts } from './host.ts';
import { Streams } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { MemoryStore } from './store.ts';
import { Trace } from './trace.ts';

const HERE: Endpoint = { ip: '10.0.0.1', port: 1 };
const THERE: Endpoint = { ip: '10.0.0.2', port: 2 };
const ROW: Row = { table: 'flags', accused: 'a', layer: 'l', reason: 'r', score: null };

/** One thing that a peer does in a turn. */
type Deed =
  | { readonly do: 'put' | 'delete'; readonly key: string }
  | { readonly do: 'send' | 'report' };
type Turn = readonly Deed[];

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    do: fc.constantFrom('put' as const, 'delete' as const),
    key: fc.constantFrom('a', 'b', 'c'),
  }),
  fc.record({ do: fc.constantFrom('send' as const, 'report' as const) }),
);
const turns = fc.array(fc.array(deed, { maxLength: 6 }), { minLength: 1, maxLength: 8 });

/** Does it; what is put and sent is the how-manieth deed it is, so that no two are alike. */
function act(host: Host, turn: Turn, first: number): void {
  for (const [index, one] of turn.entries()) {
    if (one.do === 'put') host.store.put(one.key, Uint8Array.of(first + index));
    else if (one.do === 'delete') host.store.delete(one.key);
    else if (one.do === 'send') host.send(THERE, Uint8Array.of(first + index));
    else host.report(ROW);
  }
}

function contentOf(store: Store): string {
  return JSON.stringify([...store.entries('')].map(([key, value]) => [key, value[0]]));
}

/** A disk that shows only what was committed. */
class Committed {
  readonly pending = new MemoryStore();
  durable = contentOf(this.pending);
  get = (key: string) => this.pending.get(key);
  put = (key: string, value: Uint8Array) => this.pending.put(key, value);
  delete = (key: string) => this.pending.delete(key);
  entries = (prefix: string) => this.pending.entries(prefix);
  commit = () => {
    this.durable = contentOf(this.pending);
  };
}

/** A host, and what left it with what was durable by then. */
function simulated(parts: Partial<SimHostParts> = {}) {
  const scheduler = parts.scheduler ?? new Scheduler(1000);
  const store = parts.store ?? new MemoryStore();
  const left: string[] = [];
  const times: number[] = [];
  let receive: Receive | null = null;
  const network: Network = {
    attach: (_endpoint, attached) => {
      receive = attached;
    },
    detach: () => {
      receive = null;
    },
    send: (_from, _to, datagram, leavesMs) => {
      left.push(`${datagram[0]} ${contentOf(store.copy())}`);
      times.push(leavesMs);
    },
  };
  let rows = 0;
  const host = new SimHost({
    scheduler,
    random: new Streams(1).stream('host'),
    endpoint: HERE,
    network,
    store,
    report: () => {
      rows += 1;
    },
    ...parts,
  });
  return {
    host,
    scheduler,
    store,
    left,
    times,
    rows: () => rows,
    arrive: (content: number) => receive?.(THERE, Uint8Array.of(content)),
  };
}

test('datagrams leave in the order, and with the state durable, as from a process', async () => {
  await fc.assert(
    fc.asyncProperty(turns, async (script) => {
      const disk = new Committed();
      const fromProcess: string[] = [];
      const real = new ProcessHost({
        store: disk,
        transmit: (_to, datagram) => void fromProcess.push(`${datagram[0]} ${disk.durable}`),
        report: () => {},
      });
      const { host, left, store, scheduler } = simulated();
      for (const [index, turn] of script.entries()) {
        act(real, turn, index * 10);
        await new Promise((resolve) => setImmediate(resolve));
        host.order('turn', () => act(host, turn, index * 10));
      }
      scheduler.runUntil(2000);
      expect(left).toEqual(fromProcess);
      expect(contentOf(store)).toBe(disk.durable);
    }),
    { numRuns: 60 },
  );
});

test('a torn turn leaves no trace on the disk, in the network or in telemetry', () => {
  fc.assert(
    fc.property(turns, fc.nat(), (script, which) => {
      const torn = which % script.length;
      const { host, left, store, rows } = simulated();
      let died = 0;
      let before = { left: 0, rows: 0, disk: '' };
      let isOver = false;
      for (const [index, turn] of script.entries()) {
        if (index === torn) host.dieNext('torn', () => (died += 1));
        if (!isOver) before = { left: left.length, rows: rows(), disk: contentOf(store) };
        host.order('turn', () => act(host, turn, index * 10));
        const writes = turn.some((one) => one.do === 'put' || one.do === 'delete');
        isOver ||= index >= torn && writes;
      }
      expect([host.alive, died]).toEqual([!isOver, isOver ? 1 : 0]);
      if (isOver) {
        expect({ left: left.length, rows: rows(), disk: contentOf(store) }).toEqual(before);
      }
    }),
  );
});

test('an unsent turn is on the disk and in telemetry, and none of its datagrams in the network', () => {
  fc.assert(
    fc.property(turns, fc.nat(), (script, which) => {
      const unsent = which % script.length;
      const [dying, living] = [simulated(), simulated()];
      let died = 0;
      let isOver = false;
      for (const [index, turn] of script.entries()) {
        if (index === unsent) dying.host.dieNext('unsent', () => (died += 1));
        const leftBefore = dying.left.length;
        dying.host.order('turn', () => act(dying.host, turn, index * 10));
        if (!isOver) living.host.order('turn', () => act(living.host, turn, index * 10));
        const isLast: boolean = !isOver && index >= unsent && turn.some((one) => one.do === 'send');
        if (isLast) expect(dying.left.length).toBe(leftBefore);
        isOver ||= isLast;
      }
      expect([dying.host.alive, died]).toEqual([!isOver, isOver ? 1 : 0]);
      expect(contentOf(dying.store)).toBe(contentOf(living.store));
      expect(dying.rows()).toBe(living.rows());
    }),
  );
});

test('a host that is spared does not die', () => {
  const { host, left } = simulated();
  host.dieNext('torn');
  host.spare();
  host.order('turn', () => act(host, [{ do: 'put', key: 'a' }, { do: 'send' }], 1));
  expect([host.alive, left.length]).toEqual([true, 1]);
});

test('what is written or sent outside of any turn is durable and away at once', () => {
  const { host, left, store } = simulated();
  host.store.put('k', Uint8Array.of(1));
  host.send(THERE, Uint8Array.of(2));
  expect(left).toEqual(['2 [["k",1]]']);
  host.order('dies', () => {
    host.store.put('k', Uint8Array.of(3));
    host.kill();
  });
  expect(contentOf(store)).toBe('[["k",1]]');
});

test('a killed host does nothing any more, and its disk serves the next one', () => {
  const first = simulated();
  let woke = 0;
  first.host.after(10, () => (woke += 1));
  first.host.listen(() => (woke += 1));
  first.host.store.put('k', Uint8Array.of(1));
  first.host.kill();
  first.arrive(1);
  first.host.send(THERE, Uint8Array.of(9));
  first.host.report(ROW);
  first.host.order('late', () => (woke += 1));
  first.scheduler.runUntil(2000);
  expect([woke, first.left, first.rows()]).toEqual([0, [], 0]);
  const second = simulated({ store: first.store });
  expect(second.host.store.get('k')).toEqual(Uint8Array.of(1));
});

test('a turn that throws ends the process as a crash does, and the error is heard', () => {
  const { host, left, store, scheduler } = simulated();
  host.after(5, () => {
    act(host, [{ do: 'put', key: 'a' }, { do: 'send' }], 1);
    throw new Error('bug');
  });
  expect(() => scheduler.runUntil(2000)).toThrow('bug');
  expect([host.alive, left, contentOf(store)]).toEqual([false, [], '[]']);
});

test('timers have whole milliseconds, at least one, and never fire once cancelled', () => {
  const { host, scheduler } = simulated();
  const fired: (readonly [string, number])[] = [];
  for (const delayMs of [0, 0.2, 1, 1.5, 40, -3, Number.NaN, 2 ** 31]) {
    host.after(delayMs, () => fired.push([String(delayMs), scheduler.now - 1000]));
  }
  const other = host.after(50, () => fired.push(['cancelled', 0]));
  host.after(10, () => other.cancel());
  scheduler.runUntil(3000);
  expect(fired).toEqual([
    ['0', 1],
    ['0.2', 1],
    ['1', 1],
    ['-3', 1],
    ['NaN', 1],
    ['2147483648', 1],
    ['1.5', 2],
    ['40', 40],
  ]);
});

test('a fast clock shows more and wakes earlier, as often as its own clock says', () => {
  const { host, scheduler } = simulated({ skewMs: 500, driftPpm: 250_000 });
  const woke: (readonly [number, number])[] = [];
  host.after(100, () => woke.push([scheduler.now, host.now()]));
  scheduler.runUntil(1080);
  expect(woke).toEqual([[1080, 1600]]);
  host.setSkew(0);
  expect(host.now()).toBe(1080);
  host.setDrift(0);
  host.after(100, () => woke.push([scheduler.now, host.now()]));
  scheduler.runUntil(2000);
  expect(woke.at(-1)).toEqual([1180, 1180]);
});

test('what is due while a host is paused happens afterwards, in order, but what was cancelled', () => {
  const { host, scheduler, arrive } = simulated();
  const seen: string[] = [];
  host.listen((_from, datagram) => seen.push(`${datagram[0]} at ${scheduler.now}`));
  host.after(20, () => seen.push(`timer at ${scheduler.now}`));
  const late = host.after(30, () => seen.push('cancelled'));
  scheduler.at(1005, () => host.pause());
  scheduler.at(1010, () => arrive(7));
  scheduler.at(1040, () => arrive(8));
  scheduler.at(1050, () => late.cancel());
  scheduler.at(1060, () => host.resume());
  scheduler.at(1060, () => arrive(9));
  scheduler.runUntil(2000);
  expect(seen).toEqual(['7 at 1060', 'timer at 1060', '8 at 1060', '9 at 1060']);
});

test('a busy host handles one thing after the other, and its datagrams leave when it is done', () => {
  const { host, scheduler, arrive, times } = simulated({
    costUs: ({ kind, receivedBytes, sentDatagrams, sentBytes }) =>
      kind === 'datagram' ? 1000 * (receivedBytes + sentDatagrams + sentBytes) : 0,
  });
  const began: number[] = [];
  host.listen((_from, datagram) => {
    began.push(scheduler.now);
    host.send(THERE, datagram);
  });
  host.after(4, () => began.push(scheduler.now));
  for (const atMs of [1000, 1001, 1002, 1020]) scheduler.at(atMs, () => arrive(1));
  scheduler.runUntil(2000);
  expect(began).toEqual([1000, 1003, 1006, 1009, 1020]);
  expect(times).toEqual([1003, 1006, 1009, 1023]);
});

test('what the socket cannot keep for a paused host is lost, and counted', () => {
  const { host, scheduler, arrive } = simulated();
  let heard = 0;
  let fired = 0;
  host.listen(() => (heard += 1));
  host.pause();
  for (let index = 0; index < 2000; index += 1) {
    arrive(1);
    host.after(1, () => (fired += 1));
  }
  scheduler.runUntil(1500);
  host.resume();
  scheduler.runUntil(2000);
  // 425,984 bytes, each datagram counted for 769.
  expect([heard, host.drops, fired]).toEqual([553, 2000 - 553, 2000]);
  // What was read makes room again.
  host.pause();
  for (let index = 0; index < 600; index += 1) arrive(1);
  host.resume();
  scheduler.runUntil(3000);
  expect([heard, host.drops]).toEqual([2 * 553, 2000 - 553 + 600 - 553]);
});

test('the trace has each event when it reaches the member, and nothing that does not', () => {
  const trace = new Trace();
  const { host, scheduler, arrive } = simulated({ trace });
  host.listen(() => {});
  host.order('load', () => {});
  host.after(10, () => {});
  host.after(20, () => {}).cancel();
  host.pause();
  arrive(1);
  expect(trace.events).toBe(1);
  scheduler.runUntil(1100);
  host.resume();
  scheduler.runUntil(1200);
  const same = new Trace();
  same.add(1000, HERE, 'order', null, new TextEncoder().encode('load'));
  same.add(1100, HERE, 'datagram', THERE, Uint8Array.of(1));
  same.add(1100, HERE, 'timer', null, new Uint8Array(0));
  expect([trace.events, trace.hash]).toEqual([3, same.hash]);
});
