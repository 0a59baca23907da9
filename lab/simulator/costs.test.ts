import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openStore } from '../telemetry/open.ts';
import {
  asCosts,
  fitCost,
  MEASURED_COSTS,
  measureCosts,
  NO_COSTS,
  Processors,
  type WorkSample,
} from './costs.ts';

/** Five seconds of a process that needs `idleMs` a second anyway and `eachMs` for each datagram. */
function sample(datagrams: number, eachMs: number, idleMs: number): WorkSample {
  const cpu_ms = datagrams * eachMs + 5 * idleMs;
  return { peer: 'honest-01', seconds: 5, cpu_ms, datagrams, messages: datagrams };
}

test('the cost of a datagram is found whatever the process needs besides', () => {
  const counts = fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), {
    minLength: 10,
    maxLength: 40,
  });
  const cost = fc.double({ min: 0.01, max: 5, noNaN: true });
  fc.assert(
    fc.property(counts, cost, cost, (datagrams, eachMs, idleMs) => {
      const fit = fitCost(datagrams.map((count) => sample(count, eachMs, idleMs)));
      expect(fit?.us).toBeCloseTo(1000 * eachMs, 3);
      expect(fit?.idleUsPerSecond).toBeCloseTo(1000 * idleMs, 2);
      expect(fit?.by).toBe('line');
      expect(fit?.correlation).toBeCloseTo(1, 6);
    }),
  );
});

test('where no line can be laid, all processor time is divided among the datagrams', () => {
  const few = [sample(100, 1, 0), sample(200, 1, 10)];
  expect(fitCost(few)).toMatchObject({ by: 'ratio', us: (1000 * 350) / 300, idleUsPerSecond: 0 });
  const alike = Array.from({ length: 20 }, () => sample(50, 2, 0));
  expect(fitCost(alike)).toMatchObject({ by: 'ratio', us: 2000, correlation: null });
  const falling = Array.from({ length: 20 }, (_, n) => sample(10 + n, 0, 100 - n));
  expect(fitCost(falling)?.by).toBe('ratio');
  expect(fitCost([])).toBeNull();
  expect(fitCost([sample(0, 1, 1)])).toBeNull();
});

test('what a run did not measure is as in the figures that come with the lab', () => {
  const nothing = { peer: null, client: null, hopUs: null, messagesPerDatagram: null };
  expect(asCosts(nothing, null)).toEqual(MEASURED_COSTS);
  const peer = { us: 5, idleUsPerSecond: 0, n: 20, correlation: 1, by: 'line' as const };
  expect(asCosts({ ...nothing, peer, hopUs: 7 }, 2)).toEqual({
    peerUs: 5,
    clientUs: MEASURED_COSTS.clientUs,
    hopUs: 7,
    cores: 2,
  });
});

test('work waits for the processor that is free first; whoever has one of its own never waits', () => {
  const own = new Processors(NO_COSTS);
  const shared = new Processors({ ...NO_COSTS, cores: 2 });
  const asked = [
    [0, 1000],
    [0, 3000],
    [0, 500],
    [1, 1000],
    [2, 1000],
    [10, 700],
  ] as const;
  expect(asked.map(([atMs, us]) => own.carryOut(atMs, us))).toEqual(asked.map(([, us]) => us));
  // Free again at 1; 3; 1.5; then at 2.5; 3.5; 10.7.
  expect(asked.map(([atMs, us]) => shared.carryOut(atMs, us))).toEqual([
    1000, 3000, 1500, 1500, 1500, 700,
  ]);
});

test('costs are read from telemetry: only of the load, only of whole seconds, only what came in', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'lab-costs-'));
  const store = await openStore(directory, null);
  try {
    const START = Date.UTC(2026, 0, 1);
    const at = (ms: number) =>
      new Date(START + ms).toISOString().replace('T', ' ').replace('Z', '');
    const resources: object[] = [];
    const messages: object[] = [];
    const second = (peer: string, ms: number, datagrams: number, cpu_ms: number) => {
      const common = { run: 'r', ts: at(ms), peer };
      resources.push({ ...common, cpu_ms });
      for (const [type, count] of [
        ['(datagram)', datagrams],
        ['votes', 2 * datagrams],
      ] as const) {
        messages.push({ ...common, direction: 'in', type, count });
        messages.push({ ...common, direction: 'out', type, count: 1000 });
      }
    };
    for (let ms = 500; ms < 60_000; ms += 1000) {
      const datagrams = 10 + Math.floor(ms / 5000) * 7;
      second('honest-01', ms, datagrams, 3 + 0.4 * datagrams);
      second('client-01', ms, datagrams, 1 + 0.9 * datagrams);
      // Silent half of the time: its five seconds have not enough readings.
      if (ms % 2000 === 500) second('honest-02', ms, 50, 500);
    }
    // Before the load: minting.
    for (let ms = 500; ms < 20_000; ms += 1000) second('honest-01', ms - 30_000, 20, 900);
    await store.insert(
      'lab.resources',
      resources.map((row) => ({ ...row })),
    );
    await store.insert(
      'lab.messages',
      messages.map((row) => ({ ...row })),
    );
    const window = { run: 'r', from: START, to: START + 60_000 };
    const link = { from: 'a', to: 'b', askedLoss: 0, measuredLoss: 0, n: 20, ok: true };
    const measured = await measureCosts(store, window, new Set(['client-01']), [
      { ...link, askedRttMs: 100, measuredRttMs: 103 },
      { ...link, askedRttMs: 2, measuredRttMs: 3 },
      { ...link, askedRttMs: 50, measuredRttMs: 52 },
      { ...link, askedRttMs: 50, measuredRttMs: null },
    ]);
    expect(measured.peer).toMatchObject({ n: 12, by: 'line' });
    expect(measured.peer?.us).toBeCloseTo(400, 6);
    expect(measured.peer?.idleUsPerSecond).toBeCloseTo(3000, 6);
    expect(measured.client?.us).toBeCloseTo(900, 6);
    expect(measured.hopUs).toBe(1000);
    expect(measured.messagesPerDatagram).toBe(2);
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
