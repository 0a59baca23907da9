/**
 * The form of a testnet file. Descriptions here are what editors show (`lab schema`) and what the
 * manual repeats; meaning across fields (known regions, known attacks) is checked in `meaning.ts`.
 */
import { z } from 'zod';
import { DEFAULT_PARAMETERS, PAPER_POW } from '../../node/parameters.ts';

/** A region's subnet is one of 16 that the address plan deals out. */
export const MAX_REGIONS = 16;
/** A million peers and their clients, in the simulator; lab/doctor/capacity.ts says how many processes. */
export const MAX_MEMBERS = 1_001_000;
/** More are named by their group. */
const MAX_TARGETS = 1000;
/** More steps than anyone writes by hand; each costs the timeline a timer. */
const MAX_STEPS = 200;
/** A network that still works after ten days is worth a test; a month is the longest run. */
const MAX_DURATION_MS = 31 * 24 * 3600 * 1000;
/** Beyond a minute a datagram is lost, not late. */
const MAX_DELAY_MS = 60_000;
/** A tenth: no quartz is a thousandth as bad, and leases still outlive it. */
const MAX_DRIFT_PPM = 100_000;
/** Rates per client are per process: beyond this the host, not the network, is measured. */
const MAX_RATE_PER_SECOND = 10_000;

/** A closed object whose error for unknown keys lists the allowed ones (read by `explain.ts`). */
export function closed<T extends z.core.$ZodLooseShape>(shape: T, description: string) {
  return z
    .strictObject(shape, {
      error: (issue) =>
        issue.code === 'unrecognized_keys' ? Object.keys(shape).join(', ') : undefined,
    })
    .describe(description);
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** A name as testnets, groups and regions have. */
export const nameOf = (what: string) =>
  z
    .string()
    .max(32)
    .regex(NAME, { error: 'a name of lowercase letters, digits and single hyphens' })
    .describe(what);
const probability = (what: string) => z.number().min(0).max(1).describe(what);
/** A whole number in a range. */
export const count = (min: number, max: number, what: string) =>
  z.int().min(min).max(max).describe(what);
const number = (min: number, max: number, what: string) =>
  z.number().min(min).max(max).describe(what);
const timeMs = (what: string) => number(0, MAX_DURATION_MS, what);
/** Zero would mean "at once over", a mistake. */
const spanMs = (what: string) => number(1, MAX_DURATION_MS, what);

const profileFields = {
  delayMs: number(0, MAX_DELAY_MS, 'One-way delay, ms.').optional(),
  jitterMs: number(0, MAX_DELAY_MS, 'Spread of the delay, ms; at most the delay.').optional(),
  distribution: z
    .enum(['uniform', 'normal', 'pareto'])
    .describe('How the delay spreads.')
    .optional(),
  correlation: probability('Correlation of successive delays, 0 to 1.').optional(),
  loss: probability('Probability that a datagram is lost, independently of others.').optional(),
  burst: closed(
    {
      enter: probability('P(good → bad) per datagram.'),
      leave: probability('P(bad → good) per datagram.'),
      lossBad: probability('Loss in the bad state.'),
      lossGood: probability('Loss in the good state.'),
    },
    'Gilbert–Elliott burst loss, instead of independent loss.',
  ).optional(),
  duplicate: probability('Probability that a datagram arrives twice.').optional(),
  reorder: probability('Probability that a datagram overtakes the delay.').optional(),
  rateBitsPerSecond: number(0, 1e11, 'Bits per second; 0 is unlimited.').optional(),
};

const region = nameOf('Name of a region.');
const regionPair = z.tuple([region, region]).describe('Two regions.');

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

const when = {
  atMs: timeMs('Start, ms after the load starts.'),
  forMs: spanMs('Length, ms; until cleared when absent.').optional(),
};
const targets = z
  .array(nameOf('A member (honest-03) or a group.'))
  .min(1)
  .max(MAX_TARGETS)
  .describe('Members or groups.');

const direction = z
  .enum(['both', 'forward'])
  .describe('forward: only from the first region to the second.')
  .default('both');

/** The kinds of fault; a test holds them to the union below. */
export const FAULT_KINDS = [
  'partition',
  'link',
  'pause',
  'kill',
  'restart',
  'restore',
  'clock',
  'drift',
  'clog',
  'torn',
] as const;

export const faultSchema = z
  .discriminatedUnion('kind', [
    closed(
      {
        kind: z.literal('partition'),
        ...when,
        between: regionPair,
        direction,
      },
      'Nothing passes between two regions.',
    ),
    closed(
      {
        kind: z.literal('link'),
        ...when,
        between: regionPair,
        change: closed(profileFields, 'Fields that change, in both directions.'),
      },
      'A link profile changes.',
    ),
    closed({ kind: z.literal('pause'), ...when, members: targets }, 'Processes stand still.'),
    closed({ kind: z.literal('kill'), ...when, members: targets }, 'Processes are killed.'),
    closed({ kind: z.literal('restart'), ...when, members: targets }, 'Stopped and started again.'),
    closed(
      { kind: z.literal('restore'), ...when, members: targets },
      'Their disks are copied now; at the end they are killed and started from the copy.',
    ),
    closed(
      {
        kind: z.literal('clock'),
        ...when,
        members: targets,
        skewMs: number(-MAX_DURATION_MS, MAX_DURATION_MS, 'Their clocks’ error, ms.'),
      },
      'Clocks go wrong.',
    ),
    closed(
      {
        kind: z.literal('drift'),
        ...when,
        members: targets,
        ppm: number(-MAX_DRIFT_PPM, MAX_DRIFT_PPM, 'How fast their clocks run, millionths.'),
      },
      'Clocks and timers run too fast or too slow; at the end clocks are set right.',
    ),
    closed(
      {
        kind: z.literal('clog'),
        ...when,
        forMs: spanMs('Length, ms.'),
        between: regionPair,
        direction,
      },
      'What one region sends to the other is held, and all of it goes on at the end; simulated runs only.',
    ),
    closed(
      { kind: z.literal('torn'), ...when, members: targets },
      'They die while they write: the next turn’s writes and datagrams are lost; simulated runs only.',
    ),
  ])
  .describe('Something that breaks by itself.');

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
