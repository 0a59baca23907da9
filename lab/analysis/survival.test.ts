import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Duration, kaplanMeier, survivalAt } from './survival.ts';

const seen = (timeMs: number): Duration => ({ timeMs, observed: true });
const censored = (timeMs: number): Duration => ({ timeMs, observed: false });

/**
 * Weeks of remission under 6-MP, 21 children with leukaemia (Freireich et al. 1963, as in Cox and Oakes,
 * Analysis of Survival Data, table 1.1); those censored were still in remission.
 */
const SIX_MP = [
  ...[6, 6, 6, 7, 10, 13, 16, 22, 23].map(seen),
  ...[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(censored),
];

test('the 6-MP arm gives the published estimate, Greenwood errors and log-log intervals', () => {
  const { n, events, steps } = kaplanMeier(SIX_MP);
  expect({ n, events }).toEqual({ n: 21, events: 9 });
  // time, at risk, events, survival, standard error, 95 % interval (R survival, conf.type="log-log").
  const published: [number, number, number, number, number, number, number][] = [
    [6, 21, 3, 0.857, 0.0764, 0.62, 0.952],
    [7, 17, 1, 0.807, 0.0869, 0.563, 0.923],
    [10, 15, 1, 0.753, 0.0963, 0.503, 0.889],
    [13, 12, 1, 0.69, 0.1068, 0.432, 0.849],
    [16, 11, 1, 0.627, 0.1141, 0.368, 0.805],
    [22, 7, 1, 0.538, 0.1282, 0.268, 0.747],
    [23, 6, 1, 0.448, 0.1346, 0.188, 0.68],
  ];
  expect(steps).toHaveLength(published.length);
  for (const [at, [time, atRisk, died, survival, error, lo, hi]] of published.entries()) {
    const step = steps[at];
    expect([step?.timeMs, step?.atRisk, step?.events]).toEqual([time, atRisk, died]);
    expect(step?.survival).toBeCloseTo(survival, 3);
    expect(step?.standardError).toBeCloseTo(error, 4);
    expect(step?.interval?.[0]).toBeCloseTo(lo, 3);
    expect(step?.interval?.[1]).toBeCloseTo(hi, 3);
  }
});

test('the median of the 6-MP arm is 23 weeks, its interval open above', () => {
  const { medianMs, medianIntervalMs } = kaplanMeier(SIX_MP);
  expect(medianMs).toBe(23);
  expect(medianIntervalMs).toEqual([13, null]);
});

test('a median that half never reached is none, and nothing at all has no steps', () => {
  expect(kaplanMeier([seen(1), censored(5), censored(5)]).medianMs).toBeNull();
  expect(kaplanMeier([])).toEqual({
    n: 0,
    events: 0,
    steps: [],
    medianMs: null,
    medianIntervalMs: [null, null],
  });
});

test('without censoring the estimate is the share that is left', () => {
  const times = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(times, fc.integer({ min: -1, max: 51 }), (values, at) => {
      const left = values.filter((value) => value > at).length / values.length;
      expect(survivalAt(kaplanMeier(values.map(seen)), at)).toBeCloseTo(left, 12);
    }),
  );
});

test('survival never rises and stays inside its interval', () => {
  const duration = fc.record({ timeMs: fc.integer({ min: 0, max: 30 }), observed: fc.boolean() });
  fc.assert(
    fc.property(fc.array(duration, { maxLength: 60 }), (durations) => {
      let before = 1;
      for (const { survival, interval } of kaplanMeier(durations).steps) {
        expect(survival).toBeLessThan(before);
        before = survival;
        if (interval === null) continue;
        expect(interval[0]).toBeLessThanOrEqual(survival);
        expect(interval[1]).toBeGreaterThanOrEqual(survival);
      }
    }),
  );
});
