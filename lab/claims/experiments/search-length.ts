/**
 * P2: how far the search for ten signature tokens goes, by the code with which the peer answers a
 * storage challenge, over random subsets of one universe of tokens.
 */
import { type Id, ZERO_ID } from '../../../node/id.ts';
import {
  answerChallenge,
  CHUNK_BITS,
  CHUNKS,
  NONCE_BYTES,
  position,
} from '../../../node/ledger/storage-proof.ts';
import { type Random, Streams } from '../../simulator/random.ts';
import type { Estimate, ExperimentOptions, Measured } from '../claim.ts';
import { meanOf } from '../estimate.ts';

/** The paper's figures are for this many. */
const TOKENS = 200_000;
const DENSITIES = [0.99, 0.8, 0.5] as const;
const CHALLENGES = { quick: 60, full: 2000 };

type Answer = typeof answerChallenge;

/** `answer`: the peer's function, or what a test puts in its place. */
export function searchLength(
  options: ExperimentOptions,
  answer: Answer = answerChallenge,
): Measured {
  const streams = new Streams(options.seed);
  const random = streams.stream('P2');
  const universe = Array.from({ length: TOKENS }, () => random.bytes(32).toHex()).sort();
  const count = options.quick ? CHALLENGES.quick : CHALLENGES.full;
  const figures: Record<string, Estimate> = {};
  const beside: { readonly name: string; readonly value: string }[] = [];
  for (const density of DENSITIES) {
    const stored = universe.filter(() => random.next() < density);
    const searches = Array.from({ length: count }, () => search(stored, universe, random, answer));
    const of = 'challenges';
    const at = `at ${100 * density} %`;
    const steps = searches.map((found) => found.steps);
    const spans = searches.map((found) => found.span);
    figures[`stored tokens looked at, ${at}`] = meanOf(steps, of, random);
    figures[`tokens of the universe passed, ${at}`] = meanOf(spans, of, random);
    const expected = CHUNKS * 2 ** CHUNK_BITS;
    const complete = searches.filter(({ isComplete }) => isComplete).length;
    beside.push({
      name: `expected ${at}`,
      value: `${expected.toLocaleString('en')} looked at, ${Math.round(expected / density).toLocaleString('en')} passed; complete answers ${complete} of ${count}`,
    });
  }
  return {
    figures,
    beside,
    conditions: [
      `${TOKENS.toLocaleString('en')} tokens, each stored with the stated probability; ten chunks of ${CHUNK_BITS} bits, five above and five below`,
      'a search that passes 8,192 tokens for one chunk is given up, as the peer does',
    ],
  };
}

interface Search {
  readonly steps: number;
  /** Tokens of the universe between the challenged token and each found one, added up. */
  readonly span: number;
  readonly isComplete: boolean;
}

function search(
  stored: readonly Id[],
  universe: readonly Id[],
  random: Random,
  answer: Answer,
): Search {
  const token = stored[Math.floor(random.next() * stored.length)] ?? ZERO_ID;
  const key = random.bytes(32).toHex();
  const nonce = random.bytes(NONCE_BYTES);
  const challenge = { key, token, tx: random.bytes(32).toHex(), nonce, bits: CHUNK_BITS };
  const { tokens, steps } = answer(stored, challenge);
  const start = position(universe, token);
  const spans = tokens.map((found, chunk) => {
    if (found === null) return 0;
    const ahead = position(universe, found) - start;
    const distance = chunk < CHUNKS / 2 ? ahead : -ahead;
    return (distance + universe.length) % universe.length;
  });
  const span = spans.reduce((sum, passed) => sum + passed, 0);
  return { steps, span, isComplete: tokens.every((found) => found !== null) };
}
