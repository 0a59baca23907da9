import fc from 'fast-check';
import { expect, test } from 'vitest';
import { areaUnder, chooseThreshold, ratesAt, rocCurve, type ScoredCase } from './roc.ts';

/** Each in a cluster of its own. */
function casesOf(guilty: readonly number[], innocent: readonly number[]): ScoredCase[] {
  return [
    ...guilty.map((score, at) => ({ score, guilty: true, cluster: `g${at}` })),
    ...innocent.map((score, at) => ({ score, guilty: false, cluster: `i${at}` })),
  ];
}

function repeated(counts: readonly number[]): number[] {
  return counts.flatMap((count, at) => Array.from({ length: count }, () => at + 1));
}

/**
 * Ratings 1–5 of 109 computed tomograms (Hanley and McNeil 1982, table 1): 51 of patients with disease, 58
 * without. Published: area 0.893, standard error 0.032.
 */
const TOMOGRAMS = casesOf(repeated([3, 2, 2, 11, 33]), repeated([33, 6, 6, 11, 2]));

test('the area of an example done by hand', () => {
  // Of 3 × 4 pairs: 9 beats all 4; 4 beats 1, 2, 3 and not 5; 2 beats 1 and ties with 2: 4 + 3 + 1.5.
  const area = areaUnder(casesOf([9, 4, 2], [1, 2, 3, 5]));
  expect(area?.value).toBeCloseTo(8.5 / 12, 12);
});

test('the area of 109 tomograms is the published one', () => {
  const area = areaUnder(TOMOGRAMS);
  expect(area?.value).toBeCloseTo(0.893, 3);
  // DeLong’s for the same data.
  expect(area?.standardError).toBeCloseTo(0.0307, 4);
  expect([area?.guilty, area?.innocent]).toEqual([51, 58]);
  // 0.893 ± 1.96 · 0.032, drawn towards the middle.
  expect(area?.interval[0]).toBeGreaterThan(0.8);
  expect(area?.interval[0]).toBeLessThan(0.835);
  expect(area?.interval[1]).toBeGreaterThan(0.93);
  expect(area?.interval[1]).toBeLessThan(0.96);
});

test('the curve of the tomograms goes through the published points, and its area is that of the ranks', () => {
  const curve = rocCurve(TOMOGRAMS);
  const published: [number, number][] = [
    [0, 0],
    [2 / 58, 33 / 51],
    [13 / 58, 44 / 51],
    [19 / 58, 46 / 51],
    [25 / 58, 48 / 51],
    [1, 1],
  ];
  expect(curve.map((point) => [point.falsePositiveRate, point.truePositiveRate])).toEqual(
    published,
  );
  let area = 0;
  for (const [at, [x, y]] of published.entries()) {
    const [before, height] = published[at - 1] ?? [0, 0];
    area += ((x - before) * (y + height)) / 2;
  }
  expect(areaUnder(TOMOGRAMS)?.value).toBeCloseTo(area, 12);
});

test('with clusters of one the standard error is DeLong’s, from the pairs themselves', () => {
  const score = fc.integer({ min: 0, max: 9 });
  const side = fc.array(score, { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(side, side, (guilty, innocent) => {
      const above = (a: number, b: number): number => (a > b ? 1 : a === b ? 0.5 : 0);
      const mean = (values: readonly number[]): number =>
        values.reduce((sum, value) => sum + value, 0) / values.length;
      const area = mean(guilty.flatMap((a) => innocent.map((b) => above(a, b))));
      const spread = (values: readonly number[]): number =>
        values.reduce((sum, value) => sum + (value - area) ** 2, 0) / (values.length - 1);
      const variance =
        spread(guilty.map((a) => mean(innocent.map((b) => above(a, b))))) / guilty.length +
        spread(innocent.map((b) => mean(guilty.map((a) => above(a, b))))) / innocent.length;
      const found = areaUnder(casesOf(guilty, innocent));
      expect(found?.value).toBeCloseTo(area, 10);
      expect(found?.standardError).toBeCloseTo(Math.sqrt(variance), 10);
    }),
  );
});

test('the same cases told twice are no more than once: their runs are the same', () => {
  const once = casesOf([9, 4, 2, 6], [1, 2, 3, 5]).map((one, at) => ({
    ...one,
    cluster: `run ${at % 4}`,
  }));
  const twice = areaUnder([...once, ...once]);
  expect(twice?.standardError).toBeCloseTo(areaUnder(once)?.standardError ?? 0, 10);
  const asIfNew = [...once, ...once.map((one) => ({ ...one, cluster: `${one.cluster}'` }))];
  expect(areaUnder(asIfNew)?.standardError).toBeLessThan(twice?.standardError ?? 0);
});

test('scores that part a few cases wholly have an interval all the same', () => {
  const area = areaUnder(casesOf([5, 6, 7], [1, 2, 3]));
  expect(area?.value).toBe(1);
  expect(area?.standardError).toBe(0);
  expect(area?.interval[0]).toBeLessThan(0.8);
  expect(area?.interval[1]).toBe(1);
});

test('without guilty or without innocent ones there is neither area nor curve', () => {
  for (const cases of [casesOf([1], []), casesOf([], [1])]) {
    expect(areaUnder(cases)).toBeNull();
    expect(rocCurve(cases)).toEqual([]);
  }
});

test('a threshold flags as many innocent ones of its own cases as it may, and is judged on others', () => {
  const training = casesOf([8, 6, 5], [1, 2, 3, 4, 0, 0, 0, 0, 0, 7]);
  expect(chooseThreshold(training, 0)).toBe(7.5);
  // One of ten: the next is 4, and what lies above it 5.
  expect(chooseThreshold(training, 0.1)).toBe(4.5);
  const { detected, falsePositives } = ratesAt(casesOf([5, 4], [5, 1, 1, 1]), 4.5);
  expect([detected.value, detected.n]).toEqual([0.5, 2]);
  expect([falsePositives.value, falsePositives.n]).toEqual([0.25, 4]);
  expect(falsePositives.interval?.[1]).toBeGreaterThan(0.25);
});

test('the share of innocent ones flagged on the training cases is never above what was allowed', () => {
  const scores = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      scores,
      scores,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (guilty, innocent, most) => {
        const cases = casesOf(guilty, innocent);
        const threshold = chooseThreshold(cases, most);
        expect(threshold).not.toBeNull();
        const rate = ratesAt(cases, threshold ?? 0).falsePositives.value;
        expect(rate).toBeLessThanOrEqual(most);
      },
    ),
  );
});
