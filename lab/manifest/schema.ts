/**
 * The form of a testnet file. Descriptions here are what editors show (`lab schema`) and what the
 * manual repeats; meaning across fields (known regions, known attacks) is checked in `meaning.ts`.
 */
import { z } from 'zod';
import { DEFAULT_PARAMETERS, PAPER_POW } from '../../node/parameters.ts';
import { faultSchema } from './fault-schema.ts';
import {
  closed,
  count,
  MAX_DURATION_MS,
  nameOf,
  number,
  probability,
  profileFields,
  region,
  spanMs,
  timeMs,
} from './fields.ts';

/** A region's subnet is one of 16 that the address plan deals out. */
export const MAX_REGIONS = 16;
/** A million peers and their clients, in the simulator; lab/doctor/capacity.ts says how many processes. */
export const MAX_MEMBERS = 1_001_000;
/** More steps than anyone writes by hand; each costs the timeline a timer. */
const MAX_STEPS = 200;
/** A recorded run has what its operator did by hand, and a console is quick. */
const MAX_ORDERS = 2000;
/** Rates per client are per process: beyond this the host, not the network, is measured. */
const MAX_RATE_PER_SECOND = 10_000;

const link = z.union([
  closed(
    {
      default: closed(profileFields, 'A link profile.'),
    },
    'Profile of every pair not listed, and of what a listed pair leaves out.',
  ),
  closed(
    { from: region, to: region, ...profileFields },
    'Profile of a pair of regions; of one direction only when the other is listed too.',
  ),
]);

const regions = z
  .union([z.literal('even'), z.array(region).min(1).max(MAX_REGIONS)])
  .describe('Regions that the members are dealt to in turn; "even" takes all.');

const peers = closed(
  {
    group: nameOf('Name of the group; its peers are called GROUP-01, GROUP-02, …'),
    count: count(1, MAX_MEMBERS, 'How many peers.'),
    regions: regions.default('even'),
    adversary: nameOf('Folder in attacks/ whose decisions these peers run with.').optional(),
    active: z
      .boolean()
      .describe('Adversarial from the start (true), or a sleeper until an attack starts (false).')
      .optional(),
    asleep: z
      .boolean()
      .describe('Simulator only: each comes into being when it is first reached, and only answers.')
      .optional(),
    joinAtMs: timeMs(
      'Newcomers: unknown to the founders, they are let in this long after the load starts, ms.',
    ).optional(),
    joinOverMs: timeMs(
      'Newcomers that come one by one, at times that the seed draws from so long a time, ms.',
    ).optional(),
  },
  'A group of peers that are alike.',
);

const clients = closed(
  {
    count: count(0, MAX_MEMBERS, 'How many clients; shaped like everyone else.'),
    regions: regions.default('even'),
    queryRatePerSecond: number(
      0,
      MAX_RATE_PER_SECOND,
      'Questions a second, of each client.',
    ).default(1),
    askPeers: count(1, 64, 'How many neighbours each question goes to.').default(3),
  },
  'Who submits transactions and asks for mappings.',
);

const load = closed(
  {
    transactionsPerSecond: number(
      0,
      MAX_RATE_PER_SECOND,
      'For the whole network; each client makes its share, whether or not the network keeps up.',
    ).default(5),
    tokensPerTransaction: z
      .record(z.string(), probability('Probability.'))
      .describe('Probability of each number of tokens, 1 to 6; they sum to 1.')
      .default({ 1: 0.6, 2: 0.3, 3: 0.1 }),
    transferShare: probability('Share of transactions that move a token.').default(0.6),
    destroyShare: probability('Share of transactions that destroy a token.').default(0.05),
    highValueShare: probability('Share of transactions of the high value class.').default(0),
    popularity: closed(
      { zipf: number(0, 4, 'Zipf exponent; 0 is uniform.').default(0.9) },
      'How unevenly tokens are used.',
    ).default({ zipf: 0.9 }),
  },
  'What the clients submit.',
);

/** An enumeration with its default and what it means. */
function rule<const Names extends readonly [string, ...string[]]>(
  names: Names,
  byDefault: Names[number],
  meaning: string,
) {
  return z.enum(names).describe(meaning).default(byDefault);
}

const hours = (least: number, byDefault: number, meaning: string) =>
  z.number().min(least).max(87_600).describe(`${meaning} In paper hours.`).default(byDefault);

const share = (byDefault: number, meaning: string) =>
  z.number().min(0).max(1).describe(meaning).default(byDefault);

const D = DEFAULT_PARAMETERS;

const pow = z
  .union([
    z.literal('paper').transform(() => PAPER_POW),
    closed(
      {
        memoryKiB: count(8, 1_048_576, 'Argon2id memory per attempt, KiB.').default(64),
        passes: count(1, 16, 'Argon2id passes.').default(1),
        bits: count(0, 24, 'Trailing zero bits that an address needs.').default(4),
      },
      'Work that minting an identity takes.',
    ),
  ])
  .describe('Work that minting an identity takes; paper: 64 MiB, 10 passes, 17 bits (hours).')
  .default(D.pow);

const protocol = closed(
  {
    k: count(1, 64, 'Size of a token’s neighbourhood.').default(D.k),
    distance: rule(['ring', 'xor'], D.distance, 'Which members are near a token.'),
    membership: rule(
      ['ledger', 'known'],
      D.membership,
      'ledger: neighbours are those whose identity token is in good standing. known: whom each knows.',
    ),
    topology: rule(
      ['near', 'gradient'],
      D.topology,
      'near: connected to those near. gradient: with probability 0.7 near to 0.1 far, as in the papers.',
    ),
    commitRule: rule(
      ['quorum', 'net'],
      D.commitRule,
      'quorum: over 2/3 vote valid. net: valid − invalid ≥ 2, as in the papers.',
    ),
    voting: rule(
      ['push', 'polled'],
      D.voting,
      'push: votes are sent to all who count them. polled: asked for each round, as in the papers.',
    ),
    votes: rule(
      ['mac', 'signed'],
      D.votes,
      'How a vote proves its origin: mac, by the channel alone. signed: to everyone.',
    ),
    voteExchange: rule(
      ['direct', 'certificates'],
      D.voteExchange,
      'What other neighbourhoods hear: every vote, or certificates of signed ones.',
    ),
    witnesses: rule(
      ['two-of-three', 'every'],
      D.witnesses,
      'Which witness tokens of high values must pass: two of three rounds, or each that the owner chose.',
    ),
    conflictRule: rule(
      ['chain', 'paper'],
      D.conflictRule,
      'Which statements convict. chain: what no honest peer can say. paper: the papers’ rule.',
    ),
    synchronisation: rule(
      ['chain', 'polling'],
      D.synchronisation,
      'How a newcomer catches up: by its neighbours’ chains, or by polling them.',
    ),
    storageChallenge: rule(
      ['responder', 'requester'],
      D.storageChallenge,
      'Whose key enters a storage challenge.',
    ),
    freshness: rule(['on', 'off'], D.freshness, 'Must identities be new when first seen?'),
    difficulty: rule(
      ['fixed', 'adaptive'],
      D.difficulty,
      'Does an identity’s work rise with the estimated size?',
    ),
    swapping: rule(['on', 'off'], D.swapping, 'Are neighbours exchanged from time to time?'),
    crossCheckRate: share(D.crossCheckRate, 'Share of answers checked with somebody else.'),
    forwardProbability: share(D.forwardProbability, 'Share of questions passed on.'),
    batchWindowMs: count(0, 100, 'How long messages to one remote are gathered, ms.').default(
      D.batchWindowMs,
    ),
    pow,
    baseSize: count(1, 1_000_000_000, 'Members at which pow.bits is right.').default(D.baseSize),
    leaseHours: hours(0.01, D.leaseHours, 'Within it members renew their identity tokens.'),
    trustHours: hours(0, D.trustHours, 'From synchronised to counted as a neighbour.'),
    lamppostHours: hours(0.01, D.lamppostHours, 'A lamppost key’s time of use.'),
  },
  'Parameters that every member shares.',
);

const attack = closed(
  {
    name: nameOf('Name of the attack: its folder in attacks/.'),
    atMs: timeMs('Start, ms after the load starts.'),
    forMs: spanMs('Length, ms; to the end of the run when absent.').optional(),
    knobs: z
      .record(z.string(), z.union([z.number(), z.string(), z.boolean()]))
      .describe('Settings that the attack declares (lab attacks lists them).')
      .default({}),
  },
  'An attack that starts by itself.',
);

const knobs = z
  .record(z.string(), z.union([z.number(), z.string(), z.boolean()]))
  .describe('Settings of the attack.')
  .default({});
const orderedAtMs = timeMs('When, ms after the load starts.');
const idOf = (what: string) => z.string().max(80).describe(what);

const order = z
  .union([
    closed({ attack: nameOf('Name of the attack.'), atMs: orderedAtMs, knobs }, 'It starts.'),
    closed(
      {
        steer: idOf('Which attack: NAME-n, counted in the order of all starts.'),
        atMs: orderedAtMs,
        action: z.enum(['stop', 'pause', 'resume', 'set']).describe('What becomes of it.'),
        knobs,
      },
      'An attack that goes on is changed.',
    ),
    closed({ fault: faultSchema }, 'Something breaks.'),
    closed(
      {
        clear: idOf('Which fault: KIND-n, counted in the order of all starts.'),
        atMs: orderedAtMs,
      },
      'A fault ends.',
    ),
  ])
  .describe('What an operator did by hand; the lab writes it, for a run that is to be repeated.');

export const testnetSchema = closed(
  {
    name: nameOf('Name of the testnet; runs are called NAME-xxxxxx.'),
    seed: count(0, 0xffffffff, 'Seed of everything that is drawn.').default(1),
    durationMs: number(1000, MAX_DURATION_MS, 'How long the load runs, ms.'),
    timeScale: number(1, 1_000_000, 'Paper hours per hour of this network.').default(
      DEFAULT_PARAMETERS.timeScale,
    ),
    protocol: protocol.prefault({}),
    regions: z
      .array(closed({ name: region }, 'A region.'))
      .min(1)
      .max(MAX_REGIONS)
      .describe('Where members are; links join regions.'),
    links: z
      .array(link)
      .max(MAX_REGIONS * MAX_REGIONS + 1)
      .describe('Link profiles by pair of regions; symmetric unless both directions are given.')
      .default([]),
    peers: z.array(peers).min(1).max(100).describe('Groups of peers.'),
    clients: clients.prefault({ count: 0 }),
    load: load.prefault({}),
    attacks: z.array(attack).max(MAX_STEPS).describe('Attacks of the timeline.').default([]),
    faults: z.array(faultSchema).max(MAX_STEPS).describe('Faults of the timeline.').default([]),
    orders: z
      .array(order)
      .max(MAX_ORDERS)
      .describe('What an operator did by hand in the run that is repeated.')
      .default([]),
    expect: z
      .array(z.string().max(300))
      .max(MAX_STEPS)
      .describe('PATH OP VALUE over the run’s JSON; a false one makes the exit code 1.')
      .default([]),
    allow: closed(
      {
        shapingOff: z.boolean().describe('Links other than asked.').default(false),
        lowFidelity: z.boolean().describe('A host too busy to be believed.').default(false),
      },
      'What does not void the run (exit code 5).',
    ).prefault({}),
  },
  'A testnet of Minefield Lab.',
);

/** A testnet file in good form, defaults filled in, meaning not yet checked. */
export type Manifest = z.output<typeof testnetSchema>;

/** JSON Schema (2020-12) of a testnet file, for editors. */
export function jsonSchema(): object {
  return z.toJSONSchema(testnetSchema, { io: 'input', target: 'draft-2020-12' });
}
