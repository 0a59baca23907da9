/**
 * How detection layers scale (D 7.5, claims N2 and N3), on populations drawn from a seed: what each way of
 * comparing speakers costs and whom it finds, and how many answers a liar gives until one is checked.
 * Models, where the network need not be: their assumptions stand with each.
 */
import {
  agreement,
  everyPair,
  indexedPairs,
  type PairsOf,
  type Pattern,
  sortedPairs,
} from '../detectors/agreement.ts';
import { type Random, Streams } from '../simulator/random.ts';
import { chooseThreshold, type ScoredCase } from './roc.ts';
import { wilsonInterval } from './statistics.ts';
import { type Duration, kaplanMeier, type Survival } from './survival.ts';

/** The ways of choosing whom to compare, by name. */
export const WAYS: Readonly<Record<'exact' | 'clustered' | 'indexed', PairsOf>> = {
  exact: everyPair,
  clustered: sortedPairs,
  indexed: indexedPairs,
};

export type Way = keyof typeof WAYS;

export interface Population {
  readonly speakers: number;
  /** Colluders, all in one ring; the first speakers are they. */
  readonly ring: number;
  /** Values each speaker was asked about, and how often an honest one departs, by lagging. */
  readonly asked: number;
  readonly lagRate: number;
  /** Honest speakers lag behind the same transfers: so many values are there to lag at, per speaker. */
  readonly lagsPerSpeaker: number;
  /** Lies that the ring agreed on, and the chance that a member is asked about one of them. */
  readonly lies: number;
  readonly tellRate: number;
}

export type PopulationKind = 'calm' | 'noisy';

/**
 * Calm: an honest speaker departs in every second look, a member of the ring is asked about four of its six
 * lies. Noisy: asked ten times as often on a slow network, everyone departs a dozen times, and twelve
 * lies are hidden among that.
 */
export const POPULATIONS: Readonly<Record<PopulationKind, Omit<Population, 'speakers' | 'ring'>>> =
  {
    calm: { asked: 60, lagRate: 0.01, lagsPerSpeaker: 2, lies: 6, tellRate: 0.65 },
    noisy: { asked: 600, lagRate: 0.02, lagsPerSpeaker: 5, lies: 12, tellRate: 0.65 },
  };

/** Speakers as detectors see them; values below `lies` are the ring's. */
export function drawPatterns(population: Population, random: Random): readonly Pattern[] {
  const { speakers, ring, asked, lagRate, lagsPerSpeaker, lies, tellRate } = population;
  const lags = Math.ceil(lagsPerSpeaker * speakers);
  return Array.from({ length: speakers }, (_, at) => {
    const departures = new Set<number>();
    const known = at < ring ? lies : 0;
    for (let lie = 0; lie < known; lie += 1) {
      if (random.next() < tellRate) departures.add(lie);
    }
    for (let answer = 0; answer < asked; answer += 1) {
      if (random.next() < lagRate) departures.add(lies + Math.floor(random.next() * lags));
    }
    return { subject: `${at}`, asked, departures: [...departures].sort((a, b) => a - b) };
  });
}

export interface AgreementFigures {
  readonly way: Way;
  readonly speakers: number;
  readonly ring: number;
  /** Share of ring members above the threshold, over all test seeds. */
  readonly recall: number;
  readonly recallInterval: readonly [number, number] | null;
  /** Share of the others, beside it. */
  readonly falsePositiveRate: number;
  readonly falsePositiveInterval: readonly [number, number] | null;
  readonly threshold: number;
  /** Of one look. */
  readonly comparisons: number;
  /** Processor time of one look. */
  readonly cpuMs: number;
}

export interface AgreementExperiment {
  readonly population: Population;
  readonly way: Way;
  /** Seeds on which the threshold is chosen, and on which it is judged. */
  readonly training: readonly number[];
  readonly test: readonly number[];
  /** Of honest speakers, on the training seeds. */
  readonly maxFalsePositiveRate: number;
}

/** Claim N3: who is found at which cost. */
export function measureAgreement(experiment: AgreementExperiment): AgreementFigures {
  const { population, way, training, test, maxFalsePositiveRate } = experiment;
  const learnt = training.flatMap((seed) => look(population, way, seed).cases);
  const threshold = chooseThreshold(learnt, maxFalsePositiveRate) ?? Number.POSITIVE_INFINITY;
  const looks = test.map((seed) => look(population, way, seed));
  const cases = looks.flatMap((one) => one.cases);
  const guilty = cases.filter((one) => one.guilty);
  const innocent = cases.filter((one) => !one.guilty);
  const above = (side: readonly ScoredCase[]): number =>
    side.filter(({ score }) => score > threshold).length;
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return {
    way,
    speakers: population.speakers,
    ring: population.ring,
    recall: above(guilty) / Math.max(1, guilty.length),
    recallInterval: wilsonInterval(above(guilty), guilty.length),
    falsePositiveRate: above(innocent) / Math.max(1, innocent.length),
    falsePositiveInterval: wilsonInterval(above(innocent), innocent.length),
    threshold,
    comparisons: mean(looks.map(({ comparisons }) => comparisons)),
    cpuMs: mean(looks.map(({ cpuMs }) => cpuMs)),
  };
}

interface Look {
  readonly cases: readonly ScoredCase[];
  readonly comparisons: number;
  readonly cpuMs: number;
}

function look(population: Population, way: Way, seed: number): Look {
  const patterns = drawPatterns(population, new Streams(seed).stream('patterns'));
  const before = process.threadCpuUsage();
  const { scores, comparisons } = agreement(patterns, WAYS[way]);
  const { user, system } = process.threadCpuUsage(before);
  const cases = patterns.map(({ subject }, at) => ({
    score: scores.get(subject) ?? 0,
    guilty: at < population.ring,
    cluster: `${seed}`,
  }));
  return { cases, comparisons, cpuMs: (user + system) / 1000 };
}

export interface SamplingExperiment {
  /** Share of answers that are held against another's (D 7.5.2: 5 %). */
  readonly sampleRate: number;
  /** Share of its answers in which a cheat lies, independent of the sampling. */
  readonly lieRate: number;
  /** Share of others that would confirm its lies. */
  readonly colluders: number;
  readonly cheats: number;
  /** A cheat that was not caught within so many answers is censored. */
  readonly maxAnswers: number;
  readonly seed: number;
}

/** Claim N2: answers until a cheat is caught, in answers where a duration has ms. */
export function answersUntilCaught(experiment: SamplingExperiment): Survival {
  const { sampleRate, lieRate, colluders, cheats, maxAnswers, seed } = experiment;
  const random = new Streams(seed).stream('sampling');
  const durations = Array.from({ length: cheats }, (): Duration => {
    for (let answers = 1; answers <= maxAnswers; answers += 1) {
      const isCaught =
        random.next() < lieRate && random.next() < sampleRate && random.next() >= colluders;
      if (isCaught) return { timeMs: answers, observed: true };
    }
    return { timeMs: maxAnswers, observed: false };
  });
  return kaplanMeier(durations);
}
