/**
 * D1: how many Sybils are flagged as they register and as they synchronise, by detectors that don't
 * know who is who, and how many liars are convicted once they lie; false positives beside each.
 */
import {
  type JudgedRun,
  judgeDetectors,
  type JudgedDetector,
} from '../../analysis/detector-judgement.ts';
import { clusteredRate } from '../../analysis/statistics.ts';
import type { Share } from '../../analysis/roc.ts';
import { judgementOf } from '../../campaign/rows.ts';
import type { DetectorName } from '../../detectors/report.ts';
import type { Estimate, ExperimentOptions, Measured } from '../claim.ts';
import {
  type Cell,
  cellCommand,
  type Run,
  seedsFrom,
  type Simulate,
  simulateWith,
} from '../simulated.ts';

/** Chosen before anything was measured: the papers' "resource fingerprinting" and "sync pattern". */
const IDENTITY: DetectorName = 'minting-burst';
const SYNCHRONISING: DetectorName = 'synchronisation-pattern';
/** Thresholds are chosen on the first seeds and judged on the others. */
const TRAINING = { quick: 1, full: 2 };
const RUNS = { quick: 2, full: 6 };
/** Of honest newcomers, when the threshold is chosen; the papers give none. */
const FALSE_POSITIVES = 0.1;

export async function detectionPhases(
  options: ExperimentOptions,
  simulate: Simulate = simulateWith(options),
): Promise<Measured> {
  const { seed, quick } = options;
  const seeds = seedsFrom(seed, quick ? RUNS.quick : RUNS.full);
  const cells: readonly Cell[] = [
    { testnet: 'lab/claims/networks/newcomers.yaml', settings: [], seeds },
    { testnet: 'lab/claims/networks/twenty.yaml', settings: [], seeds },
  ];
  const [sybils = [], liars = []] = await simulate(cells);
  const judged = sybils.map(({ observed }) => judgementOf(observed.detectors));
  const training = quick ? TRAINING.quick : TRAINING.full;
  const detectors = judgeDetectors(
    judged.slice(0, training),
    judged.slice(training),
    FALSE_POSITIVES,
  );
  const of = (name: DetectorName) => detectors.find(({ detector }) => detector === name);
  const [identity, synchronising] = [of(IDENTITY), of(SYNCHRONISING)];
  return {
    figures: {
      'Sybils flagged as they register': detected(identity, 'Sybils'),
      'honest newcomers flagged then': flagged(identity),
      'Sybils flagged as they synchronise': detected(synchronising, 'Sybils'),
      'honest newcomers flagged in that': flagged(synchronising),
      'liars convicted in operation': convicted(liars),
      'honest peers convicted in operation': wronged(liars),
    },
    beside: detectors.map(({ detector, area, test }) => ({
      name: detector,
      value: `area under the curve ${area === null ? '–' : `${area.value.toFixed(2)} (${area.interval.map((end) => end.toFixed(2)).join('–')})`}; at its threshold ${percent(test?.detected)} of the guilty, ${percent(test?.falsePositives)} of the innocent`,
    })),
    conditions: [
      `3 Sybils that mint near one point at once, 4 honest newcomers, 10 founders, a simulated 40 s; detectors ${IDENTITY} and ${SYNCHRONISING}, named before measuring`,
      `threshold for at most ${100 * FALSE_POSITIVES} % false positives chosen on ${training} runs (${judged.slice(0, training).reduce(honestNewcomers, 0)} honest newcomers), judged on the other ${judged.length - training}: so few that it may lie far off`,
      'in the lab everybody’s process mints at the launch, honest newcomers too: harder for what looks at minting times',
      'operation: 4 liars of 20 peers that lie to three clients, verdict by evidence (chain rule); liars that told no lie are not counted',
      `per run: ${cellCommand(cells[0] ?? { testnet: '', settings: [], seeds })}`,
    ],
  };
}

function honestNewcomers(sum: number, { newcomers, guilty }: JudgedRun): number {
  return sum + newcomers.filter((address) => guilty.get(address) === false).length;
}

type Found = Estimate | { readonly untested: string };

function detected(judged: JudgedDetector | undefined, of: string): Found {
  return estimateOf(judged?.test?.detected, of);
}

function flagged(judged: JudgedDetector | undefined): Found {
  return estimateOf(judged?.test?.falsePositives, 'honest newcomers');
}

function convicted(runs: readonly Run[]): Found {
  const rate = clusteredRate(
    runs.map(({ result: { detection } }) => {
      return { successes: detection.truePositives, n: detection.offenders };
    }),
  );
  return estimateOf(rate, 'liars');
}

function wronged(runs: readonly Run[]): Found {
  const rate = clusteredRate(
    runs.map(({ result: { detection, peers } }) => {
      return { successes: detection.falseSlashes, n: peers.honest };
    }),
  );
  return estimateOf(rate, 'honest peers');
}

function estimateOf(rate: Share | undefined, of: string): Found {
  if (rate === undefined || rate.value === null || rate.interval === null) {
    return { untested: `no ${of} in the runs` };
  }
  return { value: rate.value, interval: rate.interval, n: rate.n, of };
}

function percent(rate: Share | undefined): string {
  return rate === undefined || rate.value === null ? '–' : `${Math.round(100 * rate.value)} %`;
}
