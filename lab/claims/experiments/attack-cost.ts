/**
 * E2: what the whitepaper's own formula costs at the rate at which this machine evaluates Argon2id,
 * with the difficulty that the peer's own code asks for, and how that grows with the network.
 */
import { argon2id } from '../../../node/crypto/argon2.ts';
import { requiredBits } from '../../../node/identity/difficulty.ts';
import { DEFAULT_PARAMETERS, PAPER_POW } from '../../../node/parameters.ts';
import { USD_PER_CORE_HOUR } from '../../analysis/cost.ts';
import type { Estimate, ExperimentOptions, Measured } from '../claim.ts';
import { exact, quantileOf, scaled } from '../estimate.ts';

/** Whitepaper 9.1, 9.2. */
const IDENTITIES = 26;
const PER_NEIGHBOURHOOD = 50;
const SIZES = [1_000, 10_000, 100_000, 1_000_000] as const;
const PAPER_USD = [130_000, 650_000, 2_500_000, 22_000_000] as const;
const EVALUATIONS = { quick: 3, full: 12 };

/** What is measured, and what a broken lab may put in its place. */
export interface CostInputs {
  /** Seconds of a core that each of some evaluations took. */
  seconds(count: number): readonly number[];
  bits(members: number): number;
}

const MEASURED_INPUTS: CostInputs = {
  seconds: (count) => Array.from({ length: count }, evaluate),
  bits: (members) =>
    requiredBits({ ...DEFAULT_PARAMETERS, pow: PAPER_POW, difficulty: 'adaptive' }, members),
};

/** Processor time of this thread: others' work on the machine does not count. */
function evaluate(): number {
  const { memoryKiB, passes } = PAPER_POW;
  const lanes = { parallelism: 1, length: 32 };
  const input = { password: new Uint8Array(64), salt: new Uint8Array(16), memoryKiB, passes };
  const before = process.threadCpuUsage();
  argon2id({ ...input, ...lanes });
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1e6;
}

export function attackCost(options: ExperimentOptions, inputs = MEASURED_INPUTS): Measured {
  const count = options.quick ? EVALUATIONS.quick : EVALUATIONS.full;
  const rate = quantileOf(inputs.seconds(count), 0.5, 'Argon2id evaluations timed');
  const hours = (members: number) =>
    (IDENTITIES * 2 ** inputs.bits(members) * (members / PER_NEIGHBOURHOOD)) / 3600;
  const usd = (members: number): Estimate =>
    scaled(rate, (seconds) => seconds * hours(members) * USD_PER_CORE_HOUR);
  const logs = SIZES.map((members) => Math.log10(hours(members)));
  const steps = logs.slice(1).map((log, at) => log - (logs[at] ?? 0));
  const growth = (steps.at(-1) ?? 0) / (steps[0] ?? 1);
  return {
    figures: {
      'cost at 1,000 peers': usd(1_000),
      'cost at 1,000,000 peers': usd(1_000_000),
      'growth of the growth': exact(growth, SIZES.length, 'network sizes'),
    },
    beside: [
      { name: 'one evaluation', value: `${rate.value.toFixed(3)} s of a core` },
      {
        name: 'exponent b of N^b',
        value: `${slope(logs).toFixed(2)} by the formula, ${slope(PAPER_USD.map(Math.log10)).toFixed(2)} in the paper’s own dollars`,
      },
      ...SIZES.map((members, at) => ({
        name: `${members.toLocaleString('en')} peers`,
        value: `$${Math.round(usd(members).value).toLocaleString('en')}, paper $${(PAPER_USD[at] ?? 0).toLocaleString('en')}`,
      })),
    ],
    conditions: [
      `Argon2id ${PAPER_POW.memoryKiB / 1024} MiB, ${PAPER_POW.passes} passes, timed on this machine in processor time`,
      `$${USD_PER_CORE_HOUR} per core and hour (METRICS.md), minting alone: the trust period has no price in the paper`,
      `the paper's formula: ${IDENTITIES} identities, ${PER_NEIGHBOURHOOD} peers a neighbourhood; bits by the peer's own rule`,
    ],
  };
}

/** Least squares over decades. */
function slope(logs: readonly number[]): number {
  const middle = (logs.length - 1) / 2;
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const above = logs.reduce((sum, log, at) => sum + (at - middle) * (log - mean), 0);
  return above / logs.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
}
