/**
 * What befalls a network, as data: drawn from a seed, cut down by shrink.ts, played by play.ts, told
 * in words.
 */
import type { ProtocolParameters } from '../../node/parameters.ts';
import { seededRandom } from './network.ts';
import { VARIANTS } from './variants.ts';

/**
 * `safety`: faults to the end, and nothing wrong may ever happen. `liveness`: the faults end, and then
 * what should happen must.
 */
export type Mode = 'safety' | 'liveness';

export const KINDS = [
  'loss',
  'burst',
  'duplicate',
  'reorder',
  'narrow',
  'cut',
  'clog',
  'skew',
  'drift',
  'pause',
  'crash',
  'torn write',
  'unsent',
  'restore',
  'double spend',
  'liar',
] as const;

export type FaultKind = (typeof KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** After the storm's begin. */
  readonly atMs: number;
  /** How long it lasts; of what kills, how long it is down. */
  readonly forMs: number;
  /** Peers by index: those it befalls; senders of a path; who hears of the first of two transfers. */
  readonly who: readonly number[];
  /** Receivers of a path; who hears of the second transfer first. */
  readonly to: readonly number[];
  /**
   * Probability, ms, millionths, bits per second, or tokens that both transfers move: TEXTS says which.
   * Of what kills in the middle of a turn: 0 the next turn, 1 the next one in which it votes `valid`
   * (on what an owner spends twice, if one does).
   */
  readonly amount: number;
}

/** What owners do when a liveness storm is over: send again what is not committed, or nothing any more. */
export type Owners = 'stay' | 'leave';

export interface Schedule {
  readonly seed: number;
  readonly mode: Mode;
  readonly owners: Owners;
  readonly peers: number;
  readonly stormMs: number;
  /** Transactions a second of each of the two clients; half as many questions again. */
  readonly load: number;
  readonly parameters: Partial<ProtocolParameters>;
  readonly faults: readonly Fault[];
}

const PEERS = 12;
const MIN_STORM_MS = 8000;
const MAX_STORM_MS = 16_000;
const MAX_FAULTS = 14;
/** Clocks of peers may be so wrong (node/voting/rules.ts counts on it). */
const MAX_SKEW_MS = 2000;
/** A hundred times as bad as a cheap quartz: a tenth of a second in such a storm. */
const MAX_DRIFT_PPM = 10_000;

const everyone = Array.from({ length: PEERS }, (_, index) => index);
const DEATHS = ['crash', 'torn write', 'unsent'] as const satisfies readonly FaultKind[];
const NETWORK_WIDE: ReadonlySet<FaultKind> = new Set([
  'loss',
  'burst',
  'duplicate',
  'reorder',
  'narrow',
]);

/** Rules that promise safety: `net` is the papers' and is known not to. */
const SAFE_VARIANTS = VARIANTS.filter(({ commitRule }) => commitRule !== 'net');

/** How many of a neighbourhood may lie or lose their memory while one change is under way (rules.ts). */
export function tolerated(k: number): number {
  const quorum = Math.floor((k * 2) / 3) + 1;
  return Math.max(0, 2 * quorum - k - 2);
}

/** What a seed stands for. */
export function draw(seed: number, mode: Mode = seed % 2 === 0 ? 'safety' : 'liveness'): Schedule {
  const random = seededRandom(seed ^ 0x5707);
  const below = (limit: number): number => Math.floor(random() * limit);
  const between = (low: number, high: number): number => low + below(high - low);
  const k = between(5, 9);
  const variant = random() < 0.5 ? {} : (SAFE_VARIANTS[below(SAFE_VARIANTS.length)] ?? {});
  const stormMs = between(MIN_STORM_MS, MAX_STORM_MS);
  // Each disk that is put back and each liar is one of those that a neighbourhood bears.
  const faulty = Array.from({ length: tolerated(k) }, () => below(PEERS));
  // Most storms have a few kinds and much of them: one kind alone finds what a mixture hides.
  const kinds = KINDS.filter(() => random() < 0.5);
  const faults: Fault[] = random() < 0.5 ? disputed(stormMs, random) : [];
  for (let left = between(2, MAX_FAULTS); left > 0; left -= 1) {
    const kind = kinds[below(kinds.length)] ?? 'loss';
    // What happens while something else is not over yet breaks more.
    const other = random() < 0.4 ? faults[below(faults.length)] : undefined;
    const atMs = Math.min(stormMs, other === undefined ? below(stormMs) : other.atMs + below(2000));
    const forMs = Math.min(stormMs - atMs, between(200, 8000));
    const amount = drawnFor(kind, random);
    const befallen = befallenBy(kind, faulty, random);
    if (befallen !== null) faults.push({ kind, atMs, forMs, amount, ...befallen });
  }
  faults.sort((a, b) => a.atMs - b.atMs);
  // Of what a turn writes and says only that of one turn can be torn apart: where messages are gathered
  // first, they leave in a later one.
  const isTight = random() < (faults.some(isAimed) ? 0.6 : 0.1);
  const parameters = { ...variant, k, ...(isTight ? { batchWindowMs: 0 } : {}) };
  // A peer on an old disk is silent so long that what was under vote runs out: its owner is needed.
  const isBorne = !faults.some(({ kind }) => kind === 'restore');
  const owners = isBorne && random() < 0.5 ? 'leave' : 'stay';
  return { seed, mode, owners, peers: PEERS, stormMs, load: below(3), parameters, faults };
}

/** Does it kill whoever votes, in the middle of it? */
function isAimed({ kind, amount }: Fault): boolean {
  return (kind === 'torn write' || kind === 'unsent') && amount === 1;
}

/** An owner that spends twice, and some that die as they vote on it or soon after, before it is settled. */
function disputed(stormMs: number, random: () => number): Fault[] {
  const atMs = Math.floor((random() * stormMs) / 2);
  const kind = DEATHS[Math.floor(random() * DEATHS.length)] ?? 'crash';
  const amount = kind !== 'crash' && random() < 0.7 ? 1 : 0;
  const diesMs = amount === 1 ? atMs : atMs + 200 + Math.floor(random() * 3000);
  const who = everyone.filter(() => random() < 0.4);
  const spend = { kind: 'double spend', atMs, forMs: 1000, amount: 2 } as const;
  return [
    { ...spend, ...(befallenBy('double spend', [], random) ?? { who: [], to: [] }) },
    { kind, atMs: diesMs, forMs: 200 + Math.floor(random() * 1500), who, to: [], amount },
  ];
}

/** Null when this kind may befall nobody. */
function befallenBy(
  kind: FaultKind,
  faulty: readonly number[],
  random: () => number,
): Pick<Fault, 'who' | 'to'> | null {
  const some = (share: number): number[] => everyone.filter(() => random() < share);
  const oneOf = (all: readonly number[]): number[] =>
    all.slice(Math.floor(random() * all.length)).slice(0, 1);
  if (NETWORK_WIDE.has(kind)) return { who: [], to: [] };
  if (kind === 'cut' || kind === 'clog') return { who: some(0.5), to: some(0.5) };
  if (kind === 'double spend') {
    const who = some(0.35 + 0.3 * random());
    return { who, to: everyone.filter((index) => !who.includes(index)) };
  }
  if (kind === 'restore' || kind === 'liar') {
    return faulty.length === 0 ? null : { who: oneOf(faulty), to: [] };
  }
  // Sometimes as when a data centre loses its power.
  return { who: random() < 0.15 ? some(0.7) : oneOf(everyone), to: [] };
}

function drawnFor(kind: FaultKind, random: () => number): number {
  switch (kind) {
    case 'loss':
      return round(0.05 + random() * 0.4);
    case 'burst':
      return round(0.3 + random() * 0.7);
    case 'narrow':
      return Math.round(100_000 * 20 ** random());
    case 'duplicate':
      return round(0.1 + random() * 0.9);
    case 'reorder':
      return Math.round(20 + random() * 600);
    case 'skew':
      return Math.round((random() * 2 - 1) * MAX_SKEW_MS);
    case 'drift':
      return Math.round((random() * 2 - 1) * MAX_DRIFT_PPM);
    case 'restore':
      return Math.round(random() * 8000);
    case 'double spend':
      return random() < 0.5 ? 1 : 2;
    case 'torn write':
    case 'unsent':
      return random() < 0.3 ? 1 : 0;
    default:
      return 0;
  }
}

function round(share: number): number {
  return Math.round(share * 100) / 100;
}

/** What a fault does, with the meaning of its `amount`; paths and spendings are told below. */
const TEXTS: Readonly<Record<FaultKind, (fault: Fault) => string>> = {
  loss: ({ amount }) => `${Math.round(amount * 100)} % of all datagrams are lost`,
  duplicate: ({ amount }) => `${Math.round(amount * 100)} % of all datagrams arrive twice`,
  reorder: ({ amount }) => `each datagram is up to ${amount} ms later than others`,
  burst: ({ amount }) => `${Math.round(amount * 100)} % of all datagrams are lost now and then`,
  narrow: ({ amount }) => `each path carries ${Math.round(amount / 1000)} kbit/s`,
  cut: () => 'is cut',
  clog: () => 'is clogged',
  skew: ({ amount }) =>
    `has a clock that shows ${seconds(Math.abs(amount))} too ${amount < 0 ? 'little' : 'much'}`,
  drift: ({ amount }) =>
    `has a clock that goes ${Math.abs(amount)} ppm too ${amount < 0 ? 'slow' : 'fast'}`,
  pause: () => 'stands still',
  crash: ({ forMs }) => `is killed and back ${seconds(forMs)} later`,
  'torn write': ({ forMs, amount }) =>
    `loses the writes and datagrams of ${turn(amount)}, and is back ${seconds(forMs)} later`,
  unsent: ({ forMs, amount }) =>
    `dies after the writes of ${turn(amount)}, before its datagrams, and is back ${seconds(forMs)} later`,
  restore: ({ amount, forMs }) =>
    `is killed and back ${seconds(forMs)} later, on its disk of ${seconds(amount)} before`,
  'double spend': () => 'spends twice',
  liar: () => 'tells clients of a forged chain',
};

/** The schedule in sentences, one fault a line. */
export function inWords(schedule: Schedule): string {
  const { seed, mode, owners, peers, stormMs, load, parameters, faults } = schedule;
  const left = mode === 'liveness' && owners === 'leave' ? ' whose owners leave' : '';
  const head =
    `${mode}${left}, seed ${seed}: ${peers} peers, ${load} transactions a second of each of 2 clients, ` +
    `storm of ${seconds(stormMs)}, ${JSON.stringify(parameters)}`;
  const lines = faults.map((fault) => `  ${faultInWords(fault)}`);
  return [head, ...(lines.length === 0 ? ['  nothing befalls it'] : lines)].join('\n');
}

function faultInWords(fault: Fault): string {
  const { kind, atMs, forMs, who, to, amount } = fault;
  const when = `at ${seconds(atMs)}`;
  const during = `${when}, for ${seconds(forMs)}`;
  if (kind === 'cut') return `${during}: nothing of ${named(who)} reaches ${named(to)}`;
  if (kind === 'clog') {
    return `${during}: what ${named(who)} sends to ${named(to)} is held and arrives at the end`;
  }
  if (kind === 'double spend') {
    const what = amount === 1 ? 'one of the same tokens' : 'the same tokens';
    return (
      `${when}: an owner signs two transfers of ${what}; ${named(who)} hears the one, ` +
      `${named(to)} the other, from ${seconds(forMs)} later on all hear both again and again`
    );
  }
  const text = TEXTS[kind](fault);
  if (who.length === 0) return `${during}: ${text}`;
  const dies = kind === 'restore' || DEATHS.some((death) => death === kind);
  return `${dies ? when : during}: ${each(who)} ${text}`;
}

function turn(amount: number): string {
  return amount === 1 ? 'the next turn in which it votes' : 'its next turn';
}

function named(indexes: readonly number[]): string {
  if (indexes.length === 0) return 'nobody';
  return `${indexes.length === 1 ? 'peer' : 'peers'} ${indexes.join(', ')}`;
}

function each(indexes: readonly number[]): string {
  return indexes.length === 1 ? named(indexes) : `each of ${named(indexes)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms % 100 === 0 ? 1 : 3)} s`;
}
