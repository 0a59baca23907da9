/**
 * F4: what share of peers may vote for thefts, before anybody else votes, until one is committed: in
 * simulated networks of twenty, under the papers' rule and under the quorum.
 */
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

const PEERS = 20;
const RUNS = { quick: 2, full: 5 };
/** Adversaries of twenty: 10 and 15 % as they are, 45 % once liars are isolated. */
const CELLS = [
  { rule: 'net', adversaries: 2 },
  { rule: 'net', adversaries: 3 },
  { rule: 'net', adversaries: 9 },
  { rule: 'quorum', adversaries: 3 },
  { rule: 'quorum', adversaries: 9 },
] as const;

export async function tolerance(
  options: ExperimentOptions,
  simulate: Simulate = simulateWith(options),
): Promise<Measured> {
  const { seed, quick } = options;
  const seeds = seedsFrom(seed, quick ? RUNS.quick : RUNS.full);
  const cells = CELLS.map(
    ({ rule, adversaries }): Cell => ({
      testnet: 'lab/claims/networks/twenty.yaml',
      settings: [
        `protocol.commitRule=${rule}`,
        `peers.honest.count=${PEERS - adversaries}`,
        `peers.liars.count=${adversaries}`,
        'attacks.0.knobs.strike=vote-first',
      ],
      seeds,
    }),
  );
  const found = await simulate(cells);
  const at = CELLS.map(({ rule, adversaries }, index) => {
    const name = `at ${(100 * adversaries) / PEERS} %, ${rule} rule`;
    return { name, runs: found[index] ?? [] };
  });
  return {
    figures: Object.fromEntries(
      at.flatMap(({ name, runs }) => [
        [`runs with a theft or double spend ${name}`, violated(runs)],
        [`runs that commit nine of ten ${name}`, committed(runs)],
      ]),
    ),
    beside: at.map(({ name, runs }) => ({
      name: `stolen or spent twice ${name}`,
      value: runs.map(({ result: { attacks } }) => String(harm(attacks[0]?.success))).join(', '),
    })),
    conditions: [
      `${PEERS} peers, k = 8, 2–20 ms links, a simulated 12 s with 5 transactions a second; shares are of the network, a neighbourhood may hold more`,
      'attack: adversaries vote for transfers that no owner signed before anybody else votes; nobody is isolated within so short a time, which the papers’ 40–45 % lives from',
      '48 % is measured at 9 of 20 (45 %): the nearest below',
      `per run: ${cellCommand(cells[0] ?? { testnet: '', settings: [], seeds })}`,
    ],
  };
}

function harm(success: Readonly<Record<string, unknown>> | undefined): number {
  return Number(success?.['stolen'] ?? 0) + Number(success?.['spentTwice'] ?? 0);
}

function violated(runs: readonly Run[]): Estimate {
  const hit = runs.filter(({ result: { attacks, transactions } }) => {
    return transactions.safetyViolations > 0 || harm(attacks[0]?.success) > 0;
  });
  return share(hit.length, runs.length, 'runs');
}

/** A run counts as alive when it commits this share of what honest clients submitted. */
const ALIVE = 0.9;

function committed(runs: readonly Run[]): Estimate {
  const alive = runs.filter(({ result: { transactions } }) => {
    return transactions.committed >= ALIVE * transactions.submitted;
  });
  return share(alive.length, runs.length, 'runs');
}
