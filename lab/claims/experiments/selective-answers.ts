/**
 * D4: liars that answer truthfully to all but one victim: are they
 * convicted, and was a victim told a lie that nobody contradicted?
 */
import { clusteredRate } from '../../analysis/statistics.ts';
import type { Estimate, ExperimentOptions, Measured } from '../claim.ts';
import { share } from '../estimate.ts';
import {
  type Cell,
  cellCommand,
  type Run,
  seedsFrom,
  type Simulate,
  simulateWith,
} from '../simulated.ts';

const RUNS = { quick: 2, full: 6 };
const SELECTIVE = ['attacks.0.knobs.audience=victims', 'attacks.0.knobs.victims=1'];

/** `also`: settings of all runs, with which a test takes a defence away. */
export async function selectiveAnswers(
  options: ExperimentOptions,
  simulate: Simulate = simulateWith(options),
  also: readonly string[] = [],
): Promise<Measured> {
  const { seed, quick } = options;
  const seeds = seedsFrom(seed, quick ? RUNS.quick : RUNS.full);
  const testnet = 'lab/claims/networks/twenty.yaml';
  const cell = (settings: readonly string[]): Cell => ({
    testnet,
    settings: [...settings, ...also],
    seeds,
  });
  const cells = [cell(SELECTIVE), cell([...SELECTIVE, 'clients.askPeers=1'])];
  const [selective = [], alone = []] = await simulate(cells);
  return {
    figures: {
      'selective liars convicted': convicted(selective),
      'runs in which the victim believed a lie': believed(selective),
      'the same where clients ask one peer alone': believed(alone),
    },
    beside: [
      {
        name: 'selective liars convicted where clients ask one peer',
        value: text(convicted(alone)),
      },
      {
        name: 'lies told selectively, per run',
        value: selective
          .map(({ result }) => String(result.attacks[0]?.success['liesTold']))
          .join(', '),
      },
    ],
    conditions: [
      '20 peers of whom 4 lie to one client of four, k = 8; clients ask three keepers at a time, which the papers do not ask for',
      'conflictRule chain; convicted: an honest party held evidence within a simulated 12 s; liars that told no lie are not counted',
      `per run: ${cellCommand(cells[0] ?? { testnet, settings: [], seeds })}`,
    ],
  };
}

function convicted(runs: readonly Run[]): Estimate {
  const { value, interval, n } = clusteredRate(
    runs.map(({ result: { detection } }) => {
      return { successes: detection.truePositives, n: detection.offenders };
    }),
  );
  if (value === null || interval === null) throw new Error('nobody lied');
  return { value, interval, n, of: 'liars' };
}

function believed(runs: readonly Run[]): Estimate {
  const hit = runs.filter(({ result: { attacks } }) => attacks[0]?.succeeded === true);
  return share(hit.length, runs.length, 'runs');
}

function text({ value, interval: [lo, hi], n }: Estimate): string {
  return `${value.toPrecision(3)} (${lo.toPrecision(2)}–${hi.toPrecision(2)}), ${n} liars`;
}
