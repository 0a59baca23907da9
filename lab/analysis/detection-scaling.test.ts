import { expect, test } from 'vitest';
import {
  answersUntilCaught,
  measureAgreement,
  type PopulationKind,
  POPULATIONS,
  type Way,
} from './detection-scaling.ts';

function figures(way: Way, speakers: number, ring: number, kind: PopulationKind = 'calm') {
  return measureAgreement({
    population: { ...POPULATIONS[kind], speakers, ring },
    way,
    training: [1, 2, 3],
    test: Array.from({ length: 20 }, (_, at) => 11 + at),
    maxFalsePositiveRate: 0.01,
  });
}

test('all pairs grow with the square of the speakers, sorted orders hardly faster than they do', () => {
  const at = (way: Way, speakers: number) => figures(way, speakers, 4).comparisons / speakers;
  // Half of the speakers depart at all; from 100 to 800 pairs per speaker grow eightfold.
  expect(at('exact', 800) / at('exact', 100)).toBeGreaterThan(6);
  expect(at('clustered', 800) / at('clustered', 100)).toBeLessThan(1.5);
});

test('the index finds whom all pairs find; sorted orders find rings of four nearly as well', () => {
  const [exact, indexed, clustered] = [
    figures('exact', 400, 4),
    figures('indexed', 400, 4),
    figures('clustered', 400, 4),
  ];
  expect(exact.recall).toBeGreaterThan(0.8);
  expect(indexed).toMatchObject({ recall: exact.recall, threshold: exact.threshold });
  expect(clustered.recall).toBeGreaterThan(exact.recall - 0.15);
  for (const { falsePositiveRate } of [exact, indexed, clustered]) {
    expect(falsePositiveRate).toBeLessThan(0.02);
  }
});

test('where everyone errs often, sorted orders miss pairs of colluders that all pairs find', () => {
  const exact = figures('exact', 400, 2, 'noisy');
  expect(exact.recall).toBeGreaterThan(0.5);
  expect(figures('clustered', 400, 2, 'noisy').recall).toBeLessThan(exact.recall);
});

test('one who lies alone agrees with nobody', () => {
  const alone = figures('exact', 400, 1);
  expect(alone.recall).toBeLessThanOrEqual(0.1);
});

test('cheats are caught after a geometric number of answers', () => {
  const common = { lieRate: 0.2, colluders: 0, cheats: 4000, maxAnswers: 5000, seed: 5 } as const;
  const five = answersUntilCaught({ ...common, sampleRate: 0.05 });
  const ten = answersUntilCaught({ ...common, sampleRate: 0.1 });
  // ln 2 / 0.01 = 69 and ln 2 / 0.02 = 34.
  expect(five.medianMs).toBeGreaterThan(62);
  expect(five.medianMs).toBeLessThan(76);
  expect((five.medianMs ?? 0) / (ten.medianMs ?? 1)).toBeCloseTo(2, 0);
});

test('where everyone confirms the lies nobody is caught, and the median is not reached', () => {
  const survival = answersUntilCaught({
    sampleRate: 0.1,
    lieRate: 1,
    colluders: 1,
    cheats: 50,
    maxAnswers: 300,
    seed: 1,
  });
  expect(survival.events).toBe(0);
  expect(survival.medianMs).toBeNull();
});
