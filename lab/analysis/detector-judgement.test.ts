import { expect, test } from 'vitest';
import type { Score } from '../detectors/report.ts';
import { casesOf, judgeDetectors, type JudgedRun } from './detector-judgement.ts';

/** Scores of one detector; the last rise is the score. */
function scored(subject: string, ...rises: readonly (readonly [number, number])[]): Score {
  const told = rises.map(([atMs, score]) => ({ atMs, score }));
  const last = told.at(-1);
  return {
    detector: 'agreement-exact',
    subject,
    score: last?.score ?? 0,
    atMs: last?.atMs ?? null,
    rises: told,
  };
}

function run(name: string, guilty: readonly string[], scores: readonly Score[]): JudgedRun {
  const subjects = ['a', 'b', 'c', 'd', ...guilty];
  return {
    run: name,
    report: {
      scores,
      costs: [{ detector: 'agreement-exact', looks: 20, ms: 1, comparisons: 100, subjects: 5 }],
    },
    guilty: new Map(subjects.map((subject) => [subject, guilty.includes(subject)])),
    newcomers: ['a', ...guilty],
    originMs: 1000,
    endMs: 9000,
  };
}

const TRAINING = [
  run('t1', ['x'], [scored('a', [2000, 1]), scored('x', [3000, 2], [5000, 3])]),
  run('t2', [], [scored('b', [2000, 1.5])]),
];
const TEST = [
  run('r1', ['x', 'y'], [scored('x', [3000, 2], [5000, 4]), scored('c', [4000, 2.6])]),
  run('r2', ['z'], [scored('z', [500, 2.5])]),
];

function judged(training: readonly JudgedRun[], maxFalsePositiveRate = 0) {
  const detectors = judgeDetectors(training, TEST, maxFalsePositiveRate);
  const found = detectors.find(({ detector }) => detector === 'agreement-exact');
  if (found === undefined) throw new Error('the detector was not judged');
  return found;
}

test('whom a detector never named is a case with score 0', () => {
  const cases = casesOf(TRAINING[0] ?? run('none', [], []), 'agreement-exact');
  expect(cases.map(({ score, guilty }) => [score, guilty])).toEqual([
    [1, false],
    [0, false],
    [0, false],
    [0, false],
    [3, true],
  ]);
});

test('founders are no innocents of a detector that looks at newcomers alone', () => {
  const [first] = TRAINING;
  if (first === undefined) throw new Error('no run');
  expect(casesOf(first, 'minting-burst').map(({ guilty }) => guilty)).toEqual([false, true]);
});

test('the threshold comes from the training runs, the rates from the others', () => {
  const { training, test: rates, area } = judged(TRAINING);
  // Between the highest honest score of training, 1.5, and the next above it, 3.
  expect(training?.threshold).toBe(2.25);
  expect(training?.falsePositives.value).toBe(0);
  expect(rates?.threshold).toBe(2.25);
  // x and z of three; c of eight.
  expect([rates?.detected.value, rates?.detected.n]).toEqual([2 / 3, 3]);
  expect([rates?.falsePositives.value, rates?.falsePositives.n]).toEqual([1 / 8, 8]);
  // By hand: x beats 8, z beats 7 of 8, y ties with 7.
  expect(area?.value).toBeCloseTo((8 + 7 + 3.5) / 24, 12);
});

test('time to detection counts from the attack to when the score passed; who never did is censored', () => {
  const { timeToDetection } = judged(TRAINING);
  // z was suspected before the attack began: 0; x at 5000 − 1000; y never, until 9000 − 1000.
  expect(timeToDetection?.n).toBe(3);
  expect(timeToDetection?.steps.map(({ timeMs }) => timeMs)).toEqual([0, 4000]);
  expect(timeToDetection?.medianMs).toBe(4000);
});

test('without training runs there is an area, and neither threshold, rates nor times', () => {
  const untrained = judged([]);
  expect(untrained.area).not.toBeNull();
  expect(untrained.training).toBeNull();
  expect(untrained.test).toBeNull();
  expect(untrained.timeToDetection).toBeNull();
});

test('costs are those of the runs judged, all together', () => {
  expect(judged(TRAINING).cost).toEqual({ looks: 40, ms: 2, comparisons: 200, subjects: 10 });
});
