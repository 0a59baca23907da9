/** `lab detect RUN…`: network-level detectors over stored runs, and how well they tell who was who. */
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  judgedRun,
  type JudgedDetector,
  type JudgedRun,
  judgeDetectors,
} from '../analysis/detector-judgement.ts';
import { DETECTORS } from '../detectors/report.ts';
import { EXIT, LabError } from '../errors.ts';
import { RUN_FILES } from '../supervisor/api.ts';
import { isAlive, type RunSummary } from '../supervisor/client.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { table } from '../terminal/style.ts';
import { findRun, jsonOption } from './common.ts';

/** Of a hundred honest identities, flagged on the training runs. */
const FALSE_POSITIVES = 0.01;
/** Identities shown of each run. */
const MOST_SUSPECTED = 10;

interface DetectOptions {
  readonly train?: readonly string[];
  readonly falsePositives: number;
  readonly json?: boolean;
}

export function detectCommand(): Command {
  return new Command('detect')
    .description('run network-level detectors over ended runs, and judge them by the truth')
    .argument('<runs...>', 'runs to judge them on, by name or unique prefix')
    .addOption(new Option('--train <runs...>', 'other runs, on which thresholds are chosen'))
    .addOption(
      new Option('--false-positives <share>', 'of honest identities that may be flagged there')
        .argParser(share)
        .default(FALSE_POSITIVES),
    )
    .addOption(jsonOption())
    .action(async (names: readonly string[], options: DetectOptions) => {
      const training = (options.train ?? []).map((name) => findRun(name, false));
      const runs = names.map((name) => findRun(name, false));
      const both = runs.find(({ run }) => training.some((other) => other.run === run));
      if (both !== undefined) {
        throw new LabError(`${both.run} can't be judged by a threshold that was chosen on it`, {
          exitCode: EXIT.badUse,
          remedy: 'name it on one side only',
        });
      }
      const [learnt, judged] = [await readAll(training), await readAll(runs)];
      const detectors = judgeDetectors(learnt, judged, options.falsePositives);
      if (options.json === true) printJson(documentOf(judged, detectors));
      else printLines([...detectorTable(detectors), '', ...judged.flatMap(suspects)]);
    });
}

function share(text: string): number {
  const value = Number(text);
  if (!/^[\d.]+$/.test(text) || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError('Allowed: a share from 0 to 1.');
  }
  return value;
}

/** One after the other: each opens a store of its own. */
async function readAll(runs: readonly RunSummary[]): Promise<readonly JudgedRun[]> {
  const read: JudgedRun[] = [];
  for (const run of runs) read.push(await readRun(run));
  return read;
}

async function readRun(run: RunSummary): Promise<JudgedRun> {
  if (isAlive(run)) {
    throw new LabError(`${run.run} still lives: its store belongs to its supervisor`, {
      exitCode: EXIT.badUse,
      remedy: `npx lab down ${run.run}, or wait until it has ended`,
    });
  }
  const directory = path.join(run.directory, RUN_FILES.telemetry);
  const [{ openStore }, { storeExists }] = await Promise.all([
    import('../telemetry/open.ts'),
    import('../telemetry/place.ts'),
  ]);
  // Opening would make an empty one.
  if (!storeExists(directory)) {
    throw new LabError(`${run.run} ended before it stored anything`, { exitCode: EXIT.badUse });
  }
  const store = await openStore(directory);
  try {
    return await judgedRun(store, run.run);
  } finally {
    await store.close();
  }
}

function documentOf(runs: readonly JudgedRun[], detectors: readonly JudgedDetector[]): object {
  return {
    runs: runs.map(({ run, report }) => ({ run, scores: report.scores, costs: report.costs })),
    detectors,
  };
}

function detectorTable(detectors: readonly JudgedDetector[]): string[] {
  const header = ['detector', 'area (95 %)', 'threshold', 'detected', 'false positives', 'median'];
  const cells = detectors.map(({ detector, area, test, timeToDetection }) => [
    detector,
    area === null ? '-' : `${digits(area.value)} ${interval(area.interval)}`,
    test === null ? '-' : digits(test.threshold),
    rate(test?.detected),
    rate(test?.falsePositives),
    timeToDetection === null ? '-' : duration(timeToDetection.medianMs),
  ]);
  return table(header, cells);
}

function rate(
  one: { value: number | null; interval: readonly [number, number] | null } | undefined,
) {
  if (one?.value === undefined || one.value === null || one.interval === null) return '-';
  return `${digits(one.value)} ${interval(one.interval)}`;
}

function interval([lo, hi]: readonly [number, number]): string {
  return `[${digits(lo)}, ${digits(hi)}]`;
}

function digits(value: number): string {
  return value.toFixed(2);
}

function duration(ms: number | null): string {
  return ms === null ? 'not reached' : `${(ms / 1000).toFixed(1)} s`;
}

/** Whom the detectors suspect most; the truth beside it, which they don't know. */
function suspects({ run, report, guilty }: JudgedRun): string[] {
  const most = report.scores
    .filter(({ score }) => score > 0)
    .sort(
      (a, b) => b.score - a.score || DETECTORS.indexOf(a.detector) - DETECTORS.indexOf(b.detector),
    )
    .slice(0, MOST_SUSPECTED);
  if (most.length === 0) return [`${run}: nobody is suspected`];
  const header = ['suspected', 'by', 'score', 'in truth'];
  const truth = (subject: string): string => {
    const isGuilty = guilty.get(subject);
    if (isGuilty === undefined) return 'unknown';
    return isGuilty ? 'adversary' : 'honest';
  };
  return [
    `${run}:`,
    ...table(
      header,
      most.map(({ subject, detector, score }) => [
        subject.slice(0, 16),
        detector,
        digits(score),
        truth(subject),
      ]),
    ),
  ];
}
