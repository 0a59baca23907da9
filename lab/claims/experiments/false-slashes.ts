/**
 * L1: are honest peers slashed? Networks of honest peers alone under clock skew, restored disks,
 * partition, kills and pauses, by either conflict rule.
 */
import { upperOfNone } from '../../analysis/statistics.ts';
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

const TESTNET = 'testnets/rough.yaml';
const RUNS = { quick: 1, full: 6 };
const RULES = ['chain', 'paper'] as const;

export async function falseSlashes(
  options: ExperimentOptions,
  simulate: Simulate = simulateWith(options),
): Promise<Measured> {
  const { seed, quick } = options;
  const seeds = seedsFrom(seed, quick ? RUNS.quick : RUNS.full);
  const cells = RULES.map(
    (rule): Cell => ({ testnet: TESTNET, settings: [`protocol.conflictRule=${rule}`], seeds }),
  );
  const [chain = [], paper = []] = await simulate(cells);
  const bound = ({ value, n }: Estimate) =>
    value > 0 ? 'some were slashed' : `at most ${(100 * (upperOfNone(n) ?? 1)).toFixed(1)} %`;
  return {
    figures: {
      'honest peers slashed, chain rule': slashed(chain),
      'honest peers slashed, paper rule': slashed(paper),
    },
    beside: [
      { name: 'rule of three, chain', value: bound(slashed(chain)) },
      { name: 'rule of three, paper', value: bound(slashed(paper)) },
      {
        name: 'transactions committed in those runs',
        value: [...chain, ...paper].map(({ result }) => result.transactions.committed).join(', '),
      },
    ],
    conditions: [
      `${TESTNET}: 14 honest peers, clocks 2 s off either way, a disk restored twice, a partition of 5 s, two killed, one paused, 1–3 % loss, a simulated 45 s`,
      'nobody frames anybody: what an adversary can do with true answers of honest peers is the row of the evidence forger',
      'the bound is per peer and run under these faults; peers of one run are taken as independent',
      `per run: ${cellCommand(cells[0] ?? { testnet: TESTNET, settings: [], seeds })}`,
    ],
  };
}

function slashed(runs: readonly Run[]): Estimate {
  const sum = (of: (run: Run) => number) => runs.reduce((total, run) => total + of(run), 0);
  const peers = sum(({ result }) => result.peers.honest);
  return share(
    sum(({ result }) => result.detection.falseSlashes),
    peers,
    'honest peers times runs',
  );
}
