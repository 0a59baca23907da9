import { expect, test } from 'vitest';
import { ProcessHost } from './process-host.ts';

function hostWithTrace(
  commit: () => void = () => {},
  reported: (trueTime: (shownMs: number) => number) => void = () => {},
) {
  const trace: string[] = [];
  const host = new ProcessHost({
    store: {
      get: () => undefined,
      put: (key) => void trace.push(`put ${key}`),
      delete: () => {},
      entries: () => [],
      commit: () => {
        commit();
        trace.push('commit');
      },
    },
    transmit: (to) => void trace.push(`send ${to.port}`),
    report: (_row, trueTime) => reported(trueTime),
  });
  return { host, trace };
}

test('datagrams of a turn leave after one commit of all its writes', async () => {
  const { host, trace } = hostWithTrace();
  host.send({ ip: '127.0.0.1', port: 1 }, new Uint8Array(1));
  host.store.put('lock', new Uint8Array(1));
  host.send({ ip: '127.0.0.1', port: 2 }, new Uint8Array(1));
  expect(trace).toEqual(['put lock']);
  await new Promise((resolve) => setImmediate(resolve));
  expect(trace).toEqual(['put lock', 'commit', 'send 1', 'send 2']);
});

test('nothing is sent when the commit fails', () => {
  const { host, trace } = hostWithTrace(() => {
    throw new Error('disk full');
  });
  // A timer is what schedules the flush in life; here it is called by hand.
  host.send({ ip: '127.0.0.1', port: 1 }, new Uint8Array(1));
  expect(() => host.flush()).toThrow('disk full');
  expect(trace).toEqual([]);
});

test('skew shifts the clock, and what is reported is true time again', () => {
  const times: number[] = [];
  const { host } = hostWithTrace(
    () => {},
    (trueTime) => times.push(trueTime(host.now())),
  );
  const before = host.now();
  host.setSkew(60_000);
  expect(host.now() - before).toBeGreaterThanOrEqual(60_000);
  host.report({ table: 'flags', accused: 'a', layer: 'l', reason: 'r', score: null });
  expect(Math.abs((times[0] ?? 0) - before)).toBeLessThan(30_000);
});
