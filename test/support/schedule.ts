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
  'duplicate',
  'reorder',
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

/** Drawn more often than others: most rules are about who owns what. */
const DISPUTED = ['double spend', 'double spend', 'crash'] as const satisfies readonly FaultKind[];

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
  /** Probability, ms, millionths, or tokens that both transfers move: `amountText` says which. */
  readonly amount: number;
}

export interface Schedule {
  readonly seed: number;
  readonly mode: Mode;
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

/** Rules that promise safety: `net` is the papers' and is known not to. */
const SAFE_VARIANTS = VARIANTS.filter(({ commitRule }) => commitRule !== 'net');

/** How many of a neighbourhood may lie or lose their memory while one change is under way (rules.ts). */
export function tolerated(k: number): number {
  const quorum = Math.floor((k * 2) / 3) + 1;
  return Math.max(0, 2 * quorum - k - 2);
}

export function draw(seed: number, mode: Mode = seed % 2 === 0 ? 'safety' : 'liveness'): Schedule {
  const random = seededRandom(seed ^ 0x5707);
  const below = (limit: number): number => Math.floor(random() * limit);
  const between = (low: number, high: number): number => low + below(high - low);
  const k = between(5, 9);
  const variant = random() < 0.5 ? {} : (SAFE_VARIANTS[below(SAFE_VARIANTS.length)] ?? {});
  const stormMs = between(MIN_STORM_MS, MAX_STORM_MS);
  // Each disk that is put back and each liar is one of those that a neighbourhood bears.
  const faulty = Array.from({ length: tolerated(k) }, () => below(PEERS));
  const everyone = Array.from({ length: PEERS }, (_, index) => index);
  const some = (share: number): number[] => everyone.filter(() => random() < share);
  // Most storms have a few kinds and much of them: one kind alone finds what a mixture hides.
  const kinds = [...KINDS, ...DISPUTED].filter(() => random() < 0.5);
  const faults: Fault[] = [];
  for (let left = between(2, MAX_FAULTS); left > 0; left -= 1) {
    const kind = kinds[below(kinds.length)] ?? 'loss';
    // What happens while something else is not over yet breaks more.
    const other = random() < 0.4 ? faults[below(faults.length)] : undefined;
    const atMs = Math.min(stormMs, other === undefined ? below(stormMs) : other.atMs + below(2000));
    const forMs = Math.min(stormMs - atMs, between(200, kind === 'double spend' ? 3000 : 8000));
    const fault = { kind, atMs, forMs };
    const one = [below(PEERS)];
    const [bad] = faulty.length === 0 ? [] : [faulty[below(faulty.length)] ?? 0];
    const drawn = drawnFor(kind, random);
    if (kind === 'restore' || kind === 'liar') {
      if (bad !== undefined) faults.push({ ...fault, who: [bad], to: [], amount: drawn });
    } else if (kind === 'cut' || kind === 'clog') {
      faults.push({ ...fault, who: some(0.5), to: some(0.5), amount: drawn });
    } else if (kind === 'double spend') {
      const who = some(0.25 + random() / 2);
      const to = everyone.filter((index) => !who.includes(index));
      faults.push({ ...fault, who, to, amount: drawn });
    } else if (kind === 'loss' || kind === 'duplicate' || kind === 'reorder') {
      faults.push({ ...fault, who: [], to: [], amount: drawn });
    } else {
      // Sometimes as when a data centre loses its power.
      const who = random() < 0.15 ? some(0.7) : one;
      faults.push({ ...fault, who, to: [], amount: drawn });
    }
  }
  faults.sort((a, b) => a.atMs - b.atMs);
  const parameters = { ...variant, k };
  return { seed, mode, peers: PEERS, stormMs, load: below(3), parameters, faults };
}

function drawnFor(kind: FaultKind, random: () => number): number {
  switch (kind) {
    case 'loss':
      return round(0.05 + random() * 0.4);
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
    default:
      return 0;
  }
}

function round(share: number): number {
  return Math.round(share * 100) / 100;
}

/** For people, and for the shrinker: what `amount` of this kind says. */
function amountText({ kind, amount, forMs }: Fault): string {
  switch (kind) {
    case 'loss':
      return `${Math.round(amount * 100)} % of all datagrams are lost`;
    case 'duplicate':
      return `${Math.round(amount * 100)} % of all datagrams arrive twice`;
    case 'reorder':
      return `each datagram is up to ${amount} ms later than others`;
    case 'skew':
      return `the clock shows ${seconds(Math.abs(amount))} too ${amount < 0 ? 'little' : 'much'}`;
    case 'drift':
      return `the clock goes ${Math.abs(amount)} ppm too ${amount < 0 ? 'slow' : 'fast'}`;
    case 'pause':
      return 'stands still';
    case 'crash':
      return `is killed and back ${seconds(forMs)} later`;
    case 'torn write':
      return `loses its next turn's writes and datagrams, and is back ${seconds(forMs)} later`;
    case 'unsent':
      return `dies after its next turn's writes, before its datagrams, and is back ${seconds(forMs)} later`;
    case 'restore':
      return `is killed and back ${seconds(forMs)} later, on its disk of ${seconds(amount)} before`;
    case 'liar':
      return 'tells clients of a forged chain';
    case 'cut':
    case 'clog':
    case 'double spend':
      return '';
  }
}

/** The schedule in sentences, one fault a line. */
export function inWords(schedule: Schedule): string {
  const { seed, mode, peers, stormMs, load, parameters, faults } = schedule;
  const head =
    `${mode}, seed ${seed}: ${peers} peers, ${load} transactions a second of each of 2 clients, ` +
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
  const text = amountText(fault);
  if (who.length === 0) return `${during}: ${text}`;
  const dies = ['crash', 'torn write', 'unsent', 'restore'].includes(kind);
  return `${dies ? when : during}: ${named(who)} ${text}`;
}

function named(indexes: readonly number[]): string {
  if (indexes.length === 0) return 'nobody';
  return `${indexes.length === 1 ? 'peer' : 'peers'} ${indexes.join(', ')}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms % 100 === 0 ? 1 : 3)} s`;
}
