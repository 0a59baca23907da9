/**
 * X1: how long a coalition of 26 stays together when its members are swapped every 30 minutes: the
 * paper's formula worked out, and the same by chance, also when colluders come back in.
 */
import { Streams, type Random } from '../../simulator/random.ts';
import type { ExperimentOptions, Measured } from '../claim.ts';
import { exact, quantileOf } from '../estimate.ts';

const MEMBERS = 26;
const SWAP_MINUTES = 30;
const INTACT = 0.05;
/** PROTOCOL.md 5: half more or less. */
const SPREAD = 0.5;
const TRIALS = { quick: 400, full: 4000 };
/** A place may be taken so often within one trial; more means that nothing ever breaks the coalition. */
const MOST_SWAPS = 100_000;

/** When one place is swapped, in minutes: the first time from now on, and after a swap the next time. */
export interface Swaps {
  first(random: Random): number;
  next(random: Random): number;
}

const exponential = (random: Random) => -SWAP_MINUTES * Math.log(1 - random.next());
/** As in the paper: at a constant rate, which has no memory. */
const CONSTANT_RATE: Swaps = { first: exponential, next: exponential };

const uniform = (random: Random) => SWAP_MINUTES * (1 + SPREAD * (2 * random.next() - 1));
/** As our peers do it. One looks in at a long interval more often, and anywhere within it. */
const AS_OUR_PEERS: Swaps = {
  first(random) {
    for (;;) {
      const interval = uniform(random);
      const isMet = random.next() * SWAP_MINUTES * (1 + SPREAD) < interval;
      if (isMet) return interval * random.next();
    }
  },
  next: uniform,
};

export function attackWindow(options: ExperimentOptions, swaps: Swaps = CONSTANT_RATE): Measured {
  const streams = new Streams(options.seed);
  const trials = options.quick ? TRIALS.quick : TRIALS.full;
  const hoursOf = (name: string, its: Swaps, share: number) => {
    const random = streams.stream('X1', name);
    const windows = Array.from({ length: trials }, () => together(random, its, share) / 60);
    return quantileOf(windows, 1 - INTACT, 'coalitions simulated');
  };
  const formula = Math.log(INTACT) / (-MEMBERS / SWAP_MINUTES) / 60;
  const simulated = hoursOf('rate', swaps, 0);
  const told = ({ value, interval: [lo, hi] }: typeof simulated) =>
    `${(60 * value).toFixed(1)} min (${(60 * lo).toFixed(1)}–${(60 * hi).toFixed(1)})`;
  return {
    figures: {
      'window by the formula': exact(formula, 1, 'evaluation'),
      'window simulated': simulated,
    },
    beside: [
      {
        name: 'swaps every 30 min ± 50 %, as our peers do',
        value: told(hoursOf('uniform', AS_OUR_PEERS, 0)),
      },
      ...[0.1, 0.5, 0.9].map((share) => ({
        name: `a place left goes to a colluder again in ${100 * share} %`,
        value: told(hoursOf(`again ${share}`, swaps, share)),
      })),
    ],
    conditions: [
      `${MEMBERS} colluders, each swapped once in ${SWAP_MINUTES} min in the mean, independently; window: all of them together with probability ${INTACT}`,
      'swapping changes whom a peer asks, not who votes: membership of a neighbourhood is in the ledger and is not swapped at all',
    ],
  };
}

/** Minutes until one of them is gone for good. */
function together(random: Random, swaps: Swaps, backShare: number): number {
  let first = Number.POSITIVE_INFINITY;
  for (let member = 0; member < MEMBERS; member += 1) {
    let minutes = swaps.first(random);
    for (let swap = 0; swap < MOST_SWAPS && random.next() < backShare; swap += 1) {
      minutes += swaps.next(random);
    }
    first = Math.min(first, minutes);
  }
  return first;
}
