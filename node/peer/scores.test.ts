import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Measure, Scores, WEIGHTS } from './scores.ts';

const ID = 'ab'.repeat(32);
const NOW = 1_700_000_000_000;
const measure = fc.constantFrom<Measure>('accuracy', 'availability', 'synchronisation');
const cases = fc.array(
  fc.record({
    measure,
    good: fc.boolean(),
    afterMs: fc.nat(600_000),
  }),
);

test('whatever is noted, every measure and the sum stay in [0,1], and the weights make one', () => {
  fc.assert(
    fc.property(cases, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), (noted, own, rtt) => {
      const scores = new Scores(() => own);
      let now = NOW;
      for (const one of noted) {
        now += one.afterMs;
        scores.note(ID, one.measure, one.good, now);
      }
      scores.roundTrip(ID, rtt, now);
      for (const value of Object.values(scores.of(ID, now))) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
    }),
  );
  expect(Object.values(WEIGHTS).reduce((sum: number, one) => sum + one, 0)).toBeCloseTo(1, 12);
});

test('the sum is 30 % accuracy, 20 % each of three, 10 % latency', () => {
  const scores = new Scores(() => 0.8);
  for (let n = 0; n < 98; n += 1) scores.note(ID, 'accuracy', true, NOW);
  scores.note(ID, 'availability', false, NOW);
  scores.roundTrip(ID, 600, NOW);
  const score = scores.of(ID, NOW);
  expect(score).toMatchObject({ accuracy: 0.99, synchronisation: 0.5, reputation: 0.8 });
  expect(score.availability).toBeCloseTo(1 / 3, 12);
  expect(score.latency).toBeCloseTo(0.25, 12);
  expect(score.total).toBeCloseTo(0.297 + 0.2 / 3 + 0.1 + 0.16 + 0.025, 12);
});

test('one more good case never lowers a score, one more bad case never raises it', () => {
  fc.assert(
    fc.property(cases, measure, (noted, what) => {
      const [before, better, worse] = [0, 1, 2].map((turn) => {
        const scores = new Scores(() => 0.5);
        let now = NOW;
        for (const one of noted) {
          now += one.afterMs;
          scores.note(ID, one.measure, one.good, now);
        }
        if (turn > 0) scores.note(ID, what, turn === 1, now);
        return scores.of(ID, now).total;
      });
      expect(better).toBeGreaterThanOrEqual((before ?? 0) - 1e-12);
      expect(worse).toBeLessThanOrEqual((before ?? 0) + 1e-12);
    }),
  );
});

test('what is long ago hardly counts any more', () => {
  const scores = new Scores(() => 0.5);
  for (let n = 0; n < 50; n += 1) scores.note(ID, 'accuracy', false, NOW);
  expect(scores.of(ID, NOW).accuracy).toBeLessThan(0.05);
  expect(scores.of(ID, NOW + 3_600_000).accuracy).toBeCloseTo(0.5, 6);
  // A clock that was set back makes nothing younger.
  expect(scores.of(ID, NOW - 3_600_000).accuracy).toBeLessThan(0.05);
});

test('who is slower scores less, who never answered a question scores as a far one', () => {
  const scores = new Scores(() => 0.5);
  scores.roundTrip('a', 20, NOW);
  scores.roundTrip('b', 300, NOW);
  expect(scores.of('a', NOW).latency).toBeGreaterThan(scores.of('b', NOW).latency);
  expect(scores.of('c', NOW).latency).toBe(0.5);
});
