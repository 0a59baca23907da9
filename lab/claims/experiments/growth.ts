/**
 * M1: messages per peer and commit in the papers' own scenario (testnets/papers-2000.yaml) with
 * more and more peers, counted as the papers count.
 */
import type { RunResult } from '../../analysis/result.ts';
import { bootstrapInterval } from '../../analysis/statistics.ts';
import { type Random, Streams } from '../../simulator/random.ts';
import type { Estimate, ExperimentOptions, Measured } from '../claim.ts';
import { meanOf } from '../estimate.ts';
import { type Cell, cellCommand, seedsFrom, type Simulate, simulateWith } from '../simulated.ts';

const TESTNET = 'testnets/papers-2000.yaml';
const SIZES = { quick: [250, 500], full: [500, 1000, 2000] };
const RUNS = { quick: 2, full: 2 };
const PAPER_PEERS = 2000;
/** A transaction a second. */
const LOAD_MS = { quick: 4000, full: 8000 };

/** What the papers' simulation has messages for: votes, questions, blocks, answers. */
const COUNTED = new Set([
  'vote',
  'signed-vote',
  'ask-votes',
  'get-transaction',
  'ask-mapping',
  'submit',
  'transaction',
  'statement',
]);

interface Sample {
  readonly peers: number;
  readonly perPeer: number;
}

export async function growth(
  options: ExperimentOptions,
  simulate: Simulate = simulateWith(options),
): Promise<Measured> {
  const { seed, quick } = options;
  const sizes = quick ? SIZES.quick : SIZES.full;
  const seeds = seedsFrom(seed, quick ? RUNS.quick : RUNS.full);
  const cells = sizes.map(
    (peers): Cell => ({
      testnet: TESTNET,
      settings: [`peers.peer.count=${peers}`, `durationMs=${quick ? LOAD_MS.quick : LOAD_MS.full}`],
      seeds,
    }),
  );
  const samples = (await simulate(cells)).map((runs) => runs.map(({ result }) => sampleOf(result)));
  const random = new Streams(seed).stream('M1');
  const at = (peers: number): Estimate | null => {
    const own = samples.flat().filter((sample) => sample.peers === peers);
    return own.length === 0
      ? null
      : meanOf(
          own.map(({ perPeer }) => perPeer),
          'runs',
          random,
        );
  };
  return {
    figures: {
      'exponent of messages per peer and commit over N': exponent(samples, random),
      'messages per peer and commit at 2,000 peers': at(PAPER_PEERS) ?? {
        untested: 'a quick look stops at 500 peers',
      },
      'the same at 40 % connectivity': {
        untested:
          'our gradient topology is bounded by 3 k far neighbours; 800 connections per peer of 2,000 are not built',
      },
    },
    beside: sizes.map((peers) => {
      const { value = 0, interval: [lo, hi] = [0, 0] } = at(peers) ?? {};
      return {
        name: `${peers.toLocaleString('en')} peers`,
        value: `${value.toPrecision(3)} (${lo.toPrecision(3)}–${hi.toPrecision(3)}) per peer, ${Math.round(value * peers)} per commit`,
      };
    }),
    conditions: [
      'the papers’ scenario: net rule, polled votes, gradient, half of the messages a round late, 2 % lost; k = 20, which they leave open',
      'peers sleep until reached; counted: votes, questions, blocks and answers up to the end of the load; handshakes and told commits are not',
      `per run: ${cellCommand(cells.at(-1) ?? { testnet: TESTNET, settings: [], seeds })}`,
    ],
  };
}

function sampleOf({ messages, peers, transactions }: RunResult): Sample {
  const all = peers.honest + peers.adversarial;
  const counted = Object.entries(messages.byType)
    .filter(([type]) => COUNTED.has(type))
    .reduce((sum, [, { count }]) => sum + count, 0);
  return { peers: all, perPeer: counted / Math.max(1, transactions.committed) / all };
}

/** Of a power of N by least squares over runs; 0: independent of N, −1: a fixed number of peers does it all. */
function exponent(samples: readonly (readonly Sample[])[], random: Random): Estimate {
  const all = samples.flat();
  const value = fit(all) ?? 0;
  // Within sizes, so that every resample spans them all.
  const runs = Math.min(...samples.map(({ length }) => length));
  const rounds = Array.from({ length: runs }, (_, at) => samples.flatMap((own) => own[at] ?? []));
  const interval = bootstrapInterval(
    rounds,
    (some) => fit(some.flat()),
    () => random.next(),
  );
  return { value, interval: interval ?? [value, value], n: all.length, of: 'runs' };
}

function fit(samples: readonly Sample[]): number | null {
  const points = samples.map(({ peers, perPeer }) => [Math.log(peers), Math.log(perPeer)] as const);
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(([a]) => a), mean(([, b]) => b)];
  const spread = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return spread === 0 ? null : points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / spread;
}
