/**
 * E1: what it takes to capture a neighbourhood: how many of its members decide for it, by the peer's
 * own commit rules, and whether so many identities minted near it are among the nearest, by the
 * peer's own membership; the exact probability stands beside.
 */
import { captureProbability, identitiesNeeded } from '../../../attacks/kit/capture.ts';
import { type Id, idFromBytes } from '../../../node/id.ts';
import { Membership, type Member } from '../../../node/ledger/membership.ts';
import { Roster } from '../../../node/ledger/roster.ts';
import { passes, type Tally } from '../../../node/voting/rules.ts';
import { type Random, Streams } from '../../simulator/random.ts';
import type { ExperimentOptions, Measured } from '../claim.ts';
import { exact, share } from '../estimate.ts';
import { Speaker } from '../speaker.ts';

/** Whitepaper 9.2.1: 20 neighbourhoods of 50. */
const HONEST = 1000;
const K = 50;
const CAPTORS = 26;
/** consensus-performance 11.9. */
const LARGE_K = 60;
/** One neighbourhood's share of the ring, to both sides of the point. */
const REACH = K / HONEST / 2;
const TRIALS = { quick: 100, full: 4000 };
/** Points asked for in each network drawn: more would overlap. */
const PER_NETWORK = 10;

type Passes = typeof passes;

/** `rule`: the peer's commit rules, or what a test puts in their place. */
export function capture(options: ExperimentOptions, rule: Passes = passes): Measured {
  const trials = options.quick ? TRIALS.quick : TRIALS.full;
  const terms = { honest: HONEST, k: K, m: CAPTORS, reach: REACH };
  const random = new Streams(options.seed).stream('E1');
  const needed = identitiesNeeded(terms, 0.5) ?? 0;
  const even = captured(random, trials, needed);
  const text = (value: number) => value.toPrecision(3);
  const of = 'neighbourhood';
  return {
    figures: {
      'chance that 26 identities minted near it hold 26 of the 50': captured(
        random,
        trials,
        CAPTORS,
      ),
      'identities for an even chance of 26 of the 50': exact(needed, 1, 'exact formula'),
      'of 50 that decide, net rule, all honest votes first': exact(
        fewest(K, (m) => rule('net', tally(K, m, K - m))),
        1,
        of,
      ),
      'of 50 that decide, net rule, their own votes first': exact(
        fewest(K, (m) => rule('net', tally(K, m, 0))),
        1,
        of,
      ),
      'of 50 that decide, quorum': exact(
        // Whoever says "passed" is counted as one that saw the whole of it.
        fewest(K, (m) => rule('quorum', { ...tally(K, m, 0), committed: m })),
        1,
        of,
      ),
      'of 60 that stop a token, quorum': exact(
        fewest(LARGE_K, (m) => !rule('quorum', tally(LARGE_K, LARGE_K - m, m))),
        1,
        of,
      ),
    },
    beside: [
      {
        name: 'exact chance of 26 minted near it',
        value: text(captureProbability({ ...terms, attackers: CAPTORS })),
      },
      {
        name: `exact chance at ${needed}, and as drawn`,
        value: `${text(captureProbability({ ...terms, attackers: needed }))}, ${text(even.value)} (${text(even.interval[0])}–${text(even.interval[1])})`,
      },
      {
        name: 'identities for 95 %',
        value: String(identitiesNeeded(terms, 0.95) ?? 'more than a million'),
      },
      {
        name: 'of 50 that decide by quorum with votes alone',
        value: String(fewest(K, (m) => rule('quorum', tally(K, m, 0)))),
      },
    ],
    conditions: [
      `${HONEST} honest members uniform on the ring, k = ${K}; the attacker's uniform within one neighbourhood's width about the point`,
      'nearest by ring distance, all counted; networks drawn anew for every ten points',
      'quorum: more than 2/3, or more than liars could be saying that they saw it pass',
    ],
  };
}

function tally(size: number, valid: number, invalid: number): Tally {
  return { valid, committed: 0, invalid, size };
}

/** The least number from 1 of which it is true; one more than all when of none. */
function fewest(all: number, isEnough: (count: number) => boolean): number {
  for (let count = 1; count <= all; count += 1) if (isEnough(count)) return count;
  return all + 1;
}

/** How often, by the peer's own membership, so many attackers hold CAPTORS of the K nearest. */
function captured(random: Random, trials: number, attackers: number) {
  const { record } = new Speaker(random).identity;
  const endpoint = { ip: '10.0.0.1', port: 4000 };
  const member = (address: Id): Member => ({ address, record, endpoint });
  let [hits, roster] = [0, Roster.of([])];
  for (let trial = 0; trial < trials; trial += 1) {
    if (trial % PER_NETWORK === 0) {
      roster = Roster.of(Array.from({ length: HONEST }, () => member(random.bytes(32).toHex())));
    }
    const point = random.bytes(32).toHex();
    const own = new Set(Array.from({ length: attackers }, () => near(point, random)));
    const membership = new Membership();
    membership.found(roster);
    for (const address of own) membership.add(member(address));
    const held = membership.near(point, K).filter((address) => own.has(address)).length;
    if (held >= CAPTORS) hits += 1;
  }
  return share(hits, trials, 'neighbourhoods drawn');
}

const RING = 1n << 256n;
/** Of the ring, in steps of 2^-48: far finer than members are dense. */
const STEPS = 2 ** 48;

/** An address uniform within REACH of the point. */
function near(point: Id, random: Random): Id {
  const offset = BigInt(Math.round((2 * random.next() - 1) * REACH * STEPS)) * (RING >> 48n);
  const low = BigInt(`0x${random.bytes(26).toHex()}`);
  const at = (BigInt(`0x${point}`) + offset + low + RING) % RING;
  return idFromBytes(Uint8Array.fromHex(at.toString(16).padStart(64, '0')));
}
